import { Button, Skeleton } from '@mantine/core';
import { IconCircleCheck, IconLockOpen, IconPlugConnectedX, IconPlus } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import type { Member } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { type Family, keyState } from './family';
import classes from './members.module.css';
import { useRoomNames } from './names';

const STATES = { admitted: IconCircleCheck, revoked: IconPlugConnectedX, open: IconLockOpen };

/** Whether a member may connect: shape, words and colour say the same. */
export function KeyMark({ member }: { member: Member }) {
  const { t } = useTranslation();
  const state = keyState(member);
  const Icon = STATES[state];
  return (
    <span className={classes.key} data-key={state}>
      <Icon size={14} aria-hidden />
      {t(`rooms.key.${state}`)}
    </span>
  );
}

/** What people call a member. */
export function useMemberName(): (member: Member) => string {
  const names = useRoomNames();
  return (member) =>
    member.title || (member.faculty === null ? names.faculty(member.name) : names.program(member.name));
}

interface MemberListProps {
  families: Family[];
  opened: string | undefined;
  /** Adds a programme to a faculty; `null` for whoever may not. */
  onAdd: ((faculty: string) => void) | null;
}

/** Faculties, each with its programmes below. */
export function MemberList({ families, opened, onAdd }: MemberListProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const nameOf = useMemberName();
  const row = (member: Member) => (
    <Link
      to="/rooms/members"
      search={{ member: member.name }}
      replace
      resetScroll={false}
      className={classes.row}
      data-member={member.name}
      data-open={member.name === opened}
    >
      <span className={classes.name}>
        {nameOf(member)}
        <small>{member.name}</small>
      </span>
      <KeyMark member={member} />
    </Link>
  );
  return (
    <ul className={classes.families}>
      {families.map(({ faculty, programs }) => (
        <li key={faculty.name}>
          <div className={classes.faculty}>
            {row(faculty)}
            {onAdd === null ? null : (
              <Button
                variant="subtle"
                color="gray"
                size="compact-sm"
                leftSection={<IconPlus size={14} aria-hidden />}
                aria-label={t('rooms.addProgramTo', { faculty: nameOf(faculty) })}
                onClick={() => onAdd(faculty.name)}
              >
                {t('rooms.addProgram')}
              </Button>
            )}
          </div>
          {programs.length === 0 ? (
            <p className={classes.none}>{t('rooms.noPrograms')}</p>
          ) : (
            <ul
              aria-label={t('rooms.programsOf', { faculty: nameOf(faculty), number: formats.number(programs.length) })}
            >
              {programs.map((program) => (
                <li key={program.name}>{row(program)}</li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}

export function MemberSkeletons() {
  return (
    <div className={classes.skeletons} aria-hidden>
      {['34%', '52%', '46%', '58%', '40%'].map((width) => (
        <Skeleton key={width} height={14} width={width} />
      ))}
    </div>
  );
}
