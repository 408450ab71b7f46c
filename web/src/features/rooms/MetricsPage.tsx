import { Button, Skeleton, Text } from '@mantine/core';
import { IconGauge } from '@tabler/icons-react';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Metrics } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Confirm } from '../../shell/Confirm';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { say } from '../../shell/toasts';
import { usePageTitle } from '../../shell/usePageTitle';
import { useIdentity } from '../session/browser';
import statistics from '../statistics/statistics.module.css';
import { ReplicaMark } from '../system/StateMark';
import { useStatus } from '../system/status';
import { Results, Times } from './MetricsCharts';
import classes from './metrics.module.css';
import { promote, useMetrics, useRoomsNews } from './rooms';

const HistoryCharts = lazy(() => import('./HistoryCharts').then((module) => ({ default: module.HistoryCharts })));

/** Who leads, how quickly the campus answers for rooms, and what became of what was asked. */
export function MetricsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.metrics'));
  const formats = useFormats();
  const identity = useIdentity();
  useRoomsNews();
  const metrics = useMetrics();
  const [changing, setChanging] = useState(false);
  const queries = useQueryClient();
  const found = metrics.data;
  return (
    <>
      <SubNav section="rooms" />
      <PageHeader
        title={t('nav.metrics')}
        note={
          <>
            {t('rooms.metricsBody')}
            {found !== undefined && metrics.isError
              ? ` · ${t('failure.stale', { time: formats.time(metrics.dataUpdatedAt) })}`
              : ''}
          </>
        }
      >
        {identity.role === 'admin' && found?.now.leader ? (
          <Button variant="default" onClick={() => setChanging(true)}>
            {t('rooms.promote')}
          </Button>
        ) : null}
      </PageHeader>
      {metrics.isPending ? (
        <div className={classes.grid} aria-busy>
          <Skeleton height={96} radius={12} className={classes.wide} />
          <Skeleton height={340} radius={12} />
          <Skeleton height={340} radius={12} />
        </div>
      ) : found === undefined ? (
        <div className="panel">
          <Failure error={metrics.error} retry={() => void metrics.refetch()} />
        </div>
      ) : found.now.leader === null && found.now.requests.length === 0 ? (
        <div className="panel">
          <Blank
            icon={<IconGauge size={40} stroke={1.25} aria-hidden />}
            title={t('rooms.noMetrics')}
            body={t('rooms.noMetricsBody')}
          />
        </div>
      ) : (
        <div className={classes.grid}>
          <Figures metrics={found.now} />
          <Times what="proposal" title={t('rooms.proposalTimes')} samples={found.samples} />
          <Times what="resolution" title={t('rooms.resolutionTimes')} samples={found.samples} />
          <Results metrics={found.now} />
          <Servers metrics={found.now} />
          <Refusals metrics={found.now} />
          <Suspense>
            <HistoryCharts />
          </Suspense>
        </div>
      )}
      {changing ? (
        <Confirm
          title={t('rooms.promoteTitle')}
          body={t('rooms.promoteBody')}
          action={t('rooms.promote')}
          onConfirm={async () => {
            const { epoch } = await promote();
            say(t('rooms.promoted', { epoch: formats.number(epoch) }));
            await queries.invalidateQueries({ queryKey: ['rooms', 'metrics'] });
          }}
          onClose={() => setChanging(false)}
        />
      ) : null}
    </>
  );
}

function Figures({ metrics }: { metrics: Metrics }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const asked = metrics.requests.reduce((sum, { count }) => sum + count, 0);
  const ms = (value: number, count: number) =>
    count === 0 ? t('common.none') : t('rooms.ms', { number: formats.number(value, value < 10 ? 1 : 0) });
  const figures: [string, string, string?][] = [
    [t('rooms.leader'), metrics.leader?.server ?? t('common.none'), metrics.leader?.endpoint],
    [t('rooms.epoch'), metrics.leader === null ? t('common.none') : formats.number(metrics.leader.epoch)],
    [t('rooms.askedEver'), formats.number(asked)],
    [
      t('rooms.proposalShort'),
      ms(metrics.proposal.p50_ms, metrics.proposal.count),
      t('rooms.p99', { time: ms(metrics.proposal.p99_ms, metrics.proposal.count) }),
    ],
    [
      t('rooms.resolutionShort'),
      ms(metrics.resolution.p50_ms, metrics.resolution.count),
      t('rooms.p99', { time: ms(metrics.resolution.p99_ms, metrics.resolution.count) }),
    ],
  ];
  return (
    <dl className={`panel ${statistics.figures} ${classes.wide}`} style={{ overflowWrap: 'anywhere' }}>
      {figures.map(([label, value, more]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value}
            {more === undefined ? null : <small>{more}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** The servers as they are now, and what happened to them. */
function Servers({ metrics }: { metrics: Metrics }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const status = useStatus();
  const replicas = status.data?.roles.find((role) => role.role === 'rooms-server')?.replicas ?? [];
  const known = ['leads', 'follows', 'hands-over', 'ends'] as const;
  return (
    <section className={`panel ${classes.block}`} aria-labelledby="servers-heading">
      <h2 id="servers-heading">{t('rooms.servers')}</h2>
      {replicas.length === 0 ? null : (
        <ul className={classes.events} style={{ marginBottom: 12 }}>
          {replicas.map((replica) => (
            <li key={replica.id} style={{ gridTemplateColumns: 'minmax(0, 1fr) auto' }}>
              <span>
                {replica.id}
                <small>
                  {replica.id === metrics.leader?.server ? `${t('system.leader')} · ` : ''}
                  {t('rooms.upFor', { time: formats.duration(replica.uptime_ms) })}
                </small>
              </span>
              <span>
                <ReplicaMark state={replica.state} />
              </span>
            </li>
          ))}
        </ul>
      )}
      {metrics.servers.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t('rooms.noEvents')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ol className={classes.events} tabIndex={0} aria-label={t('rooms.servers')}>
          {metrics.servers.map(({ server, event, epoch, at }) => {
            const name = known.find((one) => one === event);
            return (
              <li key={`${at} ${server} ${event} ${epoch}`}>
                <time dateTime={at} title={formats.dateTime(at)}>
                  {formats.dayMonth(at)} {formats.time(Date.parse(at))}
                </time>
                <span>
                  {name === undefined ? `${server}: ${event}` : t(`rooms.event.${name}`, { server })}
                  <small>{t('rooms.inEpoch', { epoch: formats.number(epoch) })}</small>
                </span>
              </li>
            );
          })}
        </ol>
      )}
    </section>
  );
}

/** Who tried to connect without being admitted. */
function Refusals({ metrics }: { metrics: Metrics }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <section className={`panel ${classes.block} ${classes.wide}`} aria-labelledby="refusals-heading">
      <h2 id="refusals-heading">{t('rooms.refused', { number: formats.number(metrics.refused) })}</h2>
      {metrics.refusals.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t('rooms.noRefusals')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <ol className={classes.events} tabIndex={0} aria-labelledby="refusals-heading">
          {metrics.refusals.map(({ address, reason, at }, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two may be alike, and the newest is always first
            <li key={index}>
              <time dateTime={at} title={formats.dateTime(at)}>
                {formats.dayMonth(at)} {formats.time(Date.parse(at))}
              </time>
              <span>
                {address}
                <small lang="en">{reason}</small>
              </span>
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
