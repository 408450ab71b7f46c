import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { EnrolToken } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { FormEnd } from '../../shell/FormEnd';
import { makeEnrolToken } from './backups';
import { linesOf, tokenWord } from './enrolment';
import { Line } from './Line';

/** Makes a token with which one node becomes an agent, and shows it, once, in the lines that use it. */
export function EnrolNode({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [folder, setFolder] = useState('/srv');
  const [url, setUrl] = useState(window.location.origin);
  const [token, setToken] = useState<EnrolToken | null>(null);
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const noFolder = !folder.trim().startsWith('/');
  const noUrl = !/^https?:\/\/[^/\s]+\/*$/.test(url.trim());
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (noFolder || noUrl) return;
    setBusy(true);
    setError(null);
    try {
      setToken(await makeEnrolToken());
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  const lines = token === null ? null : linesOf(tokenWord(url, token), folder.trim(), t('backups.itsName'));
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      size="lg"
      // What is shown once must not be lost by a stray click.
      closeOnClickOutside={token === null}
      title={t('backups.enrol')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      {token === null || lines === null ? (
        <form onSubmit={submit} noValidate>
          <Stack gap={16}>
            <Text size="sm">{t('backups.enrolBody')}</Text>
            <TextInput
              data-autofocus
              label={t('backups.allow')}
              description={t('backups.allowHint')}
              autoComplete="off"
              spellCheck={false}
              value={folder}
              onChange={(event) => setFolder(event.currentTarget.value)}
              error={checked && noFolder ? t('backups.fault.path') : undefined}
            />
            <TextInput
              label={t('backups.campusUrl')}
              description={t('backups.campusUrlHint')}
              autoComplete="off"
              spellCheck={false}
              value={url}
              onChange={(event) => setUrl(event.currentTarget.value)}
              error={checked && noUrl ? t('backups.urlFault') : undefined}
            />
            <FormEnd error={error} onClose={onClose} busy={busy} confirm={t('backups.makeToken')} />
          </Stack>
        </form>
      ) : (
        <Stack gap={16}>
          <Text size="sm">{t('backups.tokenOnce', { time: formats.hourMinute(Date.parse(token.expires_at)) })}</Text>
          <Line label={t('backups.onNode')} text={lines[0]} first />
          <Line label={t('backups.thenRegister')} text={lines[1]} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {t('common.done')}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
