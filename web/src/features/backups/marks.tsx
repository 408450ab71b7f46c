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
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Outcome } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import classes from './backups.module.css';
import type { Health, ProofState } from './health';

const OUTCOMES = {
  queued: { tone: 'plain', icon: IconClock },
  running: { tone: 'busy', icon: IconLoader2 },
  done: { tone: 'good', icon: IconCircleCheck },
  unchanged: { tone: 'plain', icon: IconEqual },
  failed: { tone: 'bad', icon: IconCircleX },
  unreachable: { tone: 'bad', icon: IconPlugConnectedX },
  proven: { tone: 'good', icon: IconShieldCheck },
  skipped: { tone: 'warn', icon: IconPlayerSkipForward },
} as const;

/** How an attempt stands or ended: shape, words and colour say the same. */
export function OutcomeMark({ outcome }: { outcome: Outcome }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = OUTCOMES[outcome];
  return (
    <span className={classes.mark} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {t(`backups.outcome.${outcome}`)}
    </span>
  );
}

const HEALTH = {
  running: { tone: 'busy', icon: IconLoader2 },
  damaged: { tone: 'bad', icon: IconShieldX },
  failing: { tone: 'bad', icon: IconPlugConnectedX },
  overdue: { tone: 'bad', icon: IconClockExclamation },
  never: { tone: 'warn', icon: IconAlertTriangle },
  unproven: { tone: 'plain', icon: IconCircleDashed },
  proven: { tone: 'good', icon: IconShieldCheck },
} as const;

/** How a node's path is doing. It is green only once a restore proved it. */
export function HealthMark({ health, failures }: { health: Health; failures: number }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { tone, icon: Icon } = HEALTH[health];
  return (
    <span className={classes.mark} data-tone={tone} data-health={health}>
      <Icon size={14} aria-hidden />
      {t(`backups.health.${health}`, { number: formats.number(failures) })}
    </span>
  );
}

const PROOFS = {
  proven: { tone: 'good', icon: IconShieldCheck },
  failed: { tone: 'bad', icon: IconShieldX },
  unproven: { tone: 'plain', icon: IconCircleDashed },
} as const;

/** Whether a backup was restored and compared. */
export function ProofMark({ proof }: { proof: ProofState }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = PROOFS[proof];
  return (
    <span className={classes.mark} data-tone={tone} data-proof={proof}>
      <Icon size={14} aria-hidden />
      {t(`backups.proof.${proof}`)}
    </span>
  );
}
