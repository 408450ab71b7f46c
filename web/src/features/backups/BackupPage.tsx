import { Button, Skeleton, Text } from '@mantine/core';
import { IconArchiveOff, IconDownload } from '@tabler/icons-react';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Backup } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import classes from './backup.module.css';
import { downloadFrom, useBackup, useBackupsNews, useMaking } from './backups';
import { unpackLine } from './enrolment';
import { Folder } from './Folder';
import { nodeOf } from './health';
import { Line } from './Line';
import { Rehearsal } from './Rehearsal';
import { useStanding } from './standing';
import { Warnings } from './Warnings';

/** One backup: what it is, whether it was proven, what lies in it, and how to have it back. */
export function BackupPage() {
  const { t } = useTranslation();
  const formats = useFormats();
  const { backup: id } = useParams({ from: '/campus/backups/$backup' });
  const live = useBackupsNews();
  const backup = useBackup(id);
  const standing = useStanding(backup, live);
  const [fetching, setFetching] = useState(false);
  const found = backup.data;
  usePageTitle(found?.path ?? t('nav.backups'));
  const fetchAll = async () => {
    setFetching(true);
    try {
      await downloadFrom(id);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setFetching(false);
  };
  return (
    <>
      <SubNav section="backups" />
      <PageHeader
        title={found?.path ?? t('backups.backup')}
        note={
          found === undefined ? null : (
            <>
              {nodeOf(found)} · {formats.dateTime(found.at)} · <StandingMark standing={standing} />
            </>
          )
        }
      >
        {found?.kept ? (
          <Button
            loading={fetching}
            leftSection={<IconDownload size={18} aria-hidden />}
            onClick={() => void fetchAll()}
          >
            {t('backups.downloadAll', { size: formats.bytes(found.size) })}
          </Button>
        ) : null}
      </PageHeader>
      {found === undefined ? (
        backup.isError ? (
          <div className="panel">
            <Failure error={backup.error} retry={() => void backup.refetch()} />
          </div>
        ) : (
          <div className={classes.page} aria-busy aria-hidden>
            <Skeleton height={360} radius={12} />
            <Skeleton height={280} radius={12} />
          </div>
        )
      ) : (
        <div className={classes.page}>
          {found.kept ? (
            <Folder backup={found} />
          ) : (
            <section className="panel">
              <Blank
                icon={<IconArchiveOff size={40} stroke={1.25} aria-hidden />}
                title={t('backups.droppedTitle')}
                body={t('backups.droppedBody')}
              />
            </section>
          )}
          <Details backup={found} />
        </div>
      )}
    </>
  );
}

function Details({ backup }: { backup: Backup }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const making = useMaking(backup);
  return (
    <section className={`panel ${classes.details}`} aria-labelledby="details-heading">
      <h2 id="details-heading">{t('files.details')}</h2>
      <dl className={classes.facts}>
        <dt>{t('backups.at')}</dt>
        <dd>{formats.dateTime(backup.at)}</dd>
        <dt>{t('backups.entries')}</dt>
        <dd>{formats.number(backup.entries)}</dd>
        <dt>{t('backups.archiveSize')}</dt>
        <dd>{formats.bytes(backup.size)}</dd>
        <dt>{t('backups.contentSize')}</dt>
        <dd>{formats.bytes(backup.content_size)}</dd>
      </dl>
      <Rehearsal backup={backup} />
      <div>
        <h3>{t('backups.warningsTitle')}</h3>
        {backup.warnings === 0 ? (
          <Text size="sm" c="dimmed">
            {t('backups.noWarnings')}
          </Text>
        ) : making.isPending ? (
          <Skeleton height={40} />
        ) : making.data ? (
          <Warnings warnings={making.data.warnings} total={making.data.warnings_total} open />
        ) : (
          <Text size="sm" c="dimmed">
            {t('backups.warnings', { number: formats.number(backup.warnings) })}
          </Text>
        )}
      </div>
      {backup.kept ? (
        <div>
          <h3>{t('backups.elsewhere')}</h3>
          <Line label={t('backups.unpack')} text={unpackLine(window.location.origin, backup.id)} />
          <Text size="xs" c="dimmed" mt={4}>
            {t('backups.unpackHint')}{' '}
            <TextLink to="/account/tokens" size="xs" underline="always">
              {t('nav.tokens')}
            </TextLink>
          </Text>
        </div>
      ) : null}
      <TextLink to="/backups/log" search={{ node: nodeOf(backup), path: backup.path }} size="sm">
        {t('backups.seeLog')}
      </TextLink>
    </section>
  );
}
