import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type FormEvent, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import { useFormats } from '../../i18n/format';
import { failureKey, RequestId } from '../../shell/states';
import { session, useSession } from './browser';
import { Doorway } from './Doorway';

export function LoginPage() {
  const { t } = useTranslation();
  const formats = useFormats();
  const navigate = useNavigate();
  const state = useSession();
  const { next } = useSearch({ from: '/login' });
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  useEffect(() => {
    document.title = `${t('session.logIn')} · Bedel`;
  }, [t]);
  useEffect(() => {
    if (state.kind !== 'signed-out') void navigate({ href: next ?? '/', replace: true });
  }, [state, navigate, next]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!username.trim() || !password) return;
    setBusy(true);
    setError(null);
    try {
      await session.logIn(username.trim(), password);
    } catch (cause) {
      setError(cause);
    } finally {
      setBusy(false);
    }
  };

  const wrong = error instanceof ApiError && error.status === 401;
  const message = (() => {
    if (error === null) return null;
    if (wrong) return t('session.wrong');
    if (error instanceof ApiError && error.status === 429) {
      return t('session.tooMany', { time: formats.duration(error.retryAfter ?? 60_000) });
    }
    return t(failureKey(error));
  })();
  const notice = state.kind === 'signed-out' && state.reason !== 'none' ? t(`session.${state.reason}`) : null;

  return (
    <Doorway>
      <Title order={1}>{t('session.logIn')}</Title>
      <Text c="dimmed" mt={4} mb={24}>
        {t('session.welcome')}
      </Text>
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          {message ? (
            <Alert color="red" variant="light" role="alert">
              {message} {wrong ? null : <RequestId error={error} />}
            </Alert>
          ) : notice ? (
            <Text role="status" size="sm">
              {notice}
            </Text>
          ) : null}
          <TextInput
            label={t('session.username')}
            name="username"
            autoComplete="username"
            autoCapitalize="none"
            spellCheck={false}
            size="md"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
            error={checked && !username.trim() ? t('session.required') : undefined}
          />
          <PasswordInput
            label={t('session.password')}
            name="password"
            autoComplete="current-password"
            size="md"
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={checked && !password ? t('session.required') : undefined}
            visibilityToggleButtonProps={{ tabIndex: 0, 'aria-label': t('session.showPassword') }}
          />
          <Button type="submit" size="md" loading={busy} fullWidth>
            {t('session.logIn')}
          </Button>
          <Text size="sm" c="dimmed" ta="center">
            {t('session.noAccount')}{' '}
            <Anchor component={Link} to="/register" underline="always" inherit>
              {t('session.register')}
            </Anchor>
          </Text>
        </Stack>
      </form>
    </Doorway>
  );
}
