import { Button, FileButton, Group, Modal, Skeleton, Stack, Text } from '@mantine/core';
import { IconCircleCheck, IconFileSpreadsheet } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Imported } from '../../api/grades';
import { ApiError } from '../../api/problem';
import { useFormats } from '../../i18n/format';
import { useTakeDrops } from '../../shell/drops';
import { Failure, failureKey, RequestId } from '../../shell/states';
import { importTable } from './grades';
import { BadLines, Preview } from './ImportReport';
import classes from './list.module.css';
import { faultsIn, linesOf, textOf } from './table';

const MOST_BYTES = 10 << 20;

interface ImportGradesProps {
  /** The table that was dropped, if one was. */
  file: File | null;
  onClose: () => void;
  onImported: () => void;
}

/** Brings a table of grades: read, tried at the campus without keeping anything, and kept only if every line is right. */
export function ImportGrades({ file: first, onClose, onImported }: ImportGradesProps) {
  const { t } = useTranslation();
  const [file, setFile] = useState<File | null>(first);
  const [done, setDone] = useState<Imported | null>(null);
  useTakeDrops(t('grades.dropHere'), (files) => {
    setDone(null);
    setFile(files[0] ?? null);
  });
  return (
    <Modal
      opened
      onClose={onClose}
      size={720}
      title={t('grades.importTitle')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      {done !== null ? (
        <Done imported={done} onClose={onClose} />
      ) : (
        <Stack gap={16}>
          <div className={classes.drop}>
            <IconFileSpreadsheet size={32} stroke={1.25} aria-hidden />
            <div>
              <Text size="sm">{file === null ? t('grades.dropTable') : file.name}</Text>
              <Text size="xs" c="dimmed">
                {t('grades.importColumns')}
              </Text>
            </div>
            <FileButton accept=".csv,text/csv" onChange={(chosen) => chosen && setFile(chosen)}>
              {(props) => (
                <Button variant="default" data-autofocus {...props}>
                  {t(file === null ? 'grades.chooseFile' : 'grades.chooseOther')}
                </Button>
              )}
            </FileButton>
          </div>
          {file === null ? null : (
            <Checked
              key={`${file.name} ${file.size} ${file.lastModified}`}
              file={file}
              onDone={(imported) => {
                setDone(imported);
                onImported();
              }}
            />
          )}
        </Stack>
      )}
    </Modal>
  );
}

function Checked({ file, onDone }: { file: File; onDone: (imported: Imported) => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const table = useQuery({
    queryKey: ['grades', 'table', file.name, file.size, file.lastModified],
    queryFn: async () => {
      const { text, encoding } = textOf(new Uint8Array(await file.arrayBuffer()));
      return { text, encoding, lines: linesOf(text) };
    },
    enabled: file.size <= MOST_BYTES,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const text = table.data?.text;
  const trial = useQuery({
    queryKey: ['grades', 'trial', file.name, file.size, file.lastModified],
    queryFn: ({ signal }) => importTable(text ?? '', true, signal),
    enabled: text !== undefined,
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  if (file.size > MOST_BYTES) {
    return (
      <Text role="alert" c="var(--bedel-bad)" size="sm">
        {t('grades.tableTooLarge', { size: formats.bytes(MOST_BYTES) })}
      </Text>
    );
  }
  if (table.isError) {
    return (
      <Text role="alert" c="var(--bedel-bad)" size="sm">
        {t('transfers.reason.unreadable')}
      </Text>
    );
  }
  if (table.data === undefined) return <Skeleton height={160} />;
  const refusal = trial.error instanceof ApiError ? trial.error : null;
  const faults = faultsIn(refusal?.errors ?? []);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      onDone(await importTable(table.data.text, false));
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <>
      {table.data.encoding === 'utf-8' ? null : (
        <Text size="sm" c="var(--bedel-warn)" role="status">
          {t('grades.converted', { encoding: table.data.encoding.toUpperCase() })}
        </Text>
      )}
      <Preview lines={table.data.lines} faults={faults} />
      {trial.isPending ? (
        <Skeleton height={36} />
      ) : faults.length > 0 ? (
        <BadLines faults={faults} lines={table.data.lines} name={file.name} />
      ) : trial.isError ? (
        <Failure compact error={trial.error} retry={() => void trial.refetch()} />
      ) : (
        <Group justify="space-between" gap={12}>
          <Text size="sm" role="status" className={classes.right}>
            <IconCircleCheck size={18} aria-hidden /> {t('grades.allRight')}
          </Text>
          <Button loading={busy} onClick={() => void confirm()}>
            {t('grades.importConfirm', { number: formats.number(trial.data.grades) })}
          </Button>
        </Group>
      )}
      {error === null ? null : (
        <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
          {t(failureKey(error))} {t('grades.importAgain')} <RequestId error={error} />
        </Text>
      )}
    </>
  );
}

function Done({ imported, onClose }: { imported: Imported; onClose: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Stack gap={16} role="status">
      <Text className={classes.right} fw={600}>
        <IconCircleCheck size={20} aria-hidden /> {t('grades.imported')}
      </Text>
      <dl className={classes.facts}>
        {(['created', 'corrected', 'replayed'] as const).map((what) => (
          <div key={what}>
            <dt>{t(`grades.importedAs.${what}`)}</dt>
            <dd>{formats.number(imported[what])}</dd>
          </div>
        ))}
      </dl>
      <Group justify="flex-end">
        <Button onClick={onClose} data-autofocus>
          {t('common.done')}
        </Button>
      </Group>
    </Stack>
  );
}
