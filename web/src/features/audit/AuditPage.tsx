import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconDownload, IconHistory, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import type { AuditSearch } from '../../shell/searches';
import { Blank, Failure, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { AuditSkeletons, AuditTable } from './AuditTable';
import { downloadAudit, useAudit } from './audit';
import classes from './audit.module.css';

const OUTCOMES = ['done', 'open', 'abandoned', 'refused'] as const;
const NONE: AuditSearch = {
  user: undefined,
  file: undefined,
  direction: undefined,
  outcome: undefined,
  from: undefined,
  until: undefined,
};

/** "Registro": every transfer, whose, when, from where and how it went. One's own; administrators see all. */
export function AuditPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.audit'));
  const identity = useIdentity();
  const admin = identity.role === 'admin';
  const search = useSearch({ from: '/campus/files/audit' });
  const navigate = useNavigate({ from: '/files/audit' });
  const show = (next: AuditSearch) =>
    void navigate({ to: '/files/audit', search: (before) => ({ ...before, ...next }), replace: true });
  const audit = useAudit(search);
  const entries = audit.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.values(search).some((value) => value !== undefined);
  const [saving, setSaving] = useState(false);
  const save = async () => {
    setSaving(true);
    try {
      await downloadAudit(search, t('audit.csvName'));
    } catch (error) {
      say(t(failureKey(error)), true);
    }
    setSaving(false);
  };
  return (
    <>
      <SubNav section="files" />
      <PageHeader title={t('nav.audit')} note={t(admin ? 'audit.bodyAll' : 'audit.bodyOwn')}>
        <Button
          variant="default"
          loading={saving}
          leftSection={<IconDownload size={18} aria-hidden />}
          onClick={() => void save()}
        >
          {t('audit.csv')}
        </Button>
      </PageHeader>
      <AuditFilters search={search} admin={admin} onChange={show} />
      <section className="panel" aria-label={t('audit.listLabel')} aria-busy={audit.isPending}>
        {audit.isPending ? (
          <AuditSkeletons />
        ) : audit.isError && entries.length === 0 ? (
          <Failure error={audit.error} retry={() => void audit.refetch()} />
        ) : entries.length === 0 ? (
          <Blank
            icon={
              filtered ? (
                <IconSearchOff size={40} stroke={1.25} aria-hidden />
              ) : (
                <IconHistory size={40} stroke={1.25} aria-hidden />
              )
            }
            title={t(filtered ? 'audit.nothingFound' : 'audit.emptyTitle')}
            body={t(filtered ? 'files.nothingFoundBody' : 'audit.emptyBody')}
            action={
              filtered ? (
                <Button variant="default" onClick={() => show(NONE)}>
                  {t('files.clearFilters')}
                </Button>
              ) : undefined
            }
          />
        ) : (
          <>
            <AuditTable entries={entries} />
            {audit.isError ? (
              <Failure compact error={audit.error} retry={() => void audit.fetchNextPage()} />
            ) : (
              <ListEnd
                more={audit.hasNextPage}
                loading={audit.isFetchingNextPage}
                load={() => void audit.fetchNextPage()}
              />
            )}
          </>
        )}
      </section>
    </>
  );
}

interface AuditFiltersProps {
  search: AuditSearch;
  admin: boolean;
  onChange: (next: AuditSearch) => void;
}

function AuditFilters({ search, admin, onChange }: AuditFiltersProps) {
  const { t } = useTranslation();
  const [user, setUser] = useState(search.user ?? '');
  useEffect(() => setUser(search.user ?? ''), [search.user]);
  const find = useDebouncedCallback((name: string) => onChange({ user: name || undefined }), 300);
  return (
    <div className={classes.filters}>
      {admin ? (
        <TextInput
          label={t('audit.who')}
          placeholder={t('audit.userPlaceholder')}
          value={user}
          onChange={(event) => {
            setUser(event.currentTarget.value);
            find(event.currentTarget.value.trim());
          }}
        />
      ) : null}
      <NativeSelect
        label={t('audit.direction')}
        value={search.direction ?? ''}
        data={[
          { value: '', label: t('files.all') },
          { value: 'upload', label: t('transfers.up') },
          { value: 'download', label: t('transfers.down') },
        ]}
        onChange={(event) =>
          onChange({ direction: (event.currentTarget.value || undefined) as AuditSearch['direction'] })
        }
      />
      <NativeSelect
        label={t('audit.how')}
        value={search.outcome ?? ''}
        data={[
          { value: '', label: t('files.all') },
          ...OUTCOMES.map((outcome) => ({ value: outcome, label: t(`audit.outcome.${outcome}`) })),
        ]}
        onChange={(event) => onChange({ outcome: (event.currentTarget.value || undefined) as AuditSearch['outcome'] })}
      />
      <TextInput
        type="date"
        label={t('audit.from')}
        value={search.from ?? ''}
        max={search.until}
        onChange={(event) => onChange({ from: event.currentTarget.value || undefined })}
      />
      <TextInput
        type="date"
        label={t('audit.until')}
        value={search.until ?? ''}
        min={search.from}
        onChange={(event) => onChange({ until: event.currentTarget.value || undefined })}
      />
      {search.file === undefined ? null : (
        <Button variant="light" onClick={() => onChange({ file: undefined })}>
          {t('audit.allFiles')}
        </Button>
      )}
    </div>
  );
}
