import { Skeleton, Stack, Text } from '@mantine/core';
import { IconBell, IconCrown, IconDeviceDesktopOff, IconDoorOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { SubNav } from '../../shell/SubNav';
import { Blank, Failure, PageHeader } from '../../shell/states';
import { usePageTitle } from '../../shell/usePageTitle';
import { useAlerts, useRoomsNews } from './rooms';
import classes from './rooms.module.css';

const ICONS = {
  'rooms-exhausted': IconDoorOff,
  'labs-exhausted': IconDeviceDesktopOff,
  takeover: IconCrown,
} as const;

/** What somebody should know about the rooms, newest first. */
export function AlertsPage() {
  const { t } = useTranslation();
  usePageTitle(t('nav.alerts'));
  const formats = useFormats();
  const live = useRoomsNews();
  const alerts = useAlerts();
  const items = alerts.data?.items ?? [];
  return (
    <>
      <SubNav section="rooms" />
      <PageHeader
        title={t('nav.alerts')}
        note={
          <>
            {t('rooms.alertsBody')} · {t(live ? 'system.live' : 'system.polling')}
            {alerts.isError && items.length > 0
              ? ` · ${t('failure.stale', { time: formats.time(alerts.dataUpdatedAt) })}`
              : ''}
          </>
        }
      />
      <section className="panel" aria-label={t('nav.alerts')} aria-busy={alerts.isPending}>
        {alerts.isPending ? (
          <Stack p={16} aria-hidden>
            <Skeleton height={44} />
            <Skeleton height={44} />
            <Skeleton height={44} />
          </Stack>
        ) : alerts.isError && items.length === 0 ? (
          <Failure error={alerts.error} retry={() => void alerts.refetch()} />
        ) : items.length === 0 ? (
          <Blank
            icon={<IconBell size={40} stroke={1.25} aria-hidden />}
            title={t('rooms.noAlerts')}
            body={t('rooms.noAlertsBody')}
          />
        ) : (
          <ol className={classes.list}>
            {items.map((alert) => {
              const Icon = ICONS[alert.kind];
              return (
                <li key={`${alert.at} ${alert.kind} ${alert.detail}`} className={classes.alert} data-alert={alert.kind}>
                  <Icon size={20} stroke={1.75} aria-hidden />
                  <div>
                    <Text fw={500} size="sm">
                      {t(`rooms.alert.${alert.kind}`)}
                    </Text>
                    <Text size="xs" c="dimmed" lang="en">
                      {alert.detail}
                    </Text>
                  </div>
                  <time dateTime={alert.at} title={formats.dateTime(alert.at)}>
                    {formats.date(alert.at)}
                    <br />
                    {formats.time(Date.parse(alert.at))}
                  </time>
                </li>
              );
            })}
          </ol>
        )}
      </section>
    </>
  );
}
