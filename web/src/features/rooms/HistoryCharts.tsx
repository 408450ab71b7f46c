import { NativeSelect, Skeleton, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { MetricsHistory } from '../../api/rooms';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { Chart, type Palette } from '../statistics/Chart';
import { columnsOption, linesOption } from '../statistics/options';
import type { Cell } from '../statistics/statistics';
import { byServer, momentsOf, together } from './history';
import { HOURS, useHistory } from './members';
import classes from './metrics.module.css';

/** How the servers did over hours or weeks: times, requests, processor, memory. */
export function HistoryCharts() {
  const { t } = useTranslation();
  const formats = useFormats();
  const [hours, setHours] = useState<number>(24);
  const query = useHistory(hours);
  const history = query.data;
  const empty = history?.servers.every(({ points }) => points.length === 0);
  return (
    <>
      <div className={`${classes.wide} ${classes.period}`}>
        <h2>
          {t('rooms.history')}
          {query.isError && history !== undefined ? (
            <small> {t('failure.stale', { time: formats.time(query.dataUpdatedAt) })}</small>
          ) : null}
        </h2>
        <NativeSelect
          aria-label={t('rooms.period')}
          value={String(hours)}
          data={HOURS.map((value) => ({
            value: String(value),
            label:
              value <= 24 ? t('rooms.lastHours', { number: value }) : t('statistics.lastDays', { days: value / 24 }),
          }))}
          onChange={(event) => setHours(Number(event.currentTarget.value))}
        />
      </div>
      {query.isPending ? (
        <>
          <Skeleton height={340} radius={12} />
          <Skeleton height={340} radius={12} />
        </>
      ) : history === undefined ? (
        <div className={`panel ${classes.wide}`}>
          <Failure compact error={query.error} retry={() => void query.refetch()} />
        </div>
      ) : empty ? (
        <section className={`panel ${classes.block} ${classes.wide}`} aria-label={t('rooms.history')}>
          <Text c="dimmed" size="sm">
            {t('rooms.noHistory')}
          </Text>
        </section>
      ) : (
        <Plots history={history} hours={hours} />
      )}
    </>
  );
}

const most = (values: number[]) => Math.max(...values);
const sum = (values: number[]) => values.reduce((all, one) => all + one, 0);

function Plots({ history, hours }: { history: MetricsHistory; hours: number }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const moments = useMemo(() => momentsOf(history), [history]);
  const labels = useMemo(
    () =>
      moments.map((at) => {
        const time = formats.hourMinute(Date.parse(at));
        return hours <= 24 ? time : `${formats.dayMonth(at)} ${time}`;
      }),
    [moments, hours, formats],
  );
  const ms = useMemo(
    () => (value: number) => t('rooms.ms', { number: formats.number(value, value < 10 ? 1 : 0) }),
    [t, formats],
  );
  const percent = useMemo(() => (value: number) => formats.percent(value / 100), [formats]);
  const count = useMemo(() => (value: number) => formats.number(value), [formats]);
  const times = (what: 'proposal' | 'resolution') => [
    { name: t('rooms.mean'), values: together(history, `${what}_mean_ms`, most) },
    { name: t('rooms.maximum'), values: together(history, `${what}_max_ms`, most) },
  ];
  const shared = { moments, labels };
  return (
    <>
      <Lines
        {...shared}
        name="rooms-history-proposal"
        title={t('rooms.proposalHistory')}
        lines={times('proposal')}
        write={ms}
      />
      <Lines
        {...shared}
        name="rooms-history-resolution"
        title={t('rooms.resolutionHistory')}
        lines={times('resolution')}
        write={ms}
      />
      <Lines
        {...shared}
        columns
        name="rooms-history-requests"
        title={t('rooms.answersEach', { time: formats.duration(history.step_s * 1000) })}
        lines={[
          { name: t('rooms.proposalsMade'), values: together(history, 'proposals', sum) },
          { name: t('rooms.resolutionsMade'), values: together(history, 'resolutions', sum) },
        ]}
        write={count}
      />
      <Lines
        {...shared}
        name="rooms-history-cpu"
        title={t('system.cpu')}
        lines={byServer(history, 'cpu_percent')}
        write={percent}
      />
      <Lines
        {...shared}
        name="rooms-history-memory"
        title={t('system.memory')}
        lines={byServer(history, 'memory_bytes')}
        write={formats.bytes}
      />
    </>
  );
}

interface LinesProps {
  title: string;
  name: string;
  moments: string[];
  labels: string[];
  lines: { name: string; values: (number | null)[] }[];
  /** Bars, one on the other, instead of lines. */
  columns?: boolean;
  write: (value: number) => string;
}

function Lines({ title, name, moments, labels, lines, columns = false, write }: LinesProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const option = useMemo(
    () => (palette: Palette) =>
      columns
        ? columnsOption(
            palette,
            labels,
            lines.map((line) => ({ name: line.name, values: line.values.map((value) => value ?? 0) })),
            write,
          )
        : linesOption(palette, labels, lines, write),
    [labels, lines, columns, write],
  );
  const last = (values: (number | null)[]) => {
    const value = values.findLast((one) => one !== null);
    return value === undefined || value === null ? t('common.none') : write(value);
  };
  return (
    <Chart
      title={title}
      name={name}
      summary={t('rooms.historySummary', {
        what: title,
        last: lines.map((line) => `${line.name}: ${last(line.values)}`).join(', '),
      })}
      columns={[t('rooms.when'), ...lines.map((line) => line.name)]}
      rows={moments.map((at, index): Cell[] => [at, ...lines.map((line) => line.values[index] ?? '')])}
      show={(cell, column) =>
        column === 0 ? formats.dateTime(String(cell)) : cell === '' ? t('common.none') : write(Number(cell))
      }
      option={option}
    />
  );
}
