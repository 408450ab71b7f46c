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
import { type Look, Mark } from '../../shell/Mark';

const STATES: Record<State, Look> = {
  waiting: { tone: 'warn', icon: IconHourglass },
  proposed: { tone: 'warn', icon: IconTimeline },
  accepted: { tone: 'good', icon: IconCircleCheck },
  released: { tone: 'plain', icon: IconArrowBackUp },
  rejected: { tone: 'plain', icon: IconThumbDown },
  expired: { tone: 'bad', icon: IconClockX },
  denied: { tone: 'bad', icon: IconBan },
};

/** A request's state. */
export function StateMark({ state }: { state: State }) {
  const { t } = useTranslation();
  return <Mark look={STATES[state]}>{t(`rooms.state.${state}`)}</Mark>;
}
