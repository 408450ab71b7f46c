import { useNetwork } from '@mantine/hooks';
import { IconBroadcast, IconClockPause, IconLoader2, IconPlugConnectedX, IconWifiOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import classes from './backups.module.css';

export type Standing = { kind: 'loading' | 'failed' | 'live' } | { kind: 'asked' | 'offline'; at: number };

const ICONS = {
  loading: IconLoader2,
  failed: IconPlugConnectedX,
  live: IconBroadcast,
  asked: IconClockPause,
  offline: IconWifiOff,
};

/** What the figures of a page are: live only while the campus tells every change and the last question was answered. */
export function useStanding(query: { dataUpdatedAt: number; isError: boolean }, live: boolean): Standing {
  const { online } = useNetwork();
  const at = query.dataUpdatedAt;
  if (at === 0) return { kind: query.isError ? 'failed' : 'loading' };
  if (!online) return { kind: 'offline', at };
  return live && !query.isError ? { kind: 'live' } : { kind: 'asked', at };
}

export function StandingMark({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const Icon = ICONS[standing.kind];
  return (
    <span className={classes.standing} data-standing={standing.kind} role="status">
      <Icon size="1.1em" aria-hidden />
      {t(`backups.standing.${standing.kind}`, { time: 'at' in standing ? formats.time(standing.at) : '' })}
    </span>
  );
}
