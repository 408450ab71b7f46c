import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { titleOf } from '../files/queries';
import { moveToTrash, reloadAfterTrash, restoreFile } from './trash';

/** Moves files to the trash and offers to undo it; says so if it cannot be done. */
export function useMoveToTrash(): (...files: CampusFile[]) => Promise<boolean> {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const told = (key: 'files.trashed' | 'files.restored', files: CampusFile[]) =>
    files[0] !== undefined && files.length === 1
      ? t(key, { name: titleOf(files[0]) })
      : t(`${key}Several`, { count: files.length });
  const undo = async (files: CampusFile[]) => {
    try {
      await Promise.all(files.map((file) => restoreFile(file.id)));
      say(told('files.restored', files));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await reloadAfterTrash(queries);
  };
  return async (...files) => {
    const moved = await Promise.allSettled(files.map((file) => moveToTrash(file.id)));
    const gone = files.filter((_, place) => moved[place]?.status === 'fulfilled');
    const failed = moved.find((each) => each.status === 'rejected');
    if (gone.length > 0) {
      say(told('files.trashed', gone), false, { label: t('common.undo'), run: () => void undo(gone) });
      for (const file of gone) queries.removeQueries({ queryKey: ['files', 'one', file.id] });
      void reloadAfterTrash(queries);
    }
    if (failed !== undefined) say(t(failureKey(failed.reason)), true);
    return failed === undefined;
  };
}
