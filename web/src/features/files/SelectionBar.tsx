import { Button, CloseButton } from '@mantine/core';
import { IconFileZip, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { useIdentity } from '../session/browser';
import { useMoveToTrash } from '../trash/useMoveToTrash';
import { downloadTogether } from './queries';
import classes from './selection.module.css';

/** What can be done with several files at once. */
export function SelectionBar({ files, onClear }: { files: CampusFile[]; onClear: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const identity = useIdentity();
  const moveToTrash = useMoveToTrash();
  const [busy, setBusy] = useState<'download' | 'trash' | null>(null);
  const size = files.reduce((sum, file) => sum + file.size, 0);
  const mine = identity.role === 'admin' || files.every((file) => file.owner === identity.id);

  const startDownload = async () => {
    setBusy('download');
    try {
      await downloadTogether(files);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setBusy(null);
  };
  const trash = async () => {
    setBusy('trash');
    if (await moveToTrash(...files)) onClear();
    setBusy(null);
  };

  return (
    <section className={classes.bar} aria-label={t('files.selection')}>
      <CloseButton aria-label={t('files.clearSelection')} onClick={onClear} />
      <span className={classes.sum} role="status">
        {t('files.selected', { count: formats.number(files.length), size: formats.bytes(size) })}
      </span>
      <span className={classes.deeds}>
        <Button
          size="xs"
          fz="sm"
          leftSection={<IconFileZip size={18} aria-hidden />}
          loading={busy === 'download'}
          onClick={() => void startDownload()}
        >
          {t('files.downloadZip')}
        </Button>
        {mine ? (
          <Button
            size="xs"
            fz="sm"
            variant="default"
            c="var(--bedel-bad)"
            leftSection={<IconTrash size={18} aria-hidden />}
            loading={busy === 'trash'}
            onClick={() => void trash()}
          >
            {t('files.moveToTrash')}
          </Button>
        ) : null}
      </span>
    </section>
  );
}
