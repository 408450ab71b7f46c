import { Button, Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Target } from '../../api/backups';
import { ApiError } from '../../api/problem';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { registerTarget } from './backups';
import { type RegistrationField, registrationOf } from './registration';
import { useWhen } from './when';

const PRESETS = [15, 60, 360, 1440];

interface RegisterTargetProps {
  onClose: () => void;
  onRegistered: (target: Target) => void;
}

/** Registers a path of a node; its first backup begins at once. */
export function RegisterTarget({ onClose, onRegistered }: RegisterTargetProps) {
  const { t } = useTranslation();
  const when = useWhen();
  const [form, setForm] = useState({
    host: '',
    port: '9750',
    path: '',
    every: '60',
  });
  const [pin, setPin] = useState(false);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const read = registrationOf(form);
  const faults = checked && Array.isArray(read) ? read : [];
  const taken = error instanceof ApiError && error.status === 409;
  const change = (next: Partial<typeof form>) => {
    setForm((before) => ({ ...before, ...next }));
    setError(null);
  };
  const told = (field: RegistrationField) =>
    faults.includes(field)
      ? t(`backups.fault.${field}`)
      : error instanceof ApiError
        ? error.fieldMessage(field)
        : undefined;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (Array.isArray(read)) return;
    setBusy(true);
    setError(null);
    try {
      const made = await registerTarget({ ...read, pin_last_good: pin });
      onClose();
      onRegistered(made);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      title={t('backups.register')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <Group gap={12} align="flex-start" grow preventGrowOverflow={false} wrap="nowrap">
            <TextInput
              data-autofocus
              label={t('backups.host')}
              placeholder="web-1"
              autoComplete="off"
              spellCheck={false}
              value={form.host}
              onChange={(event) => change({ host: event.currentTarget.value })}
              error={told('host')}
            />
            <TextInput
              label={t('backups.port')}
              inputMode="numeric"
              autoComplete="off"
              maw={112}
              value={form.port}
              onChange={(event) => change({ port: event.currentTarget.value })}
              error={told('port')}
            />
          </Group>
          <TextInput
            label={t('backups.path')}
            description={t('backups.pathHint')}
            placeholder="/srv/data"
            autoComplete="off"
            spellCheck={false}
            value={form.path}
            onChange={(event) => change({ path: event.currentTarget.value })}
            error={taken ? t('backups.taken') : told('path')}
          />
          <Stack gap={4}>
            <TextInput
              label={t('backups.everyMinutes')}
              inputMode="numeric"
              autoComplete="off"
              value={form.every}
              onChange={(event) => change({ every: event.currentTarget.value })}
              error={told('every_minutes')}
            />
            <Group gap={4}>
              {PRESETS.map((minutes) => (
                <Button
                  key={minutes}
                  variant="subtle"
                  size="compact-sm"
                  onClick={() => change({ every: String(minutes) })}
                >
                  {when.every(minutes)}
                </Button>
              ))}
            </Group>
          </Stack>
          <Checkbox
            label={t('backups.pin')}
            description={t('backups.pinHint')}
            checked={pin}
            onChange={(event) => setPin(event.currentTarget.checked)}
          />
          <FormEnd
            error={taken ? null : ofTheWhole(error)}
            onClose={onClose}
            busy={busy}
            confirm={t('backups.registerConfirm')}
          />
        </Stack>
      </form>
    </Modal>
  );
}
