import { IconHistory } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { ChoiceFilter, TextFilter } from '../../shell/filters';
import { NoMatch, PagedList, RowSkeletons } from '../../shell/PagedList';
import records from '../../shell/records.module.css';
import { StandingMark } from '../../shell/StandingMark';
import { SubNav } from '../../shell/SubNav';
import { type BackupLogSearch, OUTCOMES } from '../../shell/searches';
import { Blank, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { isShort, useBackupsNews, useLog } from './backups';
import { LogTable } from './LogTable';
import { useStanding } from './standing';

const KINDS = ['backup', 'rehearsal'] as const;
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
      <div className={records.filters}>
        <TextFilter
          label={t('backups.node')}
          placeholder="web-1"
          value={search.node}
          onChange={(node) => show({ node })}
        />
        <TextFilter
          label={t('backups.path')}
          placeholder="/srv/data"
          value={search.path}
          onChange={(path) => show({ path })}
        />
        <ChoiceFilter
          label={t('backups.kind')}
          value={search.kind}
          choices={KINDS.map((kind) => ({ value: kind, label: t(`backups.attempt.${kind}`) }))}
          onChange={(kind) => show({ kind })}
        />
        <ChoiceFilter
          label={t('backups.how')}
          value={search.outcome}
          choices={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`backups.outcome.${outcome}`) }))}
          onChange={(outcome) => show({ outcome })}
        />
      </div>
      <section className="panel" aria-label={t('backups.logLabel')} aria-busy={log.isPending}>
        <PagedList
          list={log}
          skeleton={<RowSkeletons />}
          blank={
            filtered ? (
              <NoMatch title={t('backups.noAttemptFound')} clear={() => show(NONE)} />
            ) : (
              <Blank
                icon={<IconHistory size={40} stroke={1.25} aria-hidden />}
                title={t('backups.noAttempts')}
                body={t('backups.noAttemptsBody')}
              />
            )
          }
        >
          {(attempts) => <LogTable attempts={attempts} />}
        </PagedList>
      </section>
    </>
  );
}
