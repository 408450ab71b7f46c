import { Button, Group, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/problem';
import { failureKey, RequestId } from './states';

/** What is to be said below a form: errors that name fields stand at those. */
export function ofTheWhole(error: unknown): unknown {
  return error instanceof ApiError && error.errors.length > 0 ? null : error;
}

/** The end of a form in a dialog: what went wrong with the whole of it, if anything did, and the two ways out. */
export function FormEnd(props: {
  error: unknown;
  onClose: () => void;
  close?: string;
  busy: boolean;
  confirm: string;
}) {
  const { t } = useTranslation();
  return (
    <>
      {props.error === null ? null : (
        <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
          {t(failureKey(props.error))} <RequestId error={props.error} />
        </Text>
      )}
      <Group justify="flex-end" gap={8}>
        <Button variant="default" onClick={props.onClose}>
          {props.close ?? t('common.cancel')}
        </Button>
        <Button type="submit" loading={props.busy}>
          {props.confirm}
        </Button>
      </Group>
    </>
  );
}
