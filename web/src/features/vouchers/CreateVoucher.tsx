import { Button, Modal, NativeSelect, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { NewVoucher } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { CopyLink } from '../../shell/CopyLink';
import { dayOf, endOfDay } from '../../shell/days';
import { ExpiryField } from '../../shell/ExpiryField';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { makeVoucher } from './vouchers';

const LASTS = 14 * 86_400_000;
const SIZES = [100e6, 1e9, 10e9, 100e9];

/** Makes an invitation to upload and shows its link, once. */
export function CreateVoucher({ onClose, onCreated }: { onClose: () => void; onCreated: () => void }) {
  const { t } = useTranslation();
  const [link, setLink] = useState<string | null>(null);
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      // What is shown once must not be lost by a stray click.
      closeOnClickOutside={link === null}
      title={link === null ? t('voucher.createTitle') : t('voucher.ready')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      {link === null ? (
        <Form
          onClose={onClose}
          onMade={(url) => {
            setLink(new URL(url, location.origin).toString());
            onCreated();
          }}
        />
      ) : (
        <Stack gap={16}>
          <Text size="sm">{t('voucher.shownOnce')}</Text>
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

function Form({ onClose, onMade }: { onClose: () => void; onMade: (url: string) => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const [note, setNote] = useState('');
  const [day, setDay] = useState(() => dayOf(new Date(Date.now() + LASTS)));
  const [files, setFiles] = useState('10');
  const [bytes, setBytes] = useState('');
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);
  const most = Number(files);
  const badFiles = !(Number.isInteger(most) && most >= 1 && most <= 1_000);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (!note.trim() || badFiles) return;
    setBusy(true);
    setError(null);
    const json: NewVoucher = { note: note.trim(), max_files: most };
    if (day) json.expires_at = endOfDay(day);
    if (bytes) json.max_bytes = Number(bytes);
    try {
      onMade((await makeVoucher(json)).url);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={16}>
        <Textarea
          label={t('voucher.note')}
          description={t('voucher.noteHint')}
          placeholder={t('voucher.notePlaceholder')}
          autosize
          minRows={2}
          maxRows={6}
          maxLength={500}
          data-autofocus
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
          error={told('note') ?? (checked && !note.trim() ? t('session.required') : undefined)}
        />
        <ExpiryField label={t('share.expires')} value={day} onChange={setDay} error={told('expires_at')} />
        <TextInput
          label={t('voucher.maxFiles')}
          inputMode="numeric"
          maw={200}
          value={files}
          onChange={(event) => setFiles(event.currentTarget.value.replace(/[^\d]/g, ''))}
          error={told('max_files') ?? (badFiles ? t('voucher.badFiles') : undefined)}
        />
        <NativeSelect
          label={t('voucher.maxBytes')}
          maw={200}
          value={bytes}
          onChange={(event) => setBytes(event.currentTarget.value)}
          data={[
            { value: '', label: t('voucher.noLimit') },
            ...SIZES.map((size) => ({ value: String(size), label: formats.bytes(size) })),
          ]}
          error={told('max_bytes')}
        />
        <FormEnd error={ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('voucher.createConfirm')} />
      </Stack>
    </form>
  );
}
