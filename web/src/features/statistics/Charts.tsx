import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Statistics } from '../../api/types';
import { useFormats } from '../../i18n/format';
import { Chart, type Palette } from './Chart';
import { barsOption, columnsOption } from './options';
import { type Cell, localHours } from './statistics';
import classes from './statistics.module.css';

/** The statistics, drawn. */
export function Charts({ statistics }: { statistics: Statistics }) {
  return (
    <>
      <div className={classes.wide}>
        <Volume statistics={statistics} />
      </div>
      <Transfers statistics={statistics} />
      <Hours statistics={statistics} />
      <Recovery statistics={statistics} />
      <Top statistics={statistics} />
    </>
  );
}

interface Drawn {
  statistics: Statistics;
}

/** A day of the campus is a date, whatever the hour is here. */
const noon = (day: string) => `${day}T12:00:00`;

function Volume({ statistics }: Drawn) {
  const { t } = useTranslation();
  const formats = useFormats();
  const days = statistics.by_day;
  const [up, down] = [t('statistics.uploaded'), t('statistics.downloaded')];
  const option = useMemo(
    () => (palette: Palette) =>
      columnsOption(
        palette,
        days.map(({ day }) => formats.dayMonth(noon(day))),
        [
          { name: up, values: days.map((day) => day.uploaded) },
          { name: down, values: days.map((day) => day.downloaded) },
        ],
        formats.bytes,
      ),
    [days, formats, up, down],
  );
  return (
    <Chart
      title={t('statistics.volume')}
      name="volume"
      summary={t('statistics.volumeSummary', {
        up: formats.bytes(statistics.volume.uploaded),
        down: formats.bytes(statistics.volume.downloaded),
      })}
      columns={[t('files.date'), up, down]}
      rows={days.map(({ day, uploaded, downloaded }) => [day, uploaded, downloaded])}
      show={(cell, column) => (column === 0 ? formats.date(noon(String(cell))) : formats.bytes(Number(cell)))}
      option={option}
    >
      <p className={classes.key} aria-hidden>
        <span data-series="first">{up}</span>
        <span data-series="second">{down}</span>
      </p>
    </Chart>
  );
}

function Transfers({ statistics }: Drawn) {
  const { t } = useTranslation();
  const formats = useFormats();
  const days = statistics.by_day;
  const name = t('statistics.transfers');
  const option = useMemo(
    () => (palette: Palette) =>
      columnsOption(
        palette,
        days.map(({ day }) => formats.dayMonth(noon(day))),
        [{ name, values: days.map((day) => day.transfers) }],
        (value) => formats.number(value),
      ),
    [days, formats, name],
  );
  return (
    <Chart
      title={t('statistics.perDay')}
      name="transfers"
      summary={t('statistics.perDaySummary', { number: formats.number(statistics.transfers) })}
      columns={[t('files.date'), name]}
      rows={days.map(({ day, transfers }) => [day, transfers])}
      show={(cell, column) => (column === 0 ? formats.date(noon(String(cell))) : formats.number(Number(cell)))}
      option={option}
    />
  );
}

function Hours({ statistics }: Drawn) {
  const { t } = useTranslation();
  const formats = useFormats();
  const name = t('statistics.transfers');
  const hours = useMemo(
    () => localHours(statistics.by_hour_of_day, -new Date().getTimezoneOffset()),
    [statistics.by_hour_of_day],
  );
  const label = (hour: number) => `${String(hour).padStart(2, '0')}:00`;
  const busiest = hours.indexOf(Math.max(...hours));
  const option = useMemo(
    () => (palette: Palette) =>
      columnsOption(
        palette,
        hours.map((_, hour) => `${String(hour).padStart(2, '0')}:00`),
        [{ name, values: hours }],
        (value) => formats.number(value),
      ),
    [hours, formats, name],
  );
  return (
    <Chart
      title={t('statistics.hours')}
      name="hours"
      summary={t('statistics.hoursSummary', { hour: label(busiest), number: formats.number(hours[busiest] ?? 0) })}
      columns={[t('statistics.hour'), name]}
      rows={hours.map((transfers, hour): Cell[] => [label(hour), transfers])}
      show={(cell, column) => (column === 0 ? String(cell) : formats.number(Number(cell)))}
      option={option}
    />
  );
}

function Recovery({ statistics }: Drawn) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { interrupted, recovered } = statistics.recovered_after_interruption;
  const labels = useMemo(() => [t('statistics.interrupted'), t('statistics.completedAfter')], [t]);
  const option = useMemo(
    () => (palette: Palette) =>
      barsOption(palette, labels, [interrupted, recovered], (value) => formats.number(value), 168),
    [labels, interrupted, recovered, formats],
  );
  return (
    <Chart
      title={t('statistics.recovered')}
      name="interruptions"
      height={140}
      summary={t('statistics.recoveredOf', {
        recovered: formats.number(recovered),
        interrupted: formats.number(interrupted),
      })}
      columns={[t('statistics.how'), t('statistics.transfers')]}
      rows={[
        [labels[0] ?? '', interrupted],
        [labels[1] ?? '', recovered],
      ]}
      show={(cell) => (typeof cell === 'number' ? formats.number(cell) : cell)}
      option={option}
    />
  );
}

function Top({ statistics }: Drawn) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { top } = statistics;
  const option = useMemo(
    () => (palette: Palette) =>
      barsOption(
        palette,
        top.map((file) => file.name),
        top.map((file) => file.downloads),
        (value) => formats.number(value),
        168,
      ),
    [top, formats],
  );
  return (
    <Chart
      title={t('statistics.top')}
      name="top"
      height={Math.max(140, top.length * 30)}
      summary={t('statistics.topSummary', { name: top[0]?.name ?? t('common.none') })}
      columns={[t('files.name'), t('files.downloads'), t('statistics.sent')]}
      rows={top.map((file) => [file.name, file.downloads, file.bytes])}
      show={(cell, column) =>
        typeof cell === 'number' ? (column === 2 ? formats.bytes(cell) : formats.number(cell)) : cell
      }
      option={option}
    />
  );
}
