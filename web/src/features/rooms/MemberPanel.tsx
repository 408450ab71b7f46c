import { Button, Code, Group, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../../api/problem';
import type { Issued, Member } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { SidePanel } from '../../shell/SidePanel';
import { failureKey, RequestId } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { say } from '../../shell/toasts';
import { isKey, keyState } from './family';
import { KeyMark, useMemberName } from './MemberList';
import { admitKey, removeMember, renameMember, revokeKey } from './members';
import classes from './members.module.css';

interface MemberPanelProps {
  member: Member;
  admin: boolean;
  onClose: () => void;
  onChanged: (made?: Issued) => Promise<void>;
}

type Question = 'renew' | 'revoke' | 'remove';

/** One faculty or programme: its title, its key, and what may be done with them. */
export function MemberPanel({ member, admin, onClose, onChanged }: MemberPanelProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const nameOf = useMemberName();
  const [asking, setAsking] = useState<Question | null>(null);
  const name = nameOf(member);
  const state = keyState(member);
  const questions = {
    renew: async () => onChanged(await admitKey(member.name, null)),
    revoke: async () => {
      await revokeKey(member.name);
      say(t('rooms.revoked', { name }));
      await onChanged();
    },
    remove: async () => {
      await removeMember(member.name);
      say(t('rooms.removed', { name }));
      onClose();
      await onChanged();
    },
  };
  return (
    <SidePanel
      id={member.name}
      label={t('rooms.details')}
      title={name}
      closeLabel={t('rooms.closeDetails')}
      origin={`[data-member="${CSS.escape(member.name)}"]`}
      onClose={onClose}
    >
      <Stack gap={16} data-member-details={state}>
        <Text size="sm" c="dimmed">
          {t(member.faculty === null ? 'rooms.faculty' : 'rooms.program')} · {member.name}
          <br />
          {t('rooms.memberChanged', { date: formats.dateTime(member.changed_at), user: member.changed_by })}
        </Text>
        <TextLink
          to="/rooms/requests"
          search={
            member.faculty === null ? { faculty: member.name } : { faculty: member.faculty, program: member.name }
          }
          size="sm"
        >
          {t('rooms.seeRequests')}
        </TextLink>
        {admin ? <Title member={member} onChanged={onChanged} /> : null}
        <section aria-labelledby="key-heading">
          <Group justify="space-between" mb={8}>
            <h3 id="key-heading" className={classes.heading}>
              {t('rooms.keyTitle')}
            </h3>
            <KeyMark member={member} />
          </Group>
          {member.public_key === null ? (
            <Text size="sm" c="dimmed">
              {t('rooms.noKeys')}
            </Text>
          ) : (
            <Code block className={classes.z85}>
              {member.public_key}
            </Code>
          )}
          {admin && member.public_key !== null ? (
            <>
              <Group gap={8} mt={12}>
                {state === 'admitted' ? (
                  <Button variant="default" size="xs" onClick={() => setAsking('revoke')}>
                    {t('rooms.revoke')}
                  </Button>
                ) : (
                  <Admit member={member} onChanged={onChanged} />
                )}
                <Button variant="default" size="xs" onClick={() => setAsking('renew')}>
                  {t('rooms.renew')}
                </Button>
              </Group>
              <OtherKey member={member} onChanged={onChanged} />
            </>
          ) : null}
        </section>
        {admin ? (
          <Group>
            <Button variant="subtle" color="red" size="xs" onClick={() => setAsking('remove')}>
              {t(member.faculty === null ? 'rooms.removeFaculty' : 'rooms.removeProgram')}
            </Button>
          </Group>
        ) : null}
      </Stack>
      {asking === null ? null : (
        <Confirm
          title={t(`rooms.sureTitle.${asking}`, { name })}
          body={asking === 'remove' && member.faculty === null ? t('rooms.loseFaculty') : t(`rooms.sureBody.${asking}`)}
          action={t(`rooms.sureAction.${asking}`)}
          onConfirm={questions[asking]}
          onClose={() => setAsking(null)}
        />
      )}
    </SidePanel>
  );
}

type Part = Pick<MemberPanelProps, 'member' | 'onChanged'>;

function Told({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (error === null || (error instanceof ApiError && error.errors.length > 0)) return null;
  return (
    <Text size="sm" c="var(--bedel-bad)" role="alert" component="div">
      {t(failureKey(error))} <RequestId error={error} />
    </Text>
  );
}

function Title({ member, onChanged }: Part) {
  const { t } = useTranslation();
  const [title, setTitle] = useState(member.title);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await renameMember(member.name, title.trim());
      say(t('files.saved'));
      await onChanged();
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap={8}>
        <TextInput
          label={t('rooms.memberTitle')}
          flex={1}
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.currentTarget.value)}
          error={error instanceof ApiError ? error.fieldMessage('title') : undefined}
        />
        <Button type="submit" variant="default" loading={busy} disabled={title.trim() === member.title}>
          {t('common.save')}
        </Button>
      </Group>
      <Told error={error} />
    </form>
  );
}

/** A key that was revoked is admitted again. */
function Admit({ member, onChanged }: Part) {
  const { t } = useTranslation();
  const nameOf = useMemberName();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const admit = async () => {
    setBusy(true);
    setError(null);
    try {
      await onChanged(await admitKey(member.name, member.public_key));
      say(t('rooms.admitted', { name: nameOf(member) }));
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <>
      <Button variant="default" size="xs" loading={busy} onClick={() => void admit()}>
        {t('rooms.admit')}
      </Button>
      <Told error={error} />
    </>
  );
}

/** A public key that was made elsewhere takes the place of this one. */
function OtherKey({ member, onChanged }: Part) {
  const { t } = useTranslation();
  const nameOf = useMemberName();
  const [key, setKey] = useState('');
  const [fault, setFault] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!isKey(key.trim())) {
      setFault(true);
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await onChanged(await admitKey(member.name, key.trim()));
      say(t('rooms.admitted', { name: nameOf(member) }));
      setKey('');
    } catch (cause) {
      setError(cause);
    }
    setBusy(false);
  };
  return (
    <details className={classes.other}>
      <summary>{t('rooms.otherKey')}</summary>
      <form onSubmit={submit} noValidate>
        <TextInput
          label={t('rooms.publicKey')}
          description={t('rooms.publicKeyHint')}
          value={key}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setKey(event.currentTarget.value);
            setFault(false);
            setError(null);
          }}
          error={fault ? t('rooms.keyFault') : error instanceof ApiError ? error.fieldMessage('public_key') : undefined}
        />
        <Told error={error} />
        <Group justify="flex-end" mt={8}>
          <Button type="submit" variant="default" size="xs" loading={busy}>
            {t('rooms.replaceKey')}
          </Button>
        </Group>
      </form>
    </details>
  );
}
