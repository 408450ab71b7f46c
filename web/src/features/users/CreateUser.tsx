import { Modal, PasswordInput, Select, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { UserRole } from '../../api/types';
import { FormEnd } from '../../shell/FormEnd';
import { ROLES } from './roles';

const FIELDS = ['username', 'name', 'email', 'password'] as const;
type Field = (typeof FIELDS)[number];
const NEEDED: Field[] = ['username', 'password'];
const SHORTEST = 8;

export function CreateUser({ onClose, onCreated }: { onClose: () => void; onCreated: (name: string) => void }) {
  const { t } = useTranslation();
  const [values, setValues] = useState<Record<Field, string>>({ username: '', name: '', email: '', password: '' });
  const [role, setRole] = useState<UserRole>('student');
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const problem = (field: Field): string | undefined => {
    if (error instanceof ApiError) {
      if (field === 'username' && error.status === 409) return t('session.taken');
      const told = error.fieldMessage(field);
      if (told) return told;
    }
    if (!checked || !NEEDED.includes(field)) return undefined;
    if (!values[field].trim()) return t('session.required');
    if (field === 'password' && values.password.length < SHORTEST) return t('session.short', { count: SHORTEST });
    return undefined;
  };
  const input = (field: Field) => ({
    value: values[field],
    error: problem(field),
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setValues((before) => ({ ...before, [field]: value }));
      setError(null);
    },
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (NEEDED.some((field) => !values[field].trim()) || values.password.length < SHORTEST) return;
    setBusy(true);
    try {
      await request('/users', {
        method: 'POST',
        json: { ...values, name: values.name.trim() || null, email: values.email.trim() || null, role },
      });
      onCreated(values.username);
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const general = error !== null && !(error instanceof ApiError && (error.status === 409 || error.errors.length > 0));
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('users.createTitle')}
      centered
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <TextInput label={t('users.username')} autoComplete="off" data-autofocus {...input('username')} />
          <TextInput
            label={t('session.optional', { label: t('session.name') })}
            autoComplete="off"
            {...input('name')}
          />
          <TextInput
            label={t('session.optional', { label: t('session.email') })}
            type="email"
            autoComplete="off"
            {...input('email')}
          />
          <PasswordInput
            label={t('session.password')}
            description={t('session.passwordHint')}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ tabIndex: 0, 'aria-label': t('session.showPassword') }}
            {...input('password')}
          />
          <Select
            label={t('users.role')}
            allowDeselect={false}
            data={ROLES.map((value) => ({ value, label: t(`role.${value}`) }))}
            value={role}
            onChange={(value) => value && setRole(value as UserRole)}
          />
          <FormEnd error={general ? error : null} onClose={onClose} busy={busy} confirm={t('common.add')} />
        </Stack>
      </form>
    </Modal>
  );
}
