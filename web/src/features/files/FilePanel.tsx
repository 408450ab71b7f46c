import { ActionIcon, Button, CloseButton, CopyButton, Drawer, Group, Skeleton, Stack, Tooltip } from '@mantine/core';
import { useHotkeys, useMediaQuery } from '@mantine/hooks';
import { IconCheck, IconCopy, IconDownload, IconPencil, IconTrash } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { Failure, failureKey } from '../../shell/states';
import { say } from '../../shell/toasts';
import { useIdentity } from '../session/browser';
import { EditFile } from './EditFile';
import { useOwnerName } from './FileList';
import classes from './files.module.css';
import { Preview } from './Preview';
import { download, titleOf, useFile } from './queries';

/** One file: beside the list where there is room, over it where there is not. */
export function FilePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const file = useFile(id);
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  const title = file.data ? titleOf(file.data) : t('files.details');
  const body = file.isPending ? (
    <Stack gap={16}>
      <Skeleton height={200} />
      <Skeleton height={36} />
      <Skeleton height={160} />
    </Stack>
  ) : file.isError ? (
    <Failure error={file.error} retry={() => void file.refetch()} />
  ) : (
    <Details key={id} file={file.data} onClose={onClose} />
  );
  if (wide) {
    return (
      <Beside id={id} title={title} onClose={onClose}>
        {body}
      </Beside>
    );
  }
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size={480}
      title={title}
      closeButtonProps={{ 'aria-label': t('files.closeDetails') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere', minWidth: 0 } }}
    >
      {body}
    </Drawer>
  );
}

interface BesideProps {
  id: string;
  title: string;
  onClose: () => void;
  children: ReactNode;
}

/** Takes the focus with each file it shows, and gives it back to the file's row. */
function Beside({ id, title, onClose, children }: BesideProps) {
  const { t } = useTranslation();
  const heading = useRef<HTMLHeadingElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file is another reason to move the focus
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, [id]);
  const close = () => {
    document.querySelector<HTMLElement>(`[data-file="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });
    onClose();
  };
  useHotkeys([['Escape', close]]);
  return (
    <aside className={`panel ${classes.aside}`} aria-label={t('files.details')}>
      <div className={classes.asideHead}>
        <h2 ref={heading} tabIndex={-1} style={{ margin: 0 }}>
          {title}
        </h2>
        <CloseButton aria-label={t('files.closeDetails')} onClick={close} />
      </div>
      {children}
    </aside>
  );
}

function Details({ file, onClose }: { file: CampusFile; onClose: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const identity = useIdentity();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [fetching, setFetching] = useState(false);
  const mine = identity.role === 'admin' || file.owner === identity.id || file.owner === identity.username;

  const startDownload = async () => {
    setFetching(true);
    try {
      await download(file);
    } catch (error) {
      say(t(failureKey(error)), true);
    } finally {
      setFetching(false);
    }
  };
  const remove = async () => {
    await request(`/files/${encodeURIComponent(file.id)}`, { method: 'DELETE' });
    say(t('files.deleted', { name: titleOf(file) }));
    onClose();
    queries.removeQueries({ queryKey: ['files', 'one', file.id] });
    await queries.invalidateQueries({ queryKey: ['files', 'list'] });
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
              loading={fetching}
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
                  leftSection={<IconTrash size={18} aria-hidden />}
                  onClick={() => setDeleting(true)}
                >
                  {t('common.delete')}
                </Button>
              </>
            ) : null}
          </Group>
          <Facts file={file} />
        </>
      )}
      {deleting ? (
        <Confirm
          title={t('files.deleteTitle', { name: titleOf(file) })}
          body={t('files.deleteBody', { size: formats.bytes(file.size) })}
          action={t('files.deleteConfirm')}
          onConfirm={remove}
          onClose={() => setDeleting(false)}
        />
      ) : null}
    </Stack>
  );
}

function Facts({ file }: { file: CampusFile }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const ownerName = useOwnerName();
  return (
    <dl className={classes.facts}>
      {file.description ? (
        <>
          <dt>{t('files.description')}</dt>
          <dd>{file.description}</dd>
        </>
      ) : null}
      <dt>{t('files.fileName')}</dt>
      <dd>{file.name}</dd>
      <dt>{t('files.size')}</dt>
      <dd>
        {formats.bytes(file.size)} ({formats.number(file.size)} B)
      </dd>
      <dt>{t('files.type')}</dt>
      <dd>{file.type}</dd>
      <dt>{t('files.owner')}</dt>
      <dd>{ownerName(file)}</dd>
      <dt>{t('files.added')}</dt>
      <dd>{formats.dateTime(file.created_at)}</dd>
      <dt>{t('files.visibility')}</dt>
      <dd>{t(`files.${file.visibility}Long`)}</dd>
      {file.category ? (
        <>
          <dt>{t('files.category')}</dt>
          <dd>{file.category}</dd>
        </>
      ) : null}
      {file.tags.length > 0 ? (
        <>
          <dt>{t('files.tags')}</dt>
          <dd>{file.tags.join(', ')}</dd>
        </>
      ) : null}
      <dt>{t('files.digest')}</dt>
      <dd>
        {file.sha256 === null ? (
          t('files.hashing')
        ) : (
          <>
            <span className={classes.digest}>{file.sha256}</span>
            <CopyButton value={file.sha256}>
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
        )}
      </dd>
    </dl>
  );
}
