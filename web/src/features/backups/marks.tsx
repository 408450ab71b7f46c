import {
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleDashed,
  IconCircleX,
  IconClock,
  IconClockExclamation,
  IconEqual,
  IconLoader2,
  IconPlayerSkipForward,
  IconPlugConnectedX,
  IconShieldCheck,
  IconShieldX,
  IconZoomExclamation,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Outcome } from '../../api/backups';
import { type Look, Mark } from '../../shell/Mark';
import type { Health, ProofState } from './health';

const OUTCOMES: Record<Outcome, Look> = {
  queued: { tone: 'plain', icon: IconClock },
  running: { tone: 'busy', icon: IconLoader2 },
  done: { tone: 'good', icon: IconCircleCheck },
  unchanged: { tone: 'plain', icon: IconEqual },
  failed: { tone: 'bad', icon: IconCircleX },
  unreachable: { tone: 'bad', icon: IconPlugConnectedX },
  proven: { tone: 'good', icon: IconShieldCheck },
  skipped: { tone: 'warn', icon: IconPlayerSkipForward },
};

/** How an attempt stands or ended: shape, words and colour say the same. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation();
  return <Mark look={OUTCOMES[outcome]}>{t(`backups.outcome.${outcome}`)}</Mark>;
}

const HEALTH: Record<Health, Look> = {
  running: { tone: 'busy', icon: IconLoader2 },
  damaged: { tone: 'bad', icon: IconShieldX },
  failing: { tone: 'bad', icon: IconPlugConnectedX },
  overdue: { tone: 'bad', icon: IconClockExclamation },
  odd: { tone: 'warn', icon: IconZoomExclamation },
  never: { tone: 'warn', icon: IconAlertTriangle },
  unproven: { tone: 'plain', icon: IconCircleDashed },
  proven: { tone: 'good', icon: IconShieldCheck },
};

/** How a node's path is doing. It is green only once a restore proved it. */
export function HealthMark({ health }: { health: Health }) {
  const { t } = useTranslation();
  return (
    <Mark look={HEALTH[health]} data-health={health}>
      {t(`backups.health.${health}`)}
    </Mark>
  );
}

const PROOFS: Record<ProofState, Look> = {
  proven: { tone: 'good', icon: IconShieldCheck },
  failed: { tone: 'bad', icon: IconShieldX },
  unproven: { tone: 'plain', icon: IconCircleDashed },
};

/** Whether a backup was restored and compared. */
export function ProofMark({ proof }: { proof: ProofState }) {
  const { t } = useTranslation();
  return (
    <Mark look={PROOFS[proof]} data-proof={proof}>
      {t(`backups.proof.${proof}`)}
    </Mark>
  );
}
