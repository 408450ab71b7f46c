import { Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { Issued, Member } from '../../api/rooms';
import { FormEnd, ofTheWhole } from '../../shell/FormEnd';
import { memberFaults, nextName } from './family';
import { createMember } from './members';

interface CreateMemberProps {
  /** A programme of this one; `null`: a faculty. */
  faculty: string | null;
  members: Member[];
  onClose: () => void;
  onCreated: (made: Issued) => void;
}

/** Makes a faculty or a programme, with a key that is made for it unless it has one. */
export function CreateMember({ faculty, members, onClose, onCreated }: CreateMemberProps) {
  const { t } = useTranslation();
  const [name, setName] = useState(() => nextName(members, faculty));
  const [title, setTitle] = useState('');
  const [publicKey, setPublicKey] = useState('');
  const [checked, setChecked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const form = { name: name.trim(), publicKey: publicKey.trim() };
  const faults = checked ? memberFaults(form) : [];
  const change = (set: (value: string) => void) => (event: { currentTarget: { value: string } }) => {
    set(event.currentTarget.value);
    setError(null);
  };
  const told = (field: string) => (error instanceof ApiError ? error.fieldMessage(field) : undefined);
  const taken = error instanceof ApiError && error.status === 409;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setChecked(true);
    if (memberFaults(form).length > 0) return;
    setBusy(true);
    setError(null);
    try {
      const made = await createMember({
        name: form.name,
        ...(faculty === null ? {} : { faculty }),
        ...(title.trim() === '' ? {} : { title: title.trim() }),
        ...(form.publicKey === '' ? {} : { public_key: form.publicKey }),
      });
      onClose();
      onCreated(made);
    } catch (cause) {
      setError(cause);
      setBusy(false);
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      centered
      title={t(faculty === null ? 'rooms.addFaculty' : 'rooms.addProgram')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
      styles={{ title: { fontWeight: 600 } }}
    >
      <form onSubmit={submit} noValidate>
        <Stack gap={16}>
          <TextInput
            data-autofocus
            label={t('rooms.keyName')}
            description={t('rooms.keyNameHint')}
            autoComplete="off"
            value={name}
            onChange={change(setName)}
            error={faults.includes('name') ? t('rooms.fault.name') : taken ? t('rooms.nameTaken') : told('name')}
          />
          <TextInput
            label={t('session.optional', { label: t('rooms.memberTitle') })}
            autoComplete="off"
            maxLength={200}
            value={title}
            onChange={change(setTitle)}
            error={told('title')}
          />
          <TextInput
            label={t('session.optional', { label: t('rooms.publicKey') })}
            description={t('rooms.publicKeyNew')}
            autoComplete="off"
            spellCheck={false}
            value={publicKey}
            onChange={change(setPublicKey)}
            error={faults.includes('public_key') ? t('rooms.keyFault') : told('public_key')}
          />
          <FormEnd error={taken ? null : ofTheWhole(error)} onClose={onClose} busy={busy} confirm={t('common.add')} />
        </Stack>
      </form>
    </Modal>
  );
}
