import { ActionIcon, CopyButton, Tooltip } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { Fragment, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { TextLink } from '../../shell/TextLink';
import { useOwnerName } from './FileList';
import classes from './files.module.css';

/** Everything the catalogue knows of a file; what it has in common with others leads to them. */
export function FileFacts({ file }: { file: CampusFile }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const ownerName = useOwnerName();
  const alike = (search: { category?: string; classification?: string; tag?: string }, text: string) => (
    <TextLink to="/files" search={search} inherit className={classes.tag}>
      {text}
    </TextLink>
  );
  const facts: [string, ReactNode][] = [];
  if (file.state === 'damaged') facts.push([t('files.state'), <strong key="damaged">{t('files.damaged')}</strong>]);
  if (file.description) facts.push([t('files.description'), file.description]);
  facts.push(
    [t('files.fileName'), file.name],
    [t('files.size'), `${formats.bytes(file.size)} (${formats.number(file.size)} B)`],
    [t('files.type'), file.type],
    [t('files.owner'), ownerName(file)],
    [t('files.added'), formats.dateTime(file.created_at)],
    [t('files.visibility'), t(`files.${file.visibility}Long`)],
    [t('files.downloads'), formats.number(file.downloads)],
    [t('files.expires'), file.expires_at === null ? t('files.never') : formats.dateTime(file.expires_at)],
  );
  if (file.category) facts.push([t('files.category'), alike({ category: file.category }, file.category)]);
  if (file.classification) {
    facts.push([t('files.classification'), alike({ classification: file.classification }, file.classification)]);
  }
  if (file.tags.length > 0) {
    facts.push([t('files.tags'), file.tags.map((tag) => <Fragment key={tag}>{alike({ tag }, tag)}</Fragment>)]);
  }
  facts.push([t('files.digest'), <Digest key="digest" sha256={file.sha256} />]);
  return (
    <dl className={classes.facts}>
      {facts.map(([label, value]) => (
        <Fragment key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}

function Digest({ sha256 }: { sha256: string | null }) {
  const { t } = useTranslation();
  if (sha256 === null) return t('files.hashing');
  return (
    <>
      <span className={classes.digest}>{sha256}</span>
      <CopyButton value={sha256}>
        {({ copied, copy }) => (
          <Tooltip label={copied ? t('common.copied') : t('files.copyDigest')}>
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={copied ? t('common.copied') : t('files.copyDigest')}
              onClick={copy}
              ml={4}
              style={{ verticalAlign: 'middle' }}
            >
              {copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
            </ActionIcon>
          </Tooltip>
        )}
      </CopyButton>
    </>
  );
}
