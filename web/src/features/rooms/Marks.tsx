import {
  IconArrowBackUp,
  IconBan,
  IconCircleCheck,
  IconClockX,
  IconHourglass,
  IconThumbDown,
  IconTimeline,
} from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { State } from '../../api/rooms';
import classes from './rooms.module.css';

const STATES = {
  waiting: { tone: 'warn', icon: IconHourglass },
  proposed: { tone: 'warn', icon: IconTimeline },
  accepted: { tone: 'good', icon: IconCircleCheck },
  released: { tone: 'plain', icon: IconArrowBackUp },
  rejected: { tone: 'plain', icon: IconThumbDown },
  expired: { tone: 'bad', icon: IconClockX },
  denied: { tone: 'bad', icon: IconBan },
} as const;

/** A request's state: shape, words and colour say the same. */
export function StateMark({ state }: { state: State }) {
  const { t } = useTranslation();
  const { tone, icon: Icon } = STATES[state];
  return (
    <span className={classes.state} data-tone={tone}>
      <Icon size={14} aria-hidden />
      {t(`rooms.state.${state}`)}
    </span>
  );
}
