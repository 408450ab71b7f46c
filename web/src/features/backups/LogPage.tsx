import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconHistory, IconSearchOff } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ListEnd } from '../../shell/ListEnd';
import { SubNav } from '../../shell/SubNav';
import { type BackupLogSearch, OUTCOMES } from '../../shell/searches';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import auditClasses from '../audit/audit.module.css';
import { isShort, useBackupsNews, useLog } from './backups';
import { LogSkeletons, LogTable } from './LogTable';
import { StandingMark, useStanding } from './StandingMark';

const NONE: BackupLogSearch = { node: undefined, path: undefined, outcome: undefined, kind: undefined };

/** Every attempt to back up there ever was: when, what came of it, and why. */
export function LogPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.backupLog'));
  const search = useSearch({ from: '/campus/backups/log' });
  const navigate = useNavigate({ from: '/backups/log' });
  const show = (next: BackupLogSearch) =>
    void navigate({ to: '/backups/log', search: (before) => ({ ...before, ...next }), replace: true });
  const live = useBackupsNews();
  const log = useLog(search);
  const standing = useStanding(log, live && isShort(log.data));
  const attempts = log.data?.pages.flatMap((page) => page.items) ?? [];
  const filtered = Object.values(search).some((value) => value !== undefined);
  return (
    <>
      <SubNav section="backups" />
      <PageHeader
        title={t('nav.backupLog')}
        note={
          <>
            {t('backups.logBody')} · <StandingMark standing={standing} />
          </>
        }
      />
      <LogFilters search={search} onChange={show} />
      <section className="panel" aria-label={t('backups.logLabel')} aria-busy={log.isPending}>
        {log.isPending ? (
          <LogSkeletons />
        ) : log.isError && attempts.length === 0 ? (
          <Failure error={log.error} retry={() => void log.refetch()} />
        ) : attempts.length === 0 ? (
          <Blank
            icon={
              filtered ? (
                <IconSearchOff size={40} stroke={1.25} aria-hidden />
              ) : (
                <IconHistory size={40} stroke={1.25} aria-hidden />
              )
            }
            title={t(filtered ? 'backups.noAttemptFound' : 'backups.noAttempts')}
            body={t(filtered ? 'files.nothingFoundBody' : 'backups.noAttemptsBody')}
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
            <LogTable attempts={attempts} />
            {log.isError ? (
              <Failure compact error={log.error} retry={() => void log.fetchNextPage()} />
            ) : (
              <ListEnd more={log.hasNextPage} loading={log.isFetchingNextPage} load={() => void log.fetchNextPage()} />
            )}
          </>
        )}
      </section>
    </>
  );
}

interface LogFiltersProps {
  search: BackupLogSearch;
  onChange: (next: BackupLogSearch) => void;
}

function LogFilters({ search, onChange }: LogFiltersProps) {
  const { t } = useTranslation();
  const [node, setNode] = useState(search.node ?? '');
  const [path, setPath] = useState(search.path ?? '');
  useEffect(() => setNode(search.node ?? ''), [search.node]);
  useEffect(() => setPath(search.path ?? ''), [search.path]);
  const find = useDebouncedCallback((next: BackupLogSearch) => onChange(next), 300);
  return (
    <div className={auditClasses.filters}>
      <TextInput
        label={t('backups.node')}
        placeholder="web-1"
        spellCheck={false}
        value={node}
        onChange={(event) => {
          setNode(event.currentTarget.value);
          find({ node: event.currentTarget.value.trim() || undefined });
        }}
      />
      <TextInput
        label={t('backups.path')}
        placeholder="/srv/data"
        spellCheck={false}
        value={path}
        onChange={(event) => {
          setPath(event.currentTarget.value);
          find({ path: event.currentTarget.value.trim() || undefined });
        }}
      />
      <NativeSelect
        label={t('backups.kind')}
        value={search.kind ?? ''}
        data={[
          { value: '', label: t('files.all') },
          { value: 'backup', label: t('backups.attempt.backup') },
          { value: 'rehearsal', label: t('backups.attempt.rehearsal') },
        ]}
        onChange={(event) => onChange({ kind: (event.currentTarget.value || undefined) as BackupLogSearch['kind'] })}
      />
      <NativeSelect
        label={t('backups.how')}
        value={search.outcome ?? ''}
        data={[
          { value: '', label: t('files.all') },
          ...OUTCOMES.map((outcome) => ({ value: outcome, label: t(`backups.outcome.${outcome}`) })),
        ]}
        onChange={(event) =>
          onChange({ outcome: (event.currentTarget.value || undefined) as BackupLogSearch['outcome'] })
        }
      />
    </div>
  );
}
