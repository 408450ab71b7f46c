import { Button, Group, Modal, Text } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { failureKey, RequestId } from './states';

export interface ConfirmProps {
  title: string;
  /** What will be lost. */
  body: string;
  /** What the button does, in its own words. */
  action: string;
  /** What the other button says, if "cancel" could be misread. */
  keep?: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
}

/** Asks before something is lost, and stays open, saying why, if it could not be done. */
export function Confirm({ title, body, action, keep, onConfirm, onClose }: ConfirmProps) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={title}
      centered
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      <Text size="sm">{body}</Text>
      {error === null ? null : (
        <Text size="sm" c="var(--bedel-bad)" mt={12} role="alert" component="div">
          {t(failureKey(error))} <RequestId error={error} />
        </Text>
      )}
      <Group justify="flex-end" mt={24} gap={8}>
        <Button variant="default" onClick={onClose} data-autofocus>
          {keep ?? t('common.cancel')}
        </Button>
        <Button color="red.9" onClick={() => void confirm()} loading={busy}>
          {action}
        </Button>
      </Group>
    </Modal>
  );
}
