import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { type RequestOptions, respond } from '../../api/client';
import type { AlertView, InventoryView, Metrics, NewRequest, RequestView } from '../../api/rooms';
import type { Page, UserRole } from '../../api/types';
import { useLiveConnection, useTopic } from '../../live/useTopic';
import { saveBlob, saveText } from '../../shell/saveText';
import { useIdentity } from '../session/browser';
import { newer, requestsIn, withNews } from './inventory';
import { answerable } from './proposals';

const PAGE = 50;
/** Between two questions, while live says what changed and while it does not. */
const SELDOM = 30_000;
const OFTEN = 5_000;
/** Figures that live only hints at are asked for again at most this often. */
const AGAIN = 2_000;
/** A clock that is off by less is right: the campus tells whole seconds. */
const OFF = 2_000;

let ahead = 0;

/** The campus' time: deadlines are its own, whatever this machine's clock says. */
export function campusNow(): number {
  return Date.now() + ahead;
}

async function ask<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await respond(path, options);
  const told = Date.parse(response.headers.get('date') ?? '');
  if (!Number.isNaN(told)) {
    const off = told - Date.now();
    ahead = Math.abs(off) < OFF ? 0 : off;
  }
  return (await response.json()) as T;
}

export function mayAsk(role: UserRole): boolean {
  return role === 'admin' || role === 'staff';
}

export function useInventory(semester: string | undefined, live = true) {
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['rooms', 'inventory', semester],
    queryFn: ({ signal }) => ask<InventoryView>('/rooms/inventory', { query: { semester }, signal }),
    enabled: semester !== undefined,
    placeholderData: keepPreviousData,
    staleTime: live ? undefined : 60_000,
    refetchInterval: live ? (connected ? SELDOM : OFTEN) : false,
  });
}

export interface RequestsFilter {
  faculty?: string;
  program?: string;
  semester?: string;
  state?: RequestView['state'];
}

/** Requests, newest first, page after page. */
export function useRequests(filter: RequestsFilter, enabled = true) {
  return useInfiniteQuery({
    queryKey: ['rooms', 'requests', filter],
    queryFn: ({ pageParam, signal }) =>
      ask<Page<RequestView>>('/rooms/requests', { query: { ...filter, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useRequest(id: string | undefined) {
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['rooms', 'request', id],
    queryFn: ({ signal }) => ask<RequestView>(`/rooms/requests/${encodeURIComponent(id ?? '')}`, { signal }),
    enabled: id !== undefined,
    refetchInterval: connected ? SELDOM : OFTEN,
  });
}

/** Proposals that this person may answer and has time to. */
export function useProposals() {
  const { role } = useIdentity();
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['rooms', 'proposals'],
    queryFn: ({ signal }) =>
      ask<Page<RequestView>>('/rooms/requests', { query: { state: 'proposed', limit: 200 }, signal }),
    select: (found) => answerable(found.items, campusNow()),
    enabled: mayAsk(role),
    refetchInterval: connected ? SELDOM / 2 : OFTEN,
    retry: false,
  });
}

export function useAlerts() {
  const connected = useLiveConnection();
  return useQuery({
    queryKey: ['rooms', 'alerts'],
    queryFn: ({ signal }) => ask<{ items: AlertView[] }>('/rooms/alerts', { signal }),
    refetchInterval: connected ? SELDOM / 2 : OFTEN,
  });
}

export interface Sample {
  at: number;
  proposal: Metrics['proposal'];
  resolution: Metrics['resolution'];
}

const SAMPLES = 360;
const METRICS = ['rooms', 'metrics'];

/** The figures now, and those of the last half hour that this page was open. */
export function useMetrics() {
  const queries = useQueryClient();
  return useQuery({
    queryKey: METRICS,
    queryFn: async ({ signal }) => {
      const now = await ask<Metrics>('/rooms/metrics', { signal });
      const before = queries.getQueryData<{ samples: Sample[] }>(METRICS)?.samples ?? [];
      const sample = { at: Date.now(), proposal: now.proposal, resolution: now.resolution };
      return { now, samples: [...before, sample].slice(-SAMPLES) };
    },
    refetchInterval: OFTEN,
    gcTime: 30 * 60_000,
    retry: false,
  });
}

export function makeRequest(json: NewRequest): Promise<RequestView> {
  return ask('/rooms/requests', { method: 'POST', json });
}

export function answer(id: string, accept: boolean): Promise<RequestView> {
  return ask(`/rooms/requests/${encodeURIComponent(id)}/ack`, { method: 'POST', json: { accept } });
}

export function release(id: string): Promise<RequestView> {
  return ask(`/rooms/requests/${encodeURIComponent(id)}/release`, { method: 'POST' });
}

export function promote(): Promise<{ epoch: number }> {
  return ask('/rooms/promote', { method: 'POST' });
}

/** Shows what became of requests wherever they are shown, without asking again and without moving a list. */
export function tell(queries: QueryClient, news: readonly RequestView[]): void {
  if (news.length === 0) return;
  queries.setQueriesData<InventoryView>(
    { queryKey: ['rooms', 'inventory'] },
    (known) => known && withNews(known, news),
  );
  const byId = new Map(news.map((one) => [one.id, one]));
  const renew = (known: RequestView) => {
    const next = byId.get(known.id);
    return next === undefined ? known : newer(known, next);
  };
  queries.setQueriesData<InfiniteData<Page<RequestView>>>(
    { queryKey: ['rooms', 'requests'] },
    (known) => known && { ...known, pages: known.pages.map((page) => ({ ...page, items: page.items.map(renew) })) },
  );
  for (const one of news) {
    queries.setQueryData<RequestView>(['rooms', 'request', one.id], (known) =>
      known === undefined ? one : newer(known, one),
    );
  }
}

/** Keeps whatever is shown of the rooms up to date as the campus tells what changes; says whether it does. */
export function useRoomsNews(heard?: (news: RequestView[]) => void): boolean {
  const queries = useQueryClient();
  const { role } = useIdentity();
  const may = mayAsk(role);
  const connected = useLiveConnection();
  const again = useRef<ReturnType<typeof setTimeout> | null>(null);
  useEffect(() => () => clearTimeout(again.current ?? undefined), []);
  useTopic(
    'rooms',
    (data) => {
      const news = requestsIn(data);
      tell(queries, news);
      heard?.(news);
      again.current ??= setTimeout(() => {
        again.current = null;
        for (const what of ['proposals', 'alerts', 'metrics']) {
          void queries.invalidateQueries({ queryKey: ['rooms', what] });
        }
      }, AGAIN);
    },
    may,
  );
  return connected && may;
}

export async function downloadCsv(filter: RequestsFilter, name: string): Promise<void> {
  const response = await respond('/rooms/requests.csv', { query: { ...filter }, headers: { accept: 'text/csv' } });
  saveBlob(name, await response.blob());
}

/** Every request that matches, as the API has them. */
export async function downloadJson(filter: RequestsFilter, name: string): Promise<void> {
  const items: RequestView[] = [];
  let cursor: string | null | undefined = null;
  do {
    const page: Page<RequestView> = await ask('/rooms/requests', { query: { ...filter, limit: 500, cursor } });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  saveText(name, 'application/json', `${JSON.stringify(items, null, 2)}\n`);
}
