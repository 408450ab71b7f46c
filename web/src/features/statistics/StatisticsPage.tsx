import { NativeSelect, Skeleton } from '@mantine/core';
import { IconChartBar } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { SubNav } from '../../shell/SubNav';
import type { StatisticsSearch } from '../../shell/searches';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import { Charts } from './Charts';
import { Figures } from './Figures';
import { DAYS, useStatistics } from './statistics';
import classes from './statistics.module.css';

/** What transfers amount to: the campus's for staff, one's own for everybody. */
export function StatisticsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.statistics'));
  const identity = useIdentity();
  const privileged = identity.role === 'admin' || identity.role === 'staff';
  const search = useSearch({ from: '/campus/files/statistics' });
  const navigate = useNavigate({ from: '/files/statistics' });
  const show = (next: StatisticsSearch) =>
    void navigate({ to: '/files/statistics', search: (before) => ({ ...before, ...next }), replace: true });
  const days = search.days ?? 30;
  const mine = !privileged || search.mine === true;
  const statistics = useStatistics(days, mine);
  const found = statistics.data;
  return (
    <>
      <SubNav section="files" />
      <PageHeader title={t('nav.statistics')} note={t(mine ? 'statistics.bodyOwn' : 'statistics.bodyAll')}>
        {privileged ? (
          <NativeSelect
            aria-label={t('statistics.whose')}
            value={mine ? 'mine' : 'all'}
            data={[
              { value: 'all', label: t('statistics.all') },
              { value: 'mine', label: t('statistics.mine') },
            ]}
            onChange={(event) => show({ mine: event.currentTarget.value === 'mine' || undefined })}
          />
        ) : null}
        <NativeSelect
          aria-label={t('statistics.days')}
          value={String(days)}
          data={DAYS.map((value) => ({ value: String(value), label: t('statistics.lastDays', { days: value }) }))}
          onChange={(event) => {
            const next = Number(event.currentTarget.value);
            show({ days: next === 30 ? undefined : next });
          }}
        />
      </PageHeader>
      {statistics.isPending ? (
        <div className={classes.grid} aria-busy>
          <Skeleton height={96} radius={12} className={classes.wide} />
          <Skeleton height={340} radius={12} className={classes.wide} />
          <Skeleton height={340} radius={12} />
          <Skeleton height={340} radius={12} />
        </div>
      ) : found === undefined ? (
        <div className="panel">
          <Failure error={statistics.error} retry={() => void statistics.refetch()} />
        </div>
      ) : found.transfers === 0 && found.top.length === 0 ? (
        <div className="panel">
          <Blank
            icon={<IconChartBar size={40} stroke={1.25} aria-hidden />}
            title={t('statistics.emptyTitle')}
            body={t('statistics.emptyBody')}
          />
        </div>
      ) : (
        <div className={classes.grid}>
          <Figures statistics={found} />
          <Charts statistics={found} />
        </div>
      )}
    </>
  );
}
