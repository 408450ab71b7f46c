import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** The locale whose number and date rules a language of the portal follows; a browser's own region wins. */
export function localeFor(language: string, wanted: readonly string[]): string {
  const own = wanted.find((tag) => tag.toLowerCase().startsWith(`${language}-`));
  return own ?? (language === 'es' ? 'es-419' : 'en');
}

export interface Formats {
  bytes(value: number): string;
  number(value: number, digits?: number): string;
  percent(share: number): string;
  /** `5 s`, `2 min 10 s`, `3 h 5 min`, from milliseconds. */
  duration(milliseconds: number): string;
  date(iso: string): string;
  /** `21 nov`, where the year is plain. */
  dayMonth(iso: string): string;
  dateTime(iso: string | number): string;
  time(at: number): string;
  /** `14:05`, where seconds say nothing. */
  hourMinute(at: number): string;
  compare(a: string, b: string): number;
}

export function formatsFor(locale: string): Formats {
  const units = BYTE_UNITS.map(
    (unit, index) =>
      new Intl.NumberFormat(locale, {
        style: 'unit',
        unit,
        unitDisplay: unit === 'byte' ? 'long' : 'short',
        maximumFractionDigits: index < 2 ? 0 : 1,
        minimumFractionDigits: index < 2 ? 0 : 1,
      }),
  );
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const part = (unit: string) => new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'narrow' });
  const parts = { d: part('day'), h: part('hour'), m: part('minute'), s: part('second') };
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const dayMonth = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short' });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'medium' });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' });
  const hourMinute = new Intl.DateTimeFormat(locale, { timeStyle: 'short' });
  const collator = new Intl.Collator(locale, { numeric: true });
  return {
    bytes(value) {
      let index = 0;
      let scaled = value;
      // 999.95 MB would round to "1,000.0 MB".
      while (scaled >= 999.95 && index < units.length - 1) {
        scaled /= 1000;
        index += 1;
      }
      return units[index]?.format(scaled) ?? String(value);
    },
    number: (value, digits = 0) =>
      new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value),
    percent: (share) => percent.format(share),
    duration(milliseconds) {
      const seconds = Math.max(0, Math.round(milliseconds / 1000));
      if (seconds < 60) return parts.s.format(seconds);
      const minutes = Math.floor(seconds / 60);
      if (minutes < 60) return `${parts.m.format(minutes)} ${parts.s.format(seconds % 60)}`;
      const hours = Math.floor(minutes / 60);
      if (hours < 24) return `${parts.h.format(hours)} ${parts.m.format(minutes % 60)}`;
      return `${parts.d.format(Math.floor(hours / 24))} ${parts.h.format(hours % 24)}`;
    },
    dayMonth: (iso) => dayMonth.format(new Date(iso)),
    date: (iso) => date.format(new Date(iso)),
    dateTime: (iso) => dateTime.format(new Date(iso)),
    time: (at) => time.format(at),
    hourMinute: (at) => hourMinute.format(at),
    compare: collator.compare,
  };
}

/** Numbers, sizes and dates in the person's language. */
export function useFormats(): Formats {
  const { i18n } = useTranslation();
  return useMemo(() => formatsFor(localeFor(i18n.language, navigator.languages)), [i18n.language]);
}
