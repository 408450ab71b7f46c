import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import { failureKey, RequestId } from '../../shell/states';
import { session } from './browser';
import { Doorway } from './Doorway';

const SHORTEST = 8;
const FIELDS = ['username', 'name', 'email', 'password'] as const;
type Field = (typeof FIELDS)[number];
const NEEDED: Field[] = ['username', 'password'];

export function RegisterPage() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const [values, setValues] = useState<Record<Field, string>>({ username: '', name: '', email: '', password: '' });
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    document.title = `${t('session.registerTitle')} · Bedel`;
  }, [t]);

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
    label: NEEDED.includes(field) ? t(`session.${field}`) : t('session.optional', { label: t(`session.${field}`) }),
    name: field,
    size: 'md' as const,
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
    setError(null);
    try {
      await request('/auth/register', {
        method: 'POST',
        json: { ...values, name: values.name.trim() || null, email: values.email.trim() || null },
        anonymous: true,
      });
      await session.logIn(values.username, values.password);
      await navigate({ to: '/' });
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };

  const general = error !== null && !(error instanceof ApiError && (error.status === 409 || error.errors.length > 0));
  return (
    <Doorway>
      <Title order={1}>{t('session.registerTitle')}</Title>
      <Text c="dimmed" mt={4} mb={24}>
        {t('session.registerBody')}
      </Text>
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          {general ? (
            <Alert color="red" variant="light" role="alert">
              {t(failureKey(error))} <RequestId error={error} />
            </Alert>
          ) : null}
          <TextInput {...input('username')} autoComplete="username" autoCapitalize="none" spellCheck={false} />
          <TextInput {...input('name')} autoComplete="name" />
          <TextInput {...input('email')} type="email" autoComplete="email" />
          <PasswordInput
            {...input('password')}
            description={t('session.passwordHint')}
            autoComplete="new-password"
            visibilityToggleButtonProps={{ tabIndex: 0, 'aria-label': t('session.showPassword') }}
          />
          <Button type="submit" size="md" loading={busy} fullWidth>
            {t('session.register')}
          </Button>
          <Text size="sm" c="dimmed" ta="center">
            {t('session.haveAccount')}{' '}
            <Anchor component={Link} to="/login" underline="always" inherit>
              {t('session.logIn')}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </Doorway>
  );
}
