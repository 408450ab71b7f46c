import { Skeleton, Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { SubNav } from '../../shell/SubNav';
import { Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { Bar } from '../transfers/Bar';
import { isUpload } from '../transfers/joining';
import { useRunningTransfers } from '../transfers/running';
import { type DatedEvent, useCampusEvents } from './events';
import { useRoleNames } from './names';
import { RoleCard } from './RoleCard';
import { useStatus } from './status';
import classes from './system.module.css';

export function SystemPage() {
  const { t } = useTranslation();
  const formats = useFormats();
  usePageTitle(t('system.title'));
  const status = useStatus();
  const { since, events } = useCampusEvents(status.data);
  const campus = status.data;

  if (campus === undefined) {
    return (
      <>
        <SubNav section="system" />
        <PageHeader title={t('system.title')} />
        {status.isError ? (
          <div className="panel">
            <Failure error={status.error} retry={() => void status.refetch()} />
          </div>
        ) : (
          <CampusSkeleton />
        )}
      </>
    );
  }
  const gateway = campus.roles.find((role) => role.role === 'gateway');
  const others = campus.roles.filter((role) => role !== gateway);
  const summary = campus.ready ? 'allReady' : campus.operating ? 'operating' : 'down';
  return (
    <>
      <SubNav section="system" />
      <PageHeader
        title={t('system.title')}
        note={
          <span role="status">
            {t(`system.${summary}`)} · {status.live ? t('system.live') : t('system.polling')}
            {status.isError ? ` · ${t('failure.stale', { time: formats.time(status.dataUpdatedAt) })}` : ''}
          </span>
        }
      />
      <h2 className="visually-hidden">{t('system.campus')}</h2>
      <div className={classes.campus} style={{ '--roles': others.length } as React.CSSProperties}>
        {gateway ? (
          <>
            <RoleCard role={gateway} door />
            <div className={classes.wires} aria-hidden />
          </>
        ) : null}
        <div className={classes.roles}>
          {others.map((role) => (
            <RoleCard key={role.role} role={role} />
          ))}
        </div>
      </div>
      {campus.roles.every((role) => role.replicas === undefined) ? (
        <Text c="dimmed" size="sm" mt={16}>
          {t('system.limited')}
        </Text>
      ) : null}
      <div className={classes.lower}>
        <section className={`panel ${classes.block}`}>
          <Title order={2}>{t('transfers.noneTitle')}</Title>
          <Transfers />
        </section>
        <section className={`panel ${classes.block}`}>
          <Title order={2}>{t('system.events')}</Title>
          <Text c="dimmed" size="sm">
            {events.length === 0 ? t('system.noEvents', { time: formats.time(since) }) : t('system.eventsBody')}
          </Text>
          {events.length === 0 ? null : <Events events={events} />}
        </section>
      </div>
    </>
  );
}

function Events({ events }: { events: DatedEvent[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const names = useRoleNames();
  const say = (event: DatedEvent): string => {
    switch (event.kind) {
      case 'state':
        return t('system.event.state', {
          id: event.id,
          from: t(`system.state.${event.from}`),
          to: t(`system.state.${event.to}`),
        });
      case 'leader':
        return t('system.event.leader', { id: event.id, role: names.name(event.role) });
      case 'roleDown':
      case 'roleUp':
        return t(`system.event.${event.kind}`, { role: names.name(event.role) });
      default:
        return t(`system.event.${event.kind}`, { id: event.id });
    }
  };
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <ol className={classes.events} tabIndex={0} aria-label={t('system.events')}>
      {events.map((event) => (
        <li key={event.key}>
          <time dateTime={new Date(event.at).toISOString()} title={formats.dateTime(event.at)}>
            {formats.time(event.at)}
          </time>
          <span>{say(event)}</span>
        </li>
      ))}
    </ol>
  );
}

function Transfers() {
  const { t } = useTranslation();
  const formats = useFormats();
  const transfers = useRunningTransfers();
  if (transfers.isPending) return <Skeleton height={40} mt={12} />;
  if (transfers.isError && transfers.data === undefined) {
    return <Failure compact error={transfers.error} retry={() => void transfers.refetch()} />;
  }
  const items = transfers.data ?? [];
  if (items.length === 0) {
    return (
      <Text c="dimmed" size="sm">
        {t('transfers.none')}
      </Text>
    );
  }
  return (
    <ul className={classes.transfers}>
      {items.map((item) => {
        const size = item.size ?? item.offset;
        const name = item.name || t(isUpload(item) ? 'transfers.up' : 'transfers.down');
        return (
          <li key={item.id}>
            <div className={classes.replicaHead}>
              <span className="ellipsis" style={{ minWidth: 0, flex: 1, fontSize: '0.875rem' }}>
                {name} · {item.user_name}
              </span>
              <Text size="xs" c="dimmed" style={{ whiteSpace: 'nowrap' }}>
                {item.state === 'transferring'
                  ? t('transfers.speed', { speed: formats.bytes(item.bytes_per_s) })
                  : t(`transfers.state.${item.state}`)}
              </Text>
            </div>
            <Bar
              value={item.offset}
              size={size}
              state={item.state === 'transferring' ? 'sending' : 'paused'}
              label={name}
            />
            <Text size="xs" c="dimmed" mt={4} className="tabular">
              {t('transfers.progress', { sent: formats.bytes(item.offset), size: formats.bytes(size) })}
            </Text>
          </li>
        );
      })}
    </ul>
  );
}

function CampusSkeleton() {
  return (
    <div className={classes.campus} aria-hidden>
      <Skeleton height={168} maw={640} mx="auto" radius={12} mb={32} />
      <div className={classes.roles}>
        <Skeleton height={220} radius={12} />
        <Skeleton height={220} radius={12} />
        <Skeleton height={220} radius={12} />
      </div>
    </div>
  );
}
