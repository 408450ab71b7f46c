import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { FileIcon } from './FileIcon';
import classes from './files.module.css';
import { titleOf } from './queries';
import { type Pick, PickBox } from './Selection';
import selection from './selection.module.css';
import { Thumbnail } from './Thumbnail';

/** A file of the catalogue by its picture. */
export function FileTile({ file, open, pick }: { file: CampusFile; open: boolean; pick: Pick }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <li className={selection.tile}>
      <PickBox file={file} pick={pick} />
      <Link
        from="/files"
        to="/files"
        search={(before) => ({ ...before, file: file.id })}
        resetScroll={false}
        className={classes.tile}
        data-open={open}
        data-file={file.id}
        aria-current={open ? 'true' : undefined}
      >
        <Thumbnail file={file} fallback={<FileIcon type={file.type} />} />
        <span className={`${classes.title} ellipsis`}>{titleOf(file)}</span>
        <span className={`${classes.sub} ellipsis`}>
          {formats.bytes(file.size)} · {file.category || file.type || t('common.none')}
        </span>
      </Link>
    </li>
  );
}
