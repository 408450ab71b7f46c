import { Skeleton, Stack } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { SidePanel } from '../../shell/SidePanel';
import { Failure } from '../../shell/states';
import { FileDetails } from './FileDetails';
import { titleOf, useFile } from './queries';

/** One file: beside the list where there is room, over it where there is not. */
export function FilePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation();
  const file = useFile(id);
  return (
    <SidePanel
      id={id}
      label={t('files.details')}
      title={file.data ? titleOf(file.data) : t('files.details')}
      closeLabel={t('files.closeDetails')}
      origin={`[data-file="${CSS.escape(id)}"]`}
      onClose={onClose}
    >
      {file.isPending ? (
        <Stack gap={16}>
          <Skeleton height={200} />
          <Skeleton height={36} />
          <Skeleton height={160} />
        </Stack>
      ) : file.isError ? (
        <Failure error={file.error} retry={() => void file.refetch()} />
      ) : (
        <FileDetails key={id} file={file.data} onClose={onClose} />
      )}
    </SidePanel>
  );
}
