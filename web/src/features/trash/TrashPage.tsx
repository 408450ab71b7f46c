import { Button, Group } from '@mantine/core';
import { IconArrowBackUp, IconTrash, IconTrashOff } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { CampusFile } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { FileIcon } from '../files/FileIcon';
import { FileSkeletons, useOwnerName } from '../files/FileList';
import { titleOf } from '../files/queries';
import { deleteForGood, reloadAfterTrash, restoreFile, useTrash } from './trash';
import classes from './trash.module.css';

/** What was thrown away and can still be taken back. */
export function TrashPage() {
  const { t } = useTranslation();
  usePageTitle(t('trash.title'));
  const queries = useQueryClient();
  const formats = useFormats();
  const trash = useTrash();
  const [ending, setEnding] = useState<CampusFile | null>(null);
  const items = trash.data?.pages.flatMap((page) => page.items) ?? [];
  const restore = async (file: CampusFile) => {
    try {
      await restoreFile(file.id);
      say(t('files.restored', { name: titleOf(file) }));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await reloadAfterTrash(queries);
  };
  return (
    <>
      <SubNav section="files" />
      <PageHeader title={t('trash.title')} note={t('trash.body')} />
      <section className="panel" aria-label={t('trash.title')} aria-busy={trash.isPending}>
        {trash.isPending ? (
          <FileSkeletons count={4} />
        ) : trash.isError && items.length === 0 ? (
          <Failure error={trash.error} retry={() => void trash.refetch()} />
        ) : items.length === 0 ? (
          <Blank
            icon={<IconTrashOff size={40} stroke={1.25} aria-hidden />}
            title={t('trash.emptyTitle')}
            body={t('trash.emptyBody')}
          />
        ) : (
          <>
            <ul className={classes.list}>
              {items.map((file) => (
                <TrashRow
                  key={file.id}
                  file={file}
                  onRestore={() => void restore(file)}
                  onDelete={() => setEnding(file)}
                />
              ))}
            </ul>
            <ListEnd
              more={trash.hasNextPage}
              loading={trash.isFetchingNextPage}
              load={() => void trash.fetchNextPage()}
            />
          </>
        )}
      </section>
      {ending === null ? null : (
        <Confirm
          title={t('trash.deleteTitle', { name: titleOf(ending) })}
          body={t('trash.deleteBody', { size: formats.bytes(ending.size) })}
          action={t('trash.deleteConfirm')}
          onConfirm={async () => {
            await deleteForGood(ending.id);
            say(t('trash.deleted', { name: titleOf(ending) }));
            await reloadAfterTrash(queries);
          }}
          onClose={() => setEnding(null)}
        />
      )}
    </>
  );
}

interface TrashRowProps {
  file: CampusFile;
  onRestore: () => void;
  onDelete: () => void;
}

function TrashRow({ file, onRestore, onDelete }: TrashRowProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const ownerName = useOwnerName();
  const name = titleOf(file);
  return (
    <li className={classes.row} data-trashed={file.id}>
      <FileIcon type={file.type} />
      <div className={classes.what}>
        <span className={classes.name}>{name}</span>
        <span className={classes.facts}>
          {formats.bytes(file.size)} · {ownerName(file)}
          {file.deleted_at ? (
            <span title={formats.dateTime(file.deleted_at)}>
              {' '}
              · {t('trash.since', { date: formats.date(file.deleted_at) })}
            </span>
          ) : null}
        </span>
      </div>
      <Group gap={8} wrap="nowrap" className={classes.actions}>
        <Button
          variant="default"
          size="xs"
          leftSection={<IconArrowBackUp size={16} aria-hidden />}
          aria-label={`${t('trash.restore')}: ${name}`}
          onClick={onRestore}
        >
          {t('trash.restore')}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="xs"
          c="var(--bedel-bad)"
          leftSection={<IconTrash size={16} aria-hidden />}
          aria-label={`${t('trash.delete')}: ${name}`}
          onClick={onDelete}
        >
          {t('trash.delete')}
        </Button>
      </Group>
    </li>
  );
}
