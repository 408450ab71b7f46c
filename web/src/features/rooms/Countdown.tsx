import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import classes from './proposal.module.css';
import { countdown, heldFor, leftOf } from './proposals';
import { campusNow } from './rooms';

const RADIUS = 20;
const AROUND = 2 * Math.PI * RADIUS;
/** From here on it is urgent. */
const SHORT = 10_000;

/** How long a proposal still holds, in milliseconds, as it passes. */
export function useLeft(request: RequestView): number {
  const [left, setLeft] = useState(() => leftOf(request, campusNow()));
  useEffect(() => {
    const look = () => setLeft(leftOf(request, campusNow()));
    look();
    const timer = setInterval(look, 250);
    return () => clearInterval(timer);
  }, [request]);
  return left;
}

/** A ring that empties, with the time left in it. */
export function Countdown({ request, left }: { request: RequestView; left: number }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const share = Math.min(1, left / Math.max(1, heldFor(request)));
  const said = t('rooms.timeLeft', { time: formats.duration(left) });
  return (
    <span className={classes.ring} data-short={left <= SHORT} role="timer" aria-label={said} title={said}>
      <svg viewBox="0 0 48 48" width={48} height={48} aria-hidden="true">
        <circle cx={24} cy={24} r={RADIUS} className={classes.track} />
        <circle
          cx={24}
          cy={24}
          r={RADIUS}
          className={classes.rest}
          strokeDasharray={AROUND}
          strokeDashoffset={AROUND * (1 - share)}
          transform="rotate(-90 24 24)"
        />
      </svg>
      <span aria-hidden>{countdown(left)}</span>
    </span>
  );
}
