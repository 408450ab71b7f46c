import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { request } from '../../api/client';
import type { CourseFigure, Passing, RouteFigure, StudentFigure } from '../../api/grades';
import { useLiveConnection } from '../../live/useTopic';
import type { GradesFilter } from './filter';

/** Between two questions, while live says that something changed and while it does not. */
const SELDOM = 15_000;
const OFTEN = 5_000;
/** While figures change, they are asked for again at most this often. */
const AGAIN = 2_000;

function useStatistic<T>(what: string, filter: Partial<GradesFilter>) {
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['grades', 'stats', what, filter],
    queryFn: ({ signal }) => request<T>(`/grades/stats/${what}`, { query: { ...filter }, signal }),
    placeholderData: keepPreviousData,
    refetchInterval: connected ? SELDOM : OFTEN,
    retry: false,
  });
}

export function usePassing({ curso, semestre, year }: GradesFilter) {
  return useStatistic<Passing>('passing', { curso, semestre, year });
}

export function useTopCourses({ semestre, year }: GradesFilter) {
  return useStatistic<CourseFigure[]>('top-courses', { semestre, year });
}

/** Of all that each student has. */
export function useTopStudents() {
  return useStatistic<StudentFigure[]>('top-students', {});
}

export function useRoutes() {
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['grades', 'routes'],
    queryFn: ({ signal }) => request<RouteFigure[]>('/grades/stats/routes', { signal }),
    // Rates change by themselves, and replicas too.
    refetchInterval: connected ? AGAIN : OFTEN,
    retry: false,
  });
}

/** Asks for the statistics again when the total changes, but not at each change. */
export function useChanges(total: number | undefined): void {
  const queries = useQueryClient();
  const waiting = useRef<ReturnType<typeof setTimeout> | null>(null);
  const first = useRef(true);
  useEffect(() => () => clearTimeout(waiting.current ?? undefined), []);
  useEffect(() => {
    if (first.current) {
      first.current = total === undefined;
      return;
    }
    waiting.current ??= setTimeout(() => {
      waiting.current = null;
      void queries.invalidateQueries({ queryKey: ['grades', 'stats'] });
    }, AGAIN);
  }, [total, queries]);
}
