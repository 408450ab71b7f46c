import { Skeleton } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { useIdentity } from '../session/browser';
import { FileIcon } from './FileIcon';
import classes from './files.module.css';
import { titleOf } from './queries';
import { type Pick, PickBox } from './Selection';
import selection from './selection.module.css';

export function useOwnerName(): (file: CampusFile) => string {
  const { t } = useTranslation();
  const identity = useIdentity();
  return (file) => {
    if (file.owner === identity.id || file.owner === identity.username) return t('files.you');
    return file.owner_name;
  };
}

export function FileRow({ file, open, pick }: { file: CampusFile; open: boolean; pick?: Pick }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const ownerName = useOwnerName();
  return (
    <li className={pick ? selection.item : undefined}>
      {pick ? <PickBox file={file} pick={pick} /> : null}
      <Link
        from="/files"
        to="/files"
        search={(before) => ({ ...before, file: file.id })}
        resetScroll={false}
        className={classes.row}
        data-open={open}
        data-file={file.id}
        aria-current={open ? 'true' : undefined}
      >
        <span className={classes.name}>
          <FileIcon type={file.type} />
          <span>
            <span className={`${classes.title} ellipsis`}>{titleOf(file)}</span>
            <span className={`${classes.sub} ellipsis`}>
              <span className={classes.narrow}>
                {formats.bytes(file.size)} · {formats.date(file.created_at)} ·{' '}
              </span>
              {file.category || file.type || t('common.none')}
            </span>
          </span>
        </span>
        <span className={`${classes.wide} ${classes.dim} ellipsis`}>{ownerName(file)}</span>
        <span className={`${classes.wide} ${classes.dim} ellipsis`}>{t(`files.${file.visibility}`)}</span>
        <span className={classes.right}>{formats.bytes(file.size)}</span>
        <span className={`${classes.date} ${classes.dim}`} title={formats.dateTime(file.created_at)}>
          {formats.date(file.created_at)}
        </span>
      </Link>
    </li>
  );
}

export function FileColumns() {
  const { t } = useTranslation();
  return (
    <div className={classes.columns} aria-hidden>
      <span>{t('files.name')}</span>
      <span className={classes.wide}>{t('files.owner')}</span>
      <span className={classes.wide}>{t('files.visibility')}</span>
      <span className={classes.right}>{t('files.size')}</span>
      <span>{t('files.date')}</span>
    </div>
  );
}

const PLACEHOLDERS = ['58%', '42%', '66%', '50%', '38%', '61%'];

export function FileSkeletons({ count = 6 }: { count?: number }) {
  return (
    <ul className={classes.list} aria-hidden>
      {PLACEHOLDERS.slice(0, count).map((width) => (
        <li key={width}>
          <div className={classes.row} style={{ cursor: 'default' }}>
            <span className={classes.name}>
              <Skeleton width={36} height={36} radius={8} />
              <span style={{ width }}>
                <Skeleton height={12} mb={8} />
                <Skeleton height={10} width="40%" />
              </span>
            </span>
            <Skeleton height={12} className={classes.wide} />
            <Skeleton height={12} className={classes.wide} />
            <Skeleton height={12} className={classes.right} />
            <Skeleton height={12} className={classes.date} />
          </div>
        </li>
      ))}
    </ul>
  );
}
