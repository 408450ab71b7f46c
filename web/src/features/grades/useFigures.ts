import { useNetwork } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { request } from '../../api/client';
import type { GradeRecord, Passing } from '../../api/grades';
import { useLiveConnection, useTopic } from '../../live/useTopic';
import type { Standing } from '../../shell/StandingMark';
import { differsSince, type Figure, newest, standingOf } from './figures';
import { type GradesFilter, groupOf } from './filter';

/** The records are asked for their number this often, whatever live says. */
const CHECK = 5_000;

interface Watched {
  figure: Figure | null;
  standing: Standing;
  error: unknown;
  retry: () => void;
}

function countIn(data: unknown): number | null {
  const count = (data as { count?: unknown } | null)?.count;
  return typeof count === 'number' ? count : null;
}

/** A number that live tells and the records confirm. */
function useWatched(
  topic: 'grades.total' | 'grades.count',
  filter: GradesFilter,
  params: Record<string, string | number> | null,
): Watched {
  const { online } = useNetwork();
  const connected = useLiveConnection();
  const key = JSON.stringify([topic, filter]);
  const [heard, setHeard] = useState<{ key: string; figure: Figure } | null>(null);
  const told = heard?.key === key ? heard.figure : null;
  useTopic(
    topic,
    (data) => {
      const count = countIn(data);
      if (count !== null) setHeard({ key, figure: { count, at: Date.now() } });
    },
    params !== null,
    params ?? undefined,
  );
  const check = useQuery({
    queryKey: ['grades', 'count', filter],
    queryFn: async ({ signal }): Promise<Figure> => {
      const at = Date.now();
      const { passed, failed } = await request<Passing>('/grades/stats/passing', { query: { ...filter }, signal });
      return { count: passed + failed, at };
    },
    refetchInterval: CHECK,
    refetchIntervalInBackground: true,
    retry: false,
  });
  const asked = check.data ?? null;
  const [differs, setDiffers] = useState<number | null>(null);
  useEffect(() => setDiffers((before) => differsSince(told, asked, before)), [told, asked]);
  const sources = { online, connected, answered: !check.isError, told, asked, differs, now: Date.now() };
  return {
    figure: newest(told, asked),
    standing: standingOf(sources),
    error: check.error,
    retry: () => void check.refetch(),
  };
}

/** How many grades there are. */
export function useTotal(): Watched {
  return useWatched('grades.total', {}, {});
}

/** How many there are of what is chosen; live if that is a course in a semester of a year. */
export function useGroupCount(filter: GradesFilter): Watched {
  return useWatched('grades.count', filter, groupOf(filter));
}

/** The newest records, newest first; `null` until live has told them. */
export function useRecent(enabled: boolean): GradeRecord[] | null {
  const [items, setItems] = useState<GradeRecord[] | null>(null);
  useTopic(
    'grades.recent',
    (data) => {
      const found = (data as { items?: unknown } | null)?.items;
      if (Array.isArray(found)) setItems(found as GradeRecord[]);
    },
    enabled,
  );
  return items;
}
