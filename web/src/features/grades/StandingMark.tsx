import { IconBroadcast, IconClockPause, IconLoader2, IconPlugConnectedX, IconWifiOff } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import type { Standing } from './figures';
import classes from './grades.module.css';

const ICONS = {
  loading: IconLoader2,
  live: IconBroadcast,
  asking: IconClockPause,
  reconnecting: IconPlugConnectedX,
  offline: IconWifiOff,
};

/** Whether the figures are live, and if not, as of when they are. */
export function StandingMark({ standing }: { standing: Standing }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const Icon = ICONS[standing.kind];
  const time = 'at' in standing ? formats.time(standing.at) : '';
  return (
    <span className={classes.standing} data-standing={standing.kind} role="status">
      <Icon size="1.1em" aria-hidden />
      {t(`grades.standing.${standing.kind}`, { time })}
    </span>
  );
}
