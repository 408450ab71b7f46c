import { Button, Group, Stack } from '@mantine/core';
import { IconDownload, IconPencil, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { FileAudit } from '../audit/FileAudit';
import { useIdentity } from '../session/browser';
import { ShareSection } from '../shares/ShareSection';
import { useMoveToTrash } from '../trash/useMoveToTrash';
import { EditFile } from './EditFile';
import { FileFacts } from './FileFacts';
import classes from './files.module.css';
import { Preview } from './Preview';
import { download } from './queries';

/** What can be known of a file and done with it. */
export function FileDetails({ file, onClose }: { file: CampusFile; onClose: () => void }) {
  const { t } = useTranslation();
  const identity = useIdentity();
  const moveToTrash = useMoveToTrash();
  const [editing, setEditing] = useState(false);
  const [busy, setBusy] = useState<'download' | 'trash' | null>(null);
  const mine = identity.role === 'admin' || file.owner === identity.id || file.owner === identity.username;

  const startDownload = async () => {
    setBusy('download');
    try {
      await download(file);
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setBusy(null);
  };
  const trash = async () => {
    setBusy('trash');
    if (await moveToTrash(file)) onClose();
    else setBusy(null);
  };

  return (
    <Stack gap={24}>
      <section aria-label={t('files.preview')}>
        <Preview file={file} />
      </section>
      {editing ? (
        <EditFile file={file} onDone={() => setEditing(false)} />
      ) : (
        <>
          <Group gap={8}>
            <Button
              leftSection={<IconDownload size={18} aria-hidden />}
              loading={busy === 'download'}
              onClick={() => void startDownload()}
            >
              {t('files.download')}
            </Button>
            {mine ? (
              <>
                <Button
                  variant="default"
                  leftSection={<IconPencil size={18} aria-hidden />}
                  onClick={() => setEditing(true)}
                >
                  {t('files.edit')}
                </Button>
                <Button
                  variant="default"
                  c="var(--bedel-bad)"
                  loading={busy === 'trash'}
                  leftSection={<IconTrash size={18} aria-hidden />}
                  onClick={() => void trash()}
                >
                  {t('files.moveToTrash')}
                </Button>
              </>
            ) : null}
          </Group>
          <FileFacts file={file} />
          {mine ? (
            <div className={classes.section}>
              <ShareSection file={file} />
            </div>
          ) : null}
          <div className={classes.section}>
            <FileAudit file={file.id} />
          </div>
        </>
      )}
    </Stack>
  );
}
