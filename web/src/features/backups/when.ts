import { useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { localeFor } from '../../i18n/format';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface When {
  /** `hace 2 h`, `dentro de 25 min`, `ahora`. */
  relative(iso: string, now: number): string;
  /** `15 min`, `6 h`, `1 día`. */
  every(minutes: number): string;
}

export function whenFor(locale: string): When {
  const now = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' }).format(0, 'second');
  const distance = new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' });
  const unit = (value: number, name: 'minute' | 'hour' | 'day') =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short' }).format(value);
  return {
    relative(iso, at) {
      const seconds = (Date.parse(iso) - at) / 1000;
      const away = Math.abs(seconds);
      if (away < MINUTE) return now;
      if (away < HOUR) return distance.format(Math.trunc(seconds / MINUTE), 'minute');
      if (away < 2 * DAY) return distance.format(Math.trunc(seconds / HOUR), 'hour');
      return distance.format(Math.trunc(seconds / DAY), 'day');
    },
    every(minutes) {
      if (minutes % (DAY / MINUTE) === 0) return unit(minutes / (DAY / MINUTE), 'day');
      return minutes % MINUTE === 0 ? unit(minutes / MINUTE, 'hour') : unit(minutes, 'minute');
    },
  };
}

/** Ages and intervals in the person's language. */
export function useWhen(): When {
  const { i18n } = useTranslation();
  return useMemo(() => whenFor(localeFor(i18n.language, navigator.languages)), [i18n.language]);
}

/** The time, again every half minute: ages grow while a page is open. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
