import { Skeleton, Text } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { Chart, type Palette } from '../statistics/Chart';
import { barsOption, pieOption } from '../statistics/options';
import type { GradesFilter } from './filter';
import classes from './grades.module.css';
import { usePassing, useTopCourses, useTopStudents } from './statistics';

interface Room {
  height: number;
  /** Of its letters, in pixels. */
  size: number;
  bare: boolean;
}

interface ChartProps {
  filter: GradesFilter;
  room: Room;
}

/** What the document asks to be drawn. */
export function Charts({ filter, room }: ChartProps) {
  return (
    <>
      <PassingChart filter={filter} room={room} />
      <TopCoursesChart filter={filter} room={room} />
      <TopStudentsChart room={room} />
    </>
  );
}

/** A chart's place while there is nothing to draw: it loads, could not be had, or there is nothing. */
function Without({ title, query, room, empty }: { title: string; query: UseQueryResult; room: Room; empty: boolean }) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${classes.without}`} aria-label={title} aria-busy={query.isPending}>
      <h2>{title}</h2>
      {query.isPending ? (
        <Skeleton height={room.height} />
      ) : empty ? (
        <Text c="dimmed" size="sm">
          {t('grades.noneHere')}
        </Text>
      ) : (
        <Failure compact error={query.error} retry={() => void query.refetch()} />
      )}
    </section>
  );
}

/** What a chart says below its title if what it shows could not be renewed. */
function Stale({ query, children }: { query: UseQueryResult; children?: ReactNode }) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <Text size="xs" c="dimmed" component="div">
      {children}
      {query.isError ? ` ${t('failure.stale', { time: formats.time(query.dataUpdatedAt) })}` : null}
    </Text>
  );
}

function chosen(...parts: (string | number | undefined)[]): string {
  return parts.filter((one) => one !== undefined).join(' · ');
}

/** Passed and failed: the document asks for a pie. */
function PassingChart({ filter, room }: ChartProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const query = usePassing(filter);
  const { passed = 0, failed = 0 } = query.data ?? {};
  const names = useMemo(() => [t('grades.passed'), t('grades.failed')] as const, [t]);
  const option = useMemo(
    () => (palette: Palette) =>
      pieOption(
        palette,
        [
          { name: names[0], value: passed },
          { name: names[1], value: failed },
        ],
        (value) => formats.number(value),
        room.size,
      ),
    [names, passed, failed, formats, room.size],
  );
  const title = t('grades.passing');
  const empty = query.data !== undefined && passed + failed === 0;
  if (query.data === undefined || empty) return <Without title={title} query={query} room={room} empty={empty} />;
  return (
    <Chart
      title={title}
      name="grades-passing"
      height={room.height}
      bare={room.bare}
      summary={t('grades.passingSummary', { passed: formats.number(passed), failed: formats.number(failed) })}
      columns={[t('grades.result'), t('grades.records')]}
      rows={[
        [names[0], passed],
        [names[1], failed],
      ]}
      show={(cell) => (typeof cell === 'number' ? formats.number(cell) : cell)}
      option={option}
    >
      <Stale query={query}>{chosen(filter.curso, filter.semestre, filter.year)}</Stale>
    </Chart>
  );
}

function TopCoursesChart({ filter, room }: ChartProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  const query = useTopCourses(filter);
  const courses = query.data;
  const option = useMemo(
    () => (palette: Palette) =>
      barsOption(
        palette,
        courses?.map((one) => one.curso) ?? [],
        courses?.map((one) => one.students) ?? [],
        (value) => formats.number(value),
        room.size * 5,
        room.size,
      ),
    [courses, formats, room.size],
  );
  const title = t('grades.topCourses');
  if (!courses?.length) return <Without title={title} query={query} room={room} empty={courses !== undefined} />;
  return (
    <Chart
      title={title}
      name="grades-courses"
      height={room.height}
      bare={room.bare}
      summary={t('grades.topCoursesSummary', {
        name: courses[0]?.curso ?? '',
        number: formats.number(courses[0]?.students ?? 0),
      })}
      columns={[t('grades.course'), t('grades.students')]}
      rows={courses.map(({ curso, students }) => [curso, students])}
      show={(cell) => (typeof cell === 'number' ? formats.number(cell) : cell)}
      option={option}
    >
      <Stale query={query}>{chosen(filter.semestre, filter.year)}</Stale>
    </Chart>
  );
}

function TopStudentsChart({ room }: { room: Room }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const query = useTopStudents();
  const students = query.data;
  const option = useMemo(
    () => (palette: Palette) =>
      barsOption(
        palette,
        students?.map((one) => one.nombre) ?? [],
        students?.map((one) => one.average) ?? [],
        (value) => formats.number(value, 1),
        room.size * 10,
        room.size,
      ),
    [students, formats, room.size],
  );
  const title = t('grades.topStudents');
  if (!students?.length) return <Without title={title} query={query} room={room} empty={students !== undefined} />;
  return (
    <Chart
      title={title}
      name="grades-students"
      height={room.height}
      bare={room.bare}
      summary={t('grades.topStudentsSummary', {
        name: students[0]?.nombre ?? '',
        number: formats.number(students[0]?.average ?? 0, 1),
      })}
      columns={[t('grades.carnet'), t('grades.name'), t('grades.average')]}
      rows={students.map(({ carnet, nombre, average }) => [carnet, nombre, average])}
      show={(cell, column) => (column === 2 ? formats.number(Number(cell), 1) : String(cell))}
      option={option}
    >
      <Stale query={query}>{t('grades.totalBody')}</Stale>
    </Chart>
  );
}
