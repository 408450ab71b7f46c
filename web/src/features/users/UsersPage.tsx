import { ActionIcon, Button, Select, Skeleton, Table, Text, TextInput, Tooltip } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { IconSchool, IconSearch, IconTrash, IconUserPlus } from '@tabler/icons-react';
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { Page, User, UserRole } from '../../api/types';
import { withTexts } from '../../i18n';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { ListEnd } from '../../shell/ListEnd';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { ROLES } from './roles';
import classes from './users.module.css';

const CreateUser = lazy(() => import('./CreateUser').then((module) => ({ default: module.CreateUser })));
const loadStudies = withTexts('grades', () => import('./EditStudies'));
const EditStudies = lazy(() => loadStudies().then((module) => ({ default: module.EditStudies })));

function useUsers(q: string, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ['users', q],
    queryFn: ({ pageParam, signal }) =>
      request<Page<User>>('/users', { query: { q, limit: 50, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: (before) => before,
    enabled,
  });
}

export function UsersPage() {
  const { t } = useTranslation();
  usePageTitle(t('users.title'));
  const identity = useIdentity();
  const allowed = identity.role === 'admin';
  const queries = useQueryClient();
  const [typed, setTyped] = useState('');
  const [q] = useDebouncedValue(typed.trim(), 250);
  const users = useUsers(q, allowed);
  const [creating, setCreating] = useState(false);
  const [editing, setEditing] = useState<User | null>(null);
  const [removing, setRemoving] = useState<User | null>(null);
  const items = users.data?.pages.flatMap((page) => page.items) ?? [];
  const reload = () => queries.invalidateQueries({ queryKey: ['users'] });

  if (!allowed) {
    return (
      <>
        <PageHeader title={t('users.title')} />
        <div className="panel">
          <Failure error={new ApiError(403, 'about:blank', '', t('users.forbidden'), null, [], null)} />
        </div>
      </>
    );
  }
  const changeRole = async (user: User, role: UserRole) => {
    try {
      await request(`/users/${encodeURIComponent(user.id)}`, { method: 'PATCH', json: { role } });
      say(t('users.roleChanged', { name: user.username, role: t(`role.${role}`) }));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    await reload();
  };
  return (
    <>
      <PageHeader title={t('users.title')}>
        <Button leftSection={<IconUserPlus size={18} aria-hidden />} onClick={() => setCreating(true)}>
          {t('users.create')}
        </Button>
      </PageHeader>
      <TextInput
        type="search"
        maw={400}
        mb={16}
        aria-label={t('users.search')}
        placeholder={t('users.search')}
        leftSection={<IconSearch size={16} aria-hidden />}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
      <section className="panel" aria-busy={users.isPending}>
        {users.isPending ? (
          <UserSkeletons />
        ) : users.isError && items.length === 0 ? (
          <Failure error={users.error} retry={() => void users.refetch()} />
        ) : items.length === 0 ? (
          <Blank title={t('users.empty')} body={t('files.nothingFoundBody')} />
        ) : (
          <>
            <UserTable
              items={items}
              self={identity.id}
              onRole={(user, role) => void changeRole(user, role)}
              onStudies={setEditing}
              onRemove={setRemoving}
            />
            <ListEnd
              more={users.hasNextPage}
              loading={users.isFetchingNextPage}
              load={() => void users.fetchNextPage()}
            />
          </>
        )}
      </section>
      <Suspense>
        {creating ? (
          <CreateUser
            onClose={() => setCreating(false)}
            onCreated={(name) => {
              say(t('users.created', { name }));
              void reload();
            }}
          />
        ) : null}
        {editing === null ? null : (
          <EditStudies user={editing} onClose={() => setEditing(null)} onSaved={() => void reload()} />
        )}
      </Suspense>
      {removing === null ? null : (
        <Confirm
          title={t('users.removeTitle', { name: removing.username })}
          body={t('users.removeBody')}
          action={t('users.removeConfirm')}
          onConfirm={async () => {
            await request(`/users/${encodeURIComponent(removing.id)}`, { method: 'DELETE' });
            say(t('users.removed', { name: removing.username }));
            await reload();
          }}
          onClose={() => setRemoving(null)}
        />
      )}
    </>
  );
}

interface UserTableProps {
  items: User[];
  self: string;
  onRole: (user: User, role: UserRole) => void;
  onStudies: (user: User) => void;
  onRemove: (user: User) => void;
}

function UserTable({ items, self, onRole, onStudies, onRemove }: UserTableProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Table className={classes.table} verticalSpacing={8} horizontalSpacing={12} highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t('users.name')}</Table.Th>
          <Table.Th className={classes.wide}>{t('users.email')}</Table.Th>
          <Table.Th>{t('users.role')}</Table.Th>
          <Table.Th className={classes.wide}>{t('users.since')}</Table.Th>
          <Table.Th>
            <span className="visually-hidden">{t('common.actions')}</span>
          </Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((user) => (
          <Table.Tr key={user.id}>
            <Table.Td>
              <Text size="sm" fw={500}>
                {user.name || user.username}
              </Text>
              <Text size="xs" c="dimmed">
                {user.username}
              </Text>
            </Table.Td>
            <Table.Td className={classes.wide}>{user.email || t('common.none')}</Table.Td>
            <Table.Td>
              {user.id === self ? (
                <Text size="sm">
                  {t(`role.${user.role}`)} · {t('users.self')}
                </Text>
              ) : (
                <Select
                  size="xs"
                  className={classes.role}
                  allowDeselect={false}
                  aria-label={t('users.roleOf', { name: user.username })}
                  data={ROLES.map((role) => ({ value: role, label: t(`role.${role}`) }))}
                  value={user.role}
                  onChange={(role) => role && role !== user.role && onRole(user, role as UserRole)}
                />
              )}
            </Table.Td>
            <Table.Td className={classes.wide} title={formats.dateTime(user.created_at)}>
              {formats.date(user.created_at)}
            </Table.Td>
            <Table.Td ta="right" style={{ whiteSpace: 'nowrap' }}>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={32}
                aria-label={t('users.studies', { name: user.username })}
                title={t('users.studies', { name: user.username })}
                onClick={() => onStudies(user)}
              >
                <IconSchool size={18} aria-hidden />
              </ActionIcon>
              {user.id === self ? null : (
                <Tooltip label={t('users.removeConfirm')} openDelay={400}>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    size={32}
                    aria-label={t('users.remove', { name: user.username })}
                    onClick={() => onRemove(user)}
                  >
                    <IconTrash size={18} aria-hidden />
                  </ActionIcon>
                </Tooltip>
              )}
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function UserSkeletons() {
  return (
    <div style={{ padding: 16, display: 'grid', gap: 20 }} aria-hidden>
      {['40%', '52%', '36%', '48%'].map((width) => (
        <div key={width}>
          <Skeleton height={12} width={width} mb={8} />
          <Skeleton height={10} width="20%" />
        </div>
      ))}
    </div>
  );
}
