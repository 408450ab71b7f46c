import { Modal, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { type FormEvent, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { GradeRecord, Semester } from '../../api/grades';
import { ApiError } from '../../api/problem';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { useIdentity } from '../session/browser';
import { type EntryFaults, type EntryForm, recordOf, slotOf } from './entry';
import { type GradesFilter, SEMESTERS } from './filter';
import { enter, useKnown, useRules } from './grades';
import classes from './list.module.css';

interface EnterGradeProps {
  /** What the list is about: what the form begins with. */
  first: GradesFilter;
  onClose: () => void;
  onEntered: () => void;
}

/** Enters grades one after the other: the course, semester and year stay. */
export function EnterGrade({ first, onClose, onEntered }: EnterGradeProps) {
  const { t } = useTranslation();
  const { role, courses: own } = useIdentity();
  const rules = useRules();
  const courses = role === 'admin' ? rules.courses : own;
  const [form, setForm] = useState<EntryForm>(() => ({
    carnet: '',
    nombre: '',
    curso: first.curso !== undefined && courses.includes(first.curso) ? first.curso : (courses[0] ?? ''),
    nota: '',
    semestre: first.semestre ?? (new Date().getMonth() < 6 ? '1S' : '2S'),
    year: String(first.year ?? new Date().getFullYear()),
  }));
  // One name for what this form says: sent twice, it is recorded once. What is changed is another record.
  const [key, setKey] = useState(() => crypto.randomUUID());
  const [faults, setFaults] = useState<EntryFaults>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [entered, setEntered] = useState<string | null>(null);
  const carnet = useRef<HTMLInputElement>(null);
  const [slot] = useDebouncedValue(JSON.stringify(slotOf(form)), 300);
  const known = useKnown(JSON.parse(slot) as ReturnType<typeof slotOf>).data;
  const change = (next: Partial<EntryForm>) => {
    setForm((before) => ({ ...before, ...next }));
    setKey(crypto.randomUUID());
    setFaults({});
    setError(null);
  };
  const told = (field: keyof GradeRecord) => {
    if (faults[field]) return t(`grades.fault.${field}`);
    return error instanceof ApiError ? error.fieldMessage(field) : undefined;
  };
  const text = (field: 'carnet' | 'nombre' | 'nota' | 'year', label: string) => ({
    label,
    value: form[field],
    error: told(field),
    autoComplete: 'off',
    onChange: (event: { currentTarget: { value: string } }) => change({ [field]: event.currentTarget.value }),
  });
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const meant = recordOf(form);
    if ('faults' in meant) {
      setFaults(meant.faults);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const { corrected } = await enter(meant.record, key);
      const { nombre, curso, nota } = meant.record;
      setEntered(t(corrected ? 'grades.enteredAgain' : 'grades.entered', { name: nombre, course: curso, grade: nota }));
      change({ carnet: '', nombre: '', nota: '' });
      carnet.current?.focus();
      onEntered();
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t('grades.enter')}
      centered
      // What is half written must not be lost by a stray click.
      closeOnClickOutside={form.carnet === '' && form.nota === ''}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <div className={classes.pair}>
            <NativeSelect
              label={t('grades.course')}
              data={courses}
              value={form.curso}
              error={told('curso')}
              onChange={(event) => change({ curso: event.currentTarget.value })}
            />
            <NativeSelect
              label={t('grades.semester')}
              data={SEMESTERS}
              value={form.semestre}
              error={told('semestre')}
              onChange={(event) => change({ semestre: event.currentTarget.value as Semester })}
            />
            <TextInput inputMode="numeric" {...text('year', t('grades.year'))} />
          </div>
          <TextInput data-autofocus ref={carnet} inputMode="numeric" {...text('carnet', t('grades.carnet'))} />
          <TextInput {...text('nombre', t('grades.name'))} />
          <TextInput inputMode="numeric" {...text('nota', t('grades.grade'))} description={t('grades.gradeHint')} />
          <div role="status" className={classes.notice}>
            {known !== undefined && form.carnet !== '' ? (
              <Text size="sm" c="var(--bedel-warn)">
                {t('grades.already', { name: known.nombre, grade: known.nota })}
              </Text>
            ) : entered === null || form.carnet !== '' ? null : (
              <Text size="sm" c="var(--bedel-good)">
                {entered}
              </Text>
            )}
          </div>
          <FormEnd
            error={ofTheWhole(error)}
            onClose={onClose}
            close={t('common.close')}
            busy={busy}
            confirm={t('grades.enterConfirm')}
          />
        </Stack>
      </form>
    </Modal>
  );
}
