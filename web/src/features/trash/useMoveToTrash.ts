import { useQueryClient } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { titleOf } from '../files/queries';
import { moveToTrash, reloadAfterTrash, restoreFile } from './trash';

/** Moves a file to the trash and offers to undo it; says so if it cannot be done. */
export function useMoveToTrash(): (file: CampusFile) => Promise<boolean> {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const undo = async (file: CampusFile) => {
    try {
      await restoreFile(file.id);
      say(t('files.restored', { name: titleOf(file) }));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await reloadAfterTrash(queries);
  };
  return async (file) => {
    try {
      await moveToTrash(file.id);
    } catch (error) {
      say(t(failureKey(error)), true);
      return false;
    }
    say(t('files.trashed', { name: titleOf(file) }), false, {
      label: t('common.undo'),
      run: () => void undo(file),
    });
    queries.removeQueries({ queryKey: ['files', 'one', file.id] });
    void reloadAfterTrash(queries);
    return true;
  };
}
