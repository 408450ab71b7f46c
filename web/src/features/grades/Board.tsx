import { Skeleton } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { lazy, Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { StandingMark } from '../../shell/StandingMark';
import { useIdentity } from '../session/browser';
import type { GradesFilter } from './filter';
import classes from './grades.module.css';
import { Recent } from './Recent';
import { Routes } from './Routes';
import { seesAll } from './rights';
import { useGroupCount } from './useFigures';

const Charts = lazy(() => import('./Charts').then((module) => ({ default: module.Charts })));

interface BoardProps {
  filter: GradesFilter;
  total: number | undefined;
  wall?: boolean;
}

/** Everything the dashboard shows, in a page or on a wall. */
export function Board({ filter, total, wall = false }: BoardProps) {
  const identity = useIdentity();
  const { width, height } = useViewportSize();
  // On a wall, charts share its height and their letters grow with it.
  const room = wall
    ? { height: Math.max(140, Math.round(height * 0.22)), size: Math.max(13, Math.round(width / 80)), bare: true }
    : { height: 220, size: 13, bare: false };
  return (
    <div className={classes.board} data-wall={wall}>
      <Counts filter={filter} total={total} />
      <Routes wall={wall} />
      <Suspense fallback={[1, 2, 3].map((place) => <Skeleton key={place} height={room.height + 64} radius={12} />)}>
        <Charts filter={filter} room={room} />
      </Suspense>
      {seesAll(identity) ? <Recent wall={wall} /> : null}
    </div>
  );
}

/** The numbers that are read from across the room. */
function Counts({ filter, total }: { filter: GradesFilter; total: number | undefined }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const count = useGroupCount(filter);
  const chosen = [filter.curso, filter.semestre, filter.year].filter((one) => one !== undefined);
  return (
    <section className={`panel ${classes.counts}`} aria-label={t('grades.total')}>
      <div data-figure="total">
        <h2>{t('grades.total')}</h2>
        {total === undefined ? <Skeleton height="1em" className={classes.large} /> : null}
        {total === undefined ? null : <p className={classes.large}>{formats.number(total)}</p>}
        <small>{t('grades.totalBody')}</small>
      </div>
      {chosen.length === 0 ? null : (
        <div data-figure="count">
          <h2>{t('grades.count')}</h2>
          <p className={classes.middle}>
            {count.figure === null ? t('common.none') : formats.number(count.figure.count)}
          </p>
          <small>
            {chosen.join(' · ')} <StandingMark standing={count.standing} />
          </small>
        </div>
      )}
    </section>
  );
}
