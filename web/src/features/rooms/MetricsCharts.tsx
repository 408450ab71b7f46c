import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Metrics } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Chart, type Palette } from '../statistics/Chart';
import { barsOption, linesOption } from '../statistics/options';
import type { Cell } from '../statistics/statistics';
import type { Sample } from './rooms';

const QUANTILES = [
  { key: 'p50_ms', label: 'p50' },
  { key: 'p95_ms', label: 'p95' },
  { key: 'p99_ms', label: 'p99' },
] as const;

interface TimesProps {
  what: 'proposal' | 'resolution';
  title: string;
  samples: Sample[];
}

/** Response times since the page was opened: half, 95 and 99 of a hundred were quicker. */
export function Times({ what, title, samples }: TimesProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const last = samples.at(-1)?.[what];
  const lines = useMemo(
    () =>
      QUANTILES.filter(({ key }) => samples.some((sample) => sample[what][key] !== undefined)).map(
        ({ key, label }) => ({
          name: label,
          values: samples.map((sample) => (sample[what].count === 0 ? null : (sample[what][key] ?? null))),
        }),
      ),
    [samples, what],
  );
  const ms = (value: number) => t('rooms.ms', { number: formats.number(value, value < 10 ? 1 : 0) });
  const option = useMemo(
    () => (palette: Palette) =>
      linesOption(
        palette,
        samples.map((sample) => formats.time(sample.at)),
        lines,
        (value) => t('rooms.ms', { number: formats.number(value, value < 10 ? 1 : 0) }),
      ),
    [samples, lines, formats, t],
  );
  return (
    <Chart
      title={title}
      name={`rooms-${what}`}
      summary={
        last === undefined || last.count === 0
          ? t('rooms.noTimes')
          : t('rooms.timesSummary', { p50: ms(last.p50_ms), p99: ms(last.p99_ms), number: formats.number(last.count) })
      }
      columns={[t('rooms.when'), ...lines.map((line) => line.name)]}
      rows={samples.map((sample, index): Cell[] => [
        new Date(sample.at).toISOString(),
        ...lines.map((line) => line.values[index] ?? ''),
      ])}
      show={(cell, column) =>
        column === 0 ? formats.time(Date.parse(String(cell))) : cell === '' ? t('common.none') : ms(Number(cell))
      }
      option={option}
    />
  );
}

/** Requests by what became of them. */
export function Results({ metrics }: { metrics: Metrics }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { requests } = metrics;
  const found = useMemo(
    () => [...requests].sort((a, b) => b.count - a.count).map(({ state, count }) => ({ name: state, count })),
    [requests],
  );
  const option = useMemo(
    () => (palette: Palette) =>
      barsOption(
        palette,
        found.map(({ name }) => t(`rooms.state.${name}`)),
        found.map(({ count }) => count),
        (value) => formats.number(value),
        128,
      ),
    [found, formats, t],
  );
  return (
    <Chart
      title={t('rooms.results')}
      name="rooms-results"
      height={Math.max(120, found.length * 36)}
      summary={
        found.length === 0
          ? t('rooms.noRequests')
          : found.map(({ name, count }) => `${t(`rooms.state.${name}`)}: ${formats.number(count)}`).join(', ')
      }
      columns={[t('rooms.stateLabel'), t('nav.roomRequests')]}
      rows={found.map(({ name, count }) => [t(`rooms.state.${name}`), count])}
      show={(cell) => (typeof cell === 'number' ? formats.number(cell) : cell)}
      option={option}
    />
  );
}
