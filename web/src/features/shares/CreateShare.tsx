import { Button, Modal, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { NewShare } from '../../api/types';
import { CopyLink } from '../../shell/CopyLink';
import { endOfDay } from '../../shell/days';
import { ExpiryField } from '../../shell/ExpiryField';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { makeShare } from './shares';

interface CreateShareProps {
  file: string;
  onClose: () => void;
  onCreated: () => void;
}

/** Makes a link to one file and shows it, once. */
export function CreateShare({ file, onClose, onCreated }: CreateShareProps) {
  const { t } = useTranslation();
  const [link, setLink] = useState<string | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      // What is shown once must not be lost by a stray click.
      closeOnClickOutside={link === null}
      title={link === null ? t('share.createTitle') : t('share.ready')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      {link === null ? (
        <Form
          file={file}
          onClose={onClose}
          onMade={(url) => {
            setLink(new URL(url, location.origin).toString());
            onCreated();
          }}
        />
      ) : (
        <Stack gap={16}>
          <Text size="sm">{t('share.shownOnce')}</Text>
          <CopyLink value={link}>
            <Button variant="default" onClick={onClose}>
              {t('common.done')}
            </Button>
          </CopyLink>
        </Stack>
      )}
    </Modal>
  );
}

function Form({ file, onClose, onMade }: { file: string; onClose: () => void; onMade: (url: string) => void }) {
  const { t } = useTranslation();
  const [note, setNote] = useState('');
  const [day, setDay] = useState('');
  const [password, setPassword] = useState('');
  const [most, setMost] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);
  const limit = most === '' ? null : Number(most);
  const badLimit = limit !== null && !(Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (badLimit) return;
    setBusy(true);
    setError(null);
    const json: NewShare = {};
    if (note.trim()) json.note = note.trim();
    if (day) json.expires_at = endOfDay(day);
    if (password) json.password = password;
    if (limit !== null) json.max_downloads = limit;
    try {
      onMade((await makeShare(file, json)).url);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={16}>
        <TextInput
          label={t('session.optional', { label: t('share.note') })}
          placeholder={t('share.notePlaceholder')}
          maxLength={300}
          data-autofocus
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          error={told('note')}
        />
        <ExpiryField
          label={t('session.optional', { label: t('share.expires') })}
          value={day}
          onChange={setDay}
          error={told('expires_at')}
        />
        <PasswordInput
          label={t('session.optional', { label: t('session.password') })}
          description={t('share.passwordHint')}
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={told('password')}
          visibilityToggleButtonProps={{ tabIndex: 0, 'aria-label': t('session.showPassword') }}
        />
        <TextInput
          label={t('session.optional', { label: t('share.most') })}
          inputMode="numeric"
          maw={200}
          value={most}
          onChange={(event) => setMost(event.currentTarget.value.replace(/[^\d]/g, ''))}
          error={told('max_downloads') ?? (badLimit ? t('share.badLimit') : undefined)}
        />
        <FormEnd error={ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('share.create')} />
      </Stack>
    </form>
  );
}
