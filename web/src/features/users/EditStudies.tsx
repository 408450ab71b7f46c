import { Checkbox, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { User } from '../../api/types';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { useRules } from '../grades/grades';

interface EditStudiesProps {
  user: User;
  onClose: () => void;
  onSaved: () => void;
}

/** Whose grades a student sees, and of which courses a professor enters them. */
export function EditStudies({ user, onClose, onSaved }: EditStudiesProps) {
  const { t } = useTranslation();
  const rules = useRules();
  const [carnet, setCarnet] = useState(user.carnet ? String(user.carnet) : '');
  const [courses, setCourses] = useState<string[]>(user.courses ?? []);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const choices = [...new Set([...rules.courses, ...(user.courses ?? [])])];
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      const json = { carnet: carnet === '' ? null : Number(carnet), courses };
      await request(`/users/${encodeURIComponent(user.id)}`, { method: 'PATCH', json });
      onSaved();
      onClose();
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const taken = error instanceof ApiError && error.status === 409;
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      title={t('users.studies', { name: user.username })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <TextInput
            data-autofocus
            label={t('grades.carnet')}
            description={t('grades.carnetHint')}
            inputMode="numeric"
            value={carnet}
            onChange={(event) => {
              setCarnet(event.currentTarget.value.replace(/\D/g, '').slice(0, 15));
              setError(null);
            }}
            error={taken ? t('grades.carnetTaken') : told('carnet')}
          />
          <Checkbox.Group
            label={t('grades.courses')}
            description={t('grades.coursesHint')}
            value={courses}
            onChange={setCourses}
            error={told('courses')}
          >
            <Group gap={16} mt={8}>
              {choices.map((course) => (
                <Checkbox key={course} value={course} label={course} />
              ))}
            </Group>
          </Checkbox.Group>
          <FormEnd error={taken ? null : ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('common.save')} />
        </Stack>
      </form>
    </Modal>
  );
}
