import { Button, TextInput } from '@mantine/core';
import { IconDownload, IconHistory } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ChoiceFilter, TextFilter } from '../../shell/filters';
import { NoMatch, PagedList, RowSkeletons } from '../../shell/PagedList';
import records from '../../shell/records.module.css';
import { SubNav } from '../../shell/SubNav';
import type { AuditSearch } from '../../shell/searches';
import { Blank, failureKey, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { AuditTable } from './AuditTable';
import { downloadAudit, useAudit } from './audit';

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
        <PagedList
          list={audit}
          skeleton={<RowSkeletons />}
          blank={
            filtered ? (
              <NoMatch title={t('audit.nothingFound')} clear={() => show(NONE)} />
            ) : (
              <Blank
                icon={<IconHistory size={40} stroke={1.25} aria-hidden />}
                title={t('audit.emptyTitle')}
                body={t('audit.emptyBody')}
              />
            )
          }
        >
          {(entries) => <AuditTable entries={entries} />}
        </PagedList>
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
  return (
    <div className={records.filters}>
      {admin ? (
        <TextFilter
          label={t('audit.who')}
          placeholder={t('audit.userPlaceholder')}
          value={search.user}
          onChange={(user) => onChange({ user })}
        />
      ) : null}
      <ChoiceFilter
        label={t('audit.direction')}
        value={search.direction}
        choices={[
          { value: 'upload', label: t('transfers.up') },
          { value: 'download', label: t('transfers.down') },
        ]}
        onChange={(direction) => onChange({ direction })}
      />
      <ChoiceFilter
        label={t('audit.how')}
        value={search.outcome}
        choices={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`audit.outcome.${outcome}`) }))}
        onChange={(outcome) => onChange({ outcome })}
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
