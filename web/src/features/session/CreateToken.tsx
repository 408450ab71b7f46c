import { Button, Chip, Code, CopyButton, Group, Input, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { IconCheck, IconCopy } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { MadeToken, NewToken } from '../../api/types';
import { FormEnd } from '../../shell/FormEnd';
import { useIdentity } from './browser';
import { DAYS, scopesFor } from './scopes';
import classes from './tokens.module.css';

/** Makes an API token and shows it, once. */
export function CreateToken({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const { t } = useTranslation();
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      // What is shown once must not be lost by a stray click.
      closeOnClickOutside={secret === null}
      title={secret === null ? t('tokens.create') : t('tokens.secret')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      {secret === null ? (
        <Form
          onClose={onClose}
          onMade={(token) => {
            setSecret(token);
            onCreated();
          }}
        />
      ) : (
        <Stack gap={16}>
          <Text size="sm">{t('tokens.shownOnce')}</Text>
          <Code block className={classes.secret}>
            {secret}
          </Code>
          <Group justify="space-between" gap={8}>
            <CopyButton value={secret}>
              {({ copied, copy }) => (
                <Button
                  variant="default"
                  onClick={copy}
                  leftSection={copied ? <IconCheck size={16} aria-hidden /> : <IconCopy size={16} aria-hidden />}
                >
                  {copied ? t('common.copied') : t('common.copy')}
                </Button>
              )}
            </CopyButton>
            <Button onClick={onClose}>{t('tokens.done')}</Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}

function Form({ onClose, onMade }: { onClose: () => void; onMade: (token: string) => void }) {
  const { t } = useTranslation();
  const { role } = useIdentity();
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['files:read']);
  const [days, setDays] = useState(90);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!name.trim() || scopes.length === 0) return;
    setBusy(true);
    setError(null);
    try {
      const json: NewToken = { name: name.trim(), scopes, expires_in_days: days };
      onMade((await request<MadeToken>('/tokens', { method: 'POST', json })).token);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={16}>
        <TextInput
          label={t('tokens.name')}
          placeholder={t('tokens.namePlaceholder')}
          maxLength={200}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={told('name') ?? (checked && !name.trim() ? t('session.required') : undefined)}
        />
        <fieldset className={classes.scopes}>
          <Input.Label component="legend">{t('tokens.scopes')}</Input.Label>
          <Chip.Group multiple value={scopes} onChange={setScopes}>
            {scopesFor(role).map(({ scope, label }) => (
              <Chip key={scope} value={scope} variant="outline">
                {t(label)}
              </Chip>
            ))}
          </Chip.Group>
          {checked && scopes.length === 0 ? <Input.Error mt={4}>{t('tokens.noScope')}</Input.Error> : null}
        </fieldset>
        <Select
          label={t('tokens.lasts')}
          allowDeselect={false}
          data={DAYS.map((value) => ({ value: String(value), label: t('common.days', { days: value }) }))}
          value={String(days)}
          onChange={(value) => setDays(Number(value))}
        />
        <FormEnd error={error} onClose={onClose} busy={busy} confirm={t('tokens.createConfirm')} />
      </Stack>
    </form>
  );
}
