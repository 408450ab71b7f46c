import { Checkbox, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Target } from '../../api/backups';
import { ApiError } from '../../api/problem';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { say } from '../../shell/toasts';
import { changeTarget } from './backups';
import { nodeOf } from './health';
import { minutesOf } from './registration';

interface ChangeTargetProps {
  target: Target;
  onClose: () => void;
  onChanged: () => Promise<void>;
}

/** How often a path is backed up, and whether its last good backup is held when what comes is odd. */
export function ChangeTarget({ target, onClose, onChanged }: ChangeTargetProps) {
  const { t } = useTranslation();
  const [every, setEvery] = useState(String(target.every_minutes));
  const [pin, setPin] = useState(target.pin_last_good);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const minutes = minutesOf(every);
  const told = error instanceof ApiError ? error.fieldMessage('every_minutes') : undefined;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (minutes === null) return;
    setBusy(true);
    setError(null);
    try {
      await changeTarget(target.id, { every_minutes: minutes, pin_last_good: pin });
      say(t('files.saved'));
      onClose();
      await onChanged();
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
      title={`${nodeOf(target)} ${target.path}`}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <TextInput
            data-autofocus
            label={t('backups.everyMinutes')}
            inputMode="numeric"
            autoComplete="off"
            value={every}
            onChange={(event) => {
              setEvery(event.currentTarget.value);
              setError(null);
            }}
            error={checked && minutes === null ? t('backups.fault.every_minutes') : told}
          />
          <Checkbox
            label={t('backups.pin')}
            description={t('backups.pinHint')}
            checked={pin}
            onChange={(event) => setPin(event.currentTarget.checked)}
          />
          <FormEnd error={ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('common.save')} />
        </Stack>
      </form>
    </Modal>
  );
}
