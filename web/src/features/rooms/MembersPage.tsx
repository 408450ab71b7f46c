import { Button } from '@mantine/core';
import { IconBuildingBank, IconPlus } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Issued } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { SubNav } from '../../shell/SubNav';
import panelClasses from '../../shell/sidepanel.module.css';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { familiesOf } from './family';
import { MemberChanges } from './MemberChanges';
import { MemberList, MemberSkeletons } from './MemberList';
import { useMembers } from './members';
import classes from './members.module.css';

const MemberPanel = lazy(() => import('./MemberPanel').then((module) => ({ default: module.MemberPanel })));
const CreateMember = lazy(() => import('./CreateMember').then((module) => ({ default: module.CreateMember })));
const KeyFile = lazy(() => import('./KeyFile').then((module) => ({ default: module.KeyFile })));

/** Faculties and programmes: who may ask for rooms, with which key, and who changed that. */
export function MembersPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.members'));
  const formats = useFormats();
  const identity = useIdentity();
  const admin = identity.role === 'admin';
  const { member: opened } = useSearch({ from: '/campus/rooms/members' });
  const navigate = useNavigate({ from: '/rooms/members' });
  const open = (member: string | undefined) =>
    void navigate({ to: '/rooms/members', search: { member }, replace: true, resetScroll: false });
  const queries = useQueryClient();
  const members = useMembers();
  const all = members.data ?? [];
  const found = all.find((one) => one.name === opened);
  const [creating, setCreating] = useState<{ faculty: string | null } | null>(null);
  const [issued, setIssued] = useState<Issued | null>(null);
  const changed = async (made?: Issued) => {
    if (made !== undefined && made.key_file !== null) setIssued(made);
    await Promise.all(['members', 'audit'].map((what) => queries.invalidateQueries({ queryKey: ['rooms', what] })));
  };
  return (
    <div className={panelClasses.page} data-open={found !== undefined}>
      <div style={{ minWidth: 0 }}>
        <SubNav section="rooms" />
        <PageHeader
          title={t('nav.members')}
          note={
            <>
              {t('rooms.membersBody')}
              {members.isError && members.data !== undefined
                ? ` · ${t('failure.stale', { time: formats.time(members.dataUpdatedAt) })}`
                : ''}
            </>
          }
        >
          {admin ? (
            <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setCreating({ faculty: null })}>
              {t('rooms.addFaculty')}
            </Button>
          ) : null}
        </PageHeader>
        <section className="panel" aria-label={t('nav.members')} aria-busy={members.isPending}>
          {members.isPending ? (
            <MemberSkeletons />
          ) : members.data === undefined ? (
            <Failure error={members.error} retry={() => void members.refetch()} />
          ) : all.length === 0 ? (
            <Blank
              icon={<IconBuildingBank size={40} stroke={1.25} aria-hidden />}
              title={t('rooms.noMembers')}
              body={t('rooms.noMembersBody')}
            />
          ) : (
            <MemberList
              families={familiesOf(all, formats.compare)}
              opened={opened}
              onAdd={admin ? (faculty) => setCreating({ faculty }) : null}
            />
          )}
        </section>
        <div className={classes.changes}>
          <MemberChanges />
        </div>
      </div>
      <Suspense>
        {found === undefined ? null : (
          <MemberPanel
            key={found.name}
            member={found}
            admin={admin}
            onClose={() => open(undefined)}
            onChanged={changed}
          />
        )}
        {creating === null ? null : (
          <CreateMember
            faculty={creating.faculty}
            members={all}
            onClose={() => setCreating(null)}
            onCreated={(made) => {
              void changed(made);
              open(made.member.name);
            }}
          />
        )}
        {issued === null ? null : <KeyFile issued={issued} onClose={() => setIssued(null)} />}
      </Suspense>
    </div>
  );
}
