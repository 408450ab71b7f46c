import { Button, Group, Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BackupNode } from '../../api/backups';
import { ApiError } from '../../api/problem';
import { useFormats } from '../../i18n/format';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { say } from '../../shell/toasts';
import { limitNode } from './backups';
import { nodeOf } from './health';
import { bytesOf, sizeOf, UNITS, type Unit } from './sizes';

interface LimitNodeProps {
  node: BackupNode;
  onClose: () => void;
  onLimited: () => void;
}

/** Sets how much a node's backups may take, or takes the limit away. */
export function LimitNode({ node, onClose, onLimited }: LimitNodeProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [size, setSize] = useState(() => sizeOf(node.quota));
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const bytes = bytesOf(size);
  const told = error instanceof ApiError ? error.fieldMessage('quota') : undefined;
  const save = async (quota: number | null) => {
    setBusy(true);
    setError(null);
    try {
      await limitNode(node.id, quota);
      say(t('files.saved'));
      onClose();
      onLimited();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (bytes !== null) void save(bytes);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      title={t('backups.limitOf', { node: nodeOf(node) })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <Text size="sm">{t('backups.limitBody', { used: formats.bytes(node.used) })}</Text>
          <Group gap={8} align="flex-start" wrap="nowrap">
            <TextInput
              data-autofocus
              flex={1}
              label={t('backups.limitSize')}
              inputMode="decimal"
              autoComplete="off"
              value={size.number}
              onChange={(event) => {
                setSize({ ...size, number: event.currentTarget.value });
                setError(null);
              }}
              error={checked && bytes === null ? t('backups.limitFault') : told}
            />
            <NativeSelect
              label={t('backups.unit')}
              value={size.unit}
              data={[...UNITS]}
              onChange={(event) => setSize({ ...size, unit: event.currentTarget.value as Unit })}
            />
          </Group>
          {node.quota === null ? null : (
            <div>
              <Button variant="subtle" size="compact-sm" onClick={() => void save(null)}>
                {t('backups.noLimit')}
              </Button>
            </div>
          )}
          <FormEnd error={ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('common.save')} />
        </Stack>
      </form>
    </Modal>
  );
}
