import {
  IconAlertTriangle,
  IconCircleCheck,
  IconLoader2,
  IconPlugConnectedX,
  IconRotateClockwise,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { ReplicaState } from '../../api/types';
import { type Look, Mark } from '../../shell/Mark';
import type { Health } from './status';

const REPLICA: Record<ReplicaState, Look> = {
  ready: { tone: 'good', icon: IconCircleCheck },
  starting: { tone: 'warn', icon: IconLoader2 },
  draining: { tone: 'warn', icon: IconLoader2 },
  unready: { tone: 'warn', icon: IconAlertTriangle },
  backoff: { tone: 'bad', icon: IconPlugConnectedX },
};

const HEALTH: Record<Health, Look> = {
  ready: { tone: 'good', icon: IconCircleCheck },
  partly: { tone: 'warn', icon: IconAlertTriangle },
  notReady: { tone: 'bad', icon: IconPlugConnectedX },
};

const FRESH: Look = { tone: 'warn', icon: IconRotateClockwise };

/** A replica's state. */
export function ReplicaMark({ state }: { state: ReplicaState }) {
  const { t } = useTranslation();
  return <Mark look={REPLICA[state]}>{t(`system.state.${state}`)}</Mark>;
}

export function HealthMark({ health }: { health: Health }) {
  const { t } = useTranslation();
  return <Mark look={HEALTH[health]}>{t(`system.${health}`)}</Mark>;
}

export function FreshMark() {
  const { t } = useTranslation();
  return <Mark look={FRESH}>{t('system.fresh')}</Mark>;
}
