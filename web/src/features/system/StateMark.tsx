import {
  IconAlertTriangle,
  IconCircleCheck,
  IconLoader2,
  IconPlugConnectedX,
  IconRotateClockwise,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ReplicaState } from '../../api/types';
import type { Health } from './status';
import classes from './system.module.css';

const REPLICA = {
  ready: { tone: 'good', icon: IconCircleCheck },
  starting: { tone: 'warn', icon: IconLoader2 },
  draining: { tone: 'warn', icon: IconLoader2 },
  unready: { tone: 'warn', icon: IconAlertTriangle },
  backoff: { tone: 'bad', icon: IconPlugConnectedX },
} as const;

const HEALTH = {
  ready: { tone: 'good', icon: IconCircleCheck },
  partly: { tone: 'warn', icon: IconAlertTriangle },
  notReady: { tone: 'bad', icon: IconPlugConnectedX },
} as const;

/** A replica's state: shape, words and colour say the same. */
export function ReplicaMark({ state }: { state: ReplicaState }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = REPLICA[state];
  return (
    <span className={classes.state} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {t(`system.state.${state}`)}
    </span>
  );
}

export function HealthMark({ health }: { health: Health }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = HEALTH[health];
  return (
    <span className={classes.state} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {t(`system.${health}`)}
    </span>
  );
}

export function FreshMark() {
  const { t } = useTranslation();
  return (
    <span className={classes.state} data-tone="warn">
      <IconRotateClockwise size={14} aria-hidden />
      {t('system.fresh')}
    </span>
  );
}
