import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { say } from '../../shell/toasts';
import { onUploadEnded } from './uploads';

/** Says when an upload ends, and has the lists that change by it loaded again. */
export function useUploadResults(): void {
  const { t } = useTranslation();
  const queries = useQueryClient();
  useEffect(
    () =>
      onUploadEnded((item) => {
        const done = item.state === 'done';
        say(t(done ? 'transfers.announceDone' : 'transfers.announceFailed', { name: item.name }), !done);
        void queries.invalidateQueries({ queryKey: ['files'] });
        void queries.invalidateQueries({ queryKey: ['unfinished'] });
        void queries.invalidateQueries({ queryKey: ['quota'] });
      }),
    [t, queries],
  );
}
