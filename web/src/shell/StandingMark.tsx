import { IconBroadcast, IconClockPause, IconLoader2, IconPlugConnectedX, IconWifiOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../i18n/format';
import classes from './mark.module.css';

/** Whether the figures of a page are live, and if not, as of when they are. */
export type Standing =
  | { kind: 'loading' | 'failed' | 'live' }
  | { kind: 'asked' | 'asking' | 'reconnecting' | 'offline'; at: number };

const ICONS = {
  loading: IconLoader2,
  failed: IconPlugConnectedX,
  live: IconBroadcast,
  asked: IconClockPause,
  asking: IconClockPause,
  reconnecting: IconPlugConnectedX,
  offline: IconWifiOff,
};

/** {@link Standing} in words. */
export function StandingMark({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const Icon = ICONS[standing.kind];
  const time = 'at' in standing ? formats.time(standing.at) : '';
  return (
    <span className={classes.standing} data-standing={standing.kind} role="status">
      <Icon size="1.1em" aria-hidden />
      {t(`standing.${standing.kind}`, { time })}
    </span>
  );
}
