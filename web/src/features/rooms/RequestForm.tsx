import { Autocomplete, Button, Checkbox, Group, NativeSelect, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { Equipment, NewRequest, RequestView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { failureKey, RequestId } from '../../shell/states';
import { EQUIPMENT } from './equipment';
import { facultiesWith, programsOf } from './names';
import { type Faults, type RequestForm as Form, requestOf } from './request';
import { makeRequest, tell } from './rooms';
import classes from './rooms.module.css';

const HOLDS = [60, 300, 600];

interface RequestFormProps {
  semester: string;
  semesters: string[];
  /** Requests that are known: whose faculties and programmes are offered. */
  known: RequestView[];
  onMade: (request: RequestView) => void;
}

/** Asks for rooms: the campus proposes some, or says that there are too few. */
export function RequestForm({ semester, semesters, known, onMade }: RequestFormProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const queries = useQueryClient();
  const [form, setForm] = useState<Form>(() => ({
    faculty: '',
    program: '',
    semester,
    classrooms: '7',
    labs: '2',
    seats: '',
    equipment: [],
    wait: false,
    hold: '60',
  }));
  // One name for what this form asks: sent twice, it is asked once. What is changed is another request.
  const [name, setName] = useState(newName);
  const [faults, setFaults] = useState<Faults>({});
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const change = (next: Partial<Form>) => {
    setForm((before) => ({ ...before, ...next }));
    setName(newName());
    setFaults({});
    setError(null);
  };
  const told = (field: keyof NewRequest) => {
    const fault = faults[field];
    if (fault !== undefined) return t(`rooms.fault.${fault}`);
    return error instanceof ApiError ? error.fieldMessage(field) : undefined;
  };

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const asked = requestOf(form, name);
    if ('faults' in asked) {
      setFaults(asked.faults);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const made = await makeRequest(asked.request);
      tell(queries, [made]);
      for (const what of ['inventory', 'requests', 'proposals']) {
        void queries.invalidateQueries({ queryKey: ['rooms', what] });
      }
      onMade(made);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  const text = (field: 'classrooms' | 'labs' | 'seats', label: string, fault: string | undefined) => (
    <TextInput
      label={label}
      inputMode="numeric"
      value={form[field]}
      onChange={(event) => change({ [field]: event.currentTarget.value.replace(/[^\d]/g, '') })}
      error={fault}
    />
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap={16}>
        <Autocomplete
          label={t('rooms.faculty')}
          placeholder="faculty-01"
          data={facultiesWith(known.map((one) => one.faculty))}
          value={form.faculty}
          onChange={(faculty) => change({ faculty })}
          error={told('faculty')}
        />
        <Autocomplete
          label={t('rooms.program')}
          placeholder="program-01-1"
          data={programsOf(form.faculty, known)}
          value={form.program}
          onChange={(program) => change({ program })}
          error={told('program')}
        />
        <NativeSelect
          label={t('nav.semester')}
          data={semesters}
          value={form.semester}
          onChange={(event) => change({ semester: event.currentTarget.value })}
          error={told('semester')}
        />
        <div className={classes.pair}>
          {text('classrooms', t('rooms.shapes.classroom'), told('classrooms'))}
          {text('labs', t('rooms.shapes.lab'), told('labs'))}
        </div>
        {text('seats', t('rooms.minimumSeats'), told('minimum_capacity'))}
        <Checkbox.Group
          label={t('rooms.equipment')}
          value={form.equipment}
          onChange={(equipment) => change({ equipment: equipment as Equipment[] })}
          error={told('equipment')}
        >
          <Stack gap={8} mt={8}>
            {EQUIPMENT.map((one) => (
              <Checkbox key={one} value={one} label={t(`rooms.has.${one}`)} />
            ))}
          </Stack>
        </Checkbox.Group>
        <NativeSelect
          label={t('rooms.hold')}
          data={HOLDS.map((seconds) => ({
            value: String(seconds),
            label: t('rooms.minutes', { number: formats.number(seconds / 60) }),
          }))}
          value={form.hold}
          onChange={(event) => change({ hold: event.currentTarget.value })}
          error={told('hold_s')}
        />
        <Checkbox
          label={t('rooms.wait')}
          description={t('rooms.waitHint')}
          checked={form.wait}
          onChange={(event) => change({ wait: event.currentTarget.checked })}
        />
        {error === null || (error instanceof ApiError && error.errors.length > 0) ? null : (
          <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
            {t(failureKey(error))} <RequestId error={error} />
          </Text>
        )}
        <Group justify="flex-end">
          <Button type="submit" loading={busy}>
            {t('rooms.askConfirm')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function newName(): string {
  return `portal-${crypto.randomUUID()}`;
}
