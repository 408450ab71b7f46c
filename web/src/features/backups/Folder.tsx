import { Button } from '@mantine/core';
import {
  IconDownload,
  IconFile,
  IconFolder,
  IconFolderOff,
  IconLink,
  IconPipeline,
  IconPlugConnected,
} from '@tabler/icons-react';
import { Link, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Backup, Entry } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { PagedList, RowSkeletons } from '../../shell/PagedList';
import { Blank, failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { downloadFrom, useEntries } from './backups';
import { crumbsOf, fileOf, nameIn } from './folder';
import classes from './folder.module.css';
import { PathText } from './PathText';

const ICONS = {
  file: IconFile,
  folder: IconFolder,
  symlink: IconLink,
  hardlink: IconLink,
  pipe: IconPipeline,
  device: IconPlugConnected,
};

/** What a backup holds, browsed as a folder is. */
export function Folder({ backup }: { backup: Backup }) {
  const { t } = useTranslation();
  const { folder = '' } = useSearch({ from: '/campus/backups/$backup' });
  const entries = useEntries(backup.id, folder, backup.kept);
  const crumbs = crumbsOf(backup.path, folder);
  return (
    <section className={`panel ${classes.folder}`} aria-label={t('backups.content')} aria-busy={entries.isPending}>
      <nav className={classes.crumbs} aria-label={t('backups.crumbs')}>
        <ol>
          {crumbs.map((crumb, index) => (
            <li key={crumb.folder}>
              <Link
                to="/backups/$backup"
                params={{ backup: backup.id }}
                search={{ folder: crumb.folder || undefined }}
                resetScroll={false}
                aria-current={index === crumbs.length - 1 ? 'page' : undefined}
              >
                {crumb.label}
              </Link>
            </li>
          ))}
        </ol>
      </nav>
      <PagedList
        list={entries}
        short
        skeleton={<RowSkeletons />}
        blank={
          <Blank
            icon={<IconFolderOff size={40} stroke={1.25} aria-hidden />}
            title={t('backups.emptyFolder')}
            body={t('backups.emptyFolderBody')}
          />
        }
      >
        {(items) => (
          <ul className={classes.list}>
            {items.map((entry) => (
              <Row key={entry.name} backup={backup.id} folder={folder} entry={entry} />
            ))}
          </ul>
        )}
      </PagedList>
    </section>
  );
}

function Row({ backup, folder, entry }: { backup: string; folder: string; entry: Entry }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const Icon = ICONS[entry.kind];
  const name = nameIn(folder, entry);
  const file = fileOf(entry);
  const fetchOne = async (of: string) => {
    try {
      await downloadFrom(backup, of);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
  };
  return (
    <li className={classes.entry} data-entry={entry.kind}>
      <Icon size={20} stroke={1.5} aria-hidden />
      <span className={classes.name}>
        {entry.kind === 'folder' ? (
          <Link to="/backups/$backup" params={{ backup }} search={{ folder: entry.name }} resetScroll={false}>
            {name}
          </Link>
        ) : (
          name
        )}
        {entry.kind === 'file' || entry.kind === 'folder' ? null : (
          <small>
            {t(`backups.entry.${entry.kind}`)}
            {entry.target === null ? null : (
              <>
                {' → '}
                <PathText path={entry.target} />
              </>
            )}
          </small>
        )}
      </span>
      <span className={classes.size}>{entry.kind === 'file' ? formats.bytes(entry.size) : null}</span>
      <time className={classes.date} dateTime={entry.modified_at} title={formats.dateTime(entry.modified_at)}>
        {formats.date(entry.modified_at)}
      </time>
      {file !== null ? (
        <Button
          variant="subtle"
          size="compact-sm"
          className={classes.get}
          aria-label={`${t('files.download')}: ${name}`}
          leftSection={<IconDownload size={16} aria-hidden />}
          onClick={() => void fetchOne(file)}
        >
          {t('files.download')}
        </Button>
      ) : (
        <span />
      )}
    </li>
  );
}
