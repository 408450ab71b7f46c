import { Button, Group, Select, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { CampusFile, Visibility } from '../../api/types';
import { ExpiryField } from '../../shell/ExpiryField';
import { failureKey, RequestId } from '../../shell/states';
import { say } from '../../shell/toasts';
import { changesOf, formOf } from './changes';

const VISIBILITIES: Visibility[] = ['private', 'campus', 'public'];

export function EditFile({ file, onDone }: { file: CampusFile; onDone: () => void }) {
  const { t } = useTranslation();
  const queries = useQueryClient();
  const [form, setForm] = useState(() => formOf(file));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);

  const save = async (event: FormEvent) => {
    event.preventDefault();
    const changes = changesOf(file, form);
    if (Object.keys(changes).length === 0) {
      onDone();
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const next = await request<CampusFile>(`/files/${encodeURIComponent(file.id)}`, {
        method: 'PATCH',
        json: changes,
      });
      queries.setQueryData(['files', 'one', file.id], next);
      say(t('files.saved'));
      void queries.invalidateQueries({ queryKey: ['files', 'list'] });
      onDone();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const text = (field: 'title' | 'description' | 'category' | 'classification' | 'tags') => ({
    value: form[field],
    error: told(field),
    onChange: (event: { currentTarget: { value: string } }) => {
      const { value } = event.currentTarget;
      setForm((before) => ({ ...before, [field]: value }));
    },
  });

  return (
    <form onSubmit={save}>
      <Stack gap={16}>
        <TextInput label={t('files.rename')} placeholder={file.name} data-autofocus {...text('title')} />
        <Textarea label={t('files.description')} autosize minRows={2} maxRows={6} {...text('description')} />
        <TextInput label={t('files.category')} {...text('category')} />
        <TextInput label={t('files.classification')} {...text('classification')} />
        <TextInput label={t('files.tags')} description={t('files.tagsHint')} {...text('tags')} />
        <ExpiryField
          label={t('files.expires')}
          value={form.expires}
          onChange={(expires) => setForm((before) => ({ ...before, expires }))}
          error={told('expires_at')}
        />
        <Select
          label={t('files.visibility')}
          allowDeselect={false}
          data={VISIBILITIES.map((value) => ({ value, label: t(`files.${value}Long`) }))}
          value={form.visibility}
          onChange={(value) => value && setForm((before) => ({ ...before, visibility: value as Visibility }))}
          error={told('visibility')}
        />
        {error !== null && !(error instanceof ApiError && error.errors.length > 0) ? (
          <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
            {t(failureKey(error))} <RequestId error={error} />
          </Text>
        ) : null}
        <Group gap={8}>
          <Button type="submit" loading={busy}>
            {t('common.save')}
          </Button>
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
