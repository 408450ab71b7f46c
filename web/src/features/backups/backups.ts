import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import type {
  Agent,
  Attempt,
  Backup,
  BackupAlert,
  BackupNode,
  EnrolToken,
  Entries,
  NewTarget,
  Target,
} from '../../api/backups';
import { request } from '../../api/client';
import type { Page } from '../../api/types';
import { useLiveConnection, useTopic } from '../../live/useTopic';
import type { BackupLogSearch } from '../../shell/searches';
import { nodeOf } from './health';
import { type News, outdates, type Running, runningOf, withEvent } from './news';

/** Between two questions, while live says what changed and while it does not. */
const SELDOM = 30_000;
const OFTEN = 5_000;
/** What live says is new is asked for at most this often. */
const AGAIN = 1_000;
const PAGE = 50;

const one = (what: string, id: string) => `/backups/${what}/${encodeURIComponent(id)}`;
const ofBackup = (id: string, what = '') => `/backups/${encodeURIComponent(id)}${what}`;

/** Pages of a list that are asked for again at once; of a longer one nothing is, so that it stands still. */
const SHORT = 5;

/** Whether a list, if it is one, is kept up to date. */
export function isShort(data: unknown): boolean {
  const pages = (data as { pages?: unknown } | undefined)?.pages;
  return !Array.isArray(pages) || pages.length <= SHORT;
}

let news: News = new Map();
/** Whether live told everything since it was connected. */
let heard = false;
/** Who listens: what nobody listened to is not known. */
let pages = 0;
const watchers = new Set<() => void>();

function become(next: News, live: boolean): void {
  news = next;
  heard = live;
  for (const watcher of watchers) watcher();
}

function watch(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

/** Keeps whatever is shown of the backups up to date as the campus tells what changes; says whether it does. */
export function useBackupsNews(wanted = true): boolean {
  const queries = useQueryClient();
  const connected = useLiveConnection();
  const again = useRef<ReturnType<typeof setTimeout> | null>(null);
  const live = useSyncExternalStore(watch, () => heard);
  useEffect(() => {
    pages += 1;
    return () => {
      clearTimeout(again.current ?? undefined);
      again.current = null;
      pages -= 1;
      if (pages === 0) become(new Map(), false);
    };
  }, []);
  useEffect(() => {
    if (!connected) become(new Map(), false);
  }, [connected]);
  useTopic(
    'backups',
    (data) => {
      const next = withEvent(news, data);
      if (next === null) return;
      const stale = outdates(news, next);
      become(next, true);
      if (!stale) return;
      again.current ??= setTimeout(() => {
        again.current = null;
        void queries.invalidateQueries({ queryKey: ['backups'], predicate: (query) => isShort(query.state.data) });
      }, AGAIN);
    },
    wanted,
  );
  return connected && live;
}

/** What is under way for a path, as live tells it. */
export function useRunning(target: string): Running | null {
  const now = useSyncExternalStore(watch, () => news);
  return runningOf(now, target);
}

function useInterval(): number {
  return useLiveConnection() ? SELDOM : OFTEN;
}

async function all<T>(path: string, signal: AbortSignal): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | null | undefined = null;
  do {
    const page: Page<T> = await request(path, { query: { limit: 500, cursor }, signal });
    found.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return found;
}

/** Every path that is registered. */
export function useTargets(wanted = true) {
  return useQuery({
    queryKey: ['backups', 'targets'],
    queryFn: ({ signal }) => all<Target>('/backups/targets', signal),
    refetchInterval: useInterval(),
    enabled: wanted,
  });
}

export function useNodes() {
  return useQuery({
    queryKey: ['backups', 'nodes'],
    queryFn: ({ signal }) => all<BackupNode>('/backups/nodes', signal),
    refetchInterval: useInterval(),
  });
}

export function useAgents() {
  return useQuery({
    queryKey: ['backups', 'agents'],
    queryFn: ({ signal }) => all<Agent>('/backups/agents', signal),
  });
}

function usePages<T>(key: unknown[], path: string, query: Record<string, string | undefined>) {
  const interval = useInterval();
  return useInfiniteQuery({
    queryKey: ['backups', ...key],
    queryFn: ({ pageParam, signal }) =>
      request<Page<T>>(path, { query: { ...query, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    refetchInterval: (asked) => isShort(asked.state.data) && interval,
  });
}

/** Every backup of a node and path there ever was, newest first. */
export function useHistory(node: string, path: string) {
  return usePages<Backup>(['history', node, path], '/backups', { node, path });
}

/** Every attempt, newest first. */
export function useLog(search: BackupLogSearch) {
  return usePages<Attempt>(['log', search], '/backups/log', { ...search });
}

/** The last attempt to back up a path. */
export function useLastAttempt(node: string, path: string) {
  const interval = useInterval();
  return useQuery({
    queryKey: ['backups', 'last', node, path],
    queryFn: async ({ signal }) => {
      const query = { node, path, kind: 'backup', limit: 1 };
      const page: Page<Attempt> = await request('/backups/log', { query, signal });
      return page.items[0] ?? null;
    },
    refetchInterval: interval,
  });
}

/** What somebody should know, newest first: all of it, or what is still so. */
export function useAlerts(open: boolean) {
  return usePages<BackupAlert>(['alerts', open], '/backups/alerts', { open: open ? 'true' : 'false' });
}

export function useBackup(id: string) {
  return useQuery({
    queryKey: ['backups', 'one', id],
    queryFn: ({ signal }) => request<Backup>(ofBackup(id), { signal }),
  });
}

/** The attempt that made this backup: the log has what is wrong with it. */
export function useMaking(backup: Backup | undefined) {
  const { host, port, path, id } = backup ?? { host: '', port: 0, path: '', id: '' };
  return useQuery({
    queryKey: ['backups', 'making', id],
    queryFn: async ({ signal }) => {
      let cursor: string | null | undefined = null;
      do {
        const query = { node: nodeOf({ host, port }), path, outcome: 'done', limit: 500, cursor };
        const page: Page<Attempt> = await request('/backups/log', { query, signal });
        const found = page.items.find((attempt) => attempt.backup === id && attempt.kind !== 'rehearsal');
        if (found !== undefined) return found;
        cursor = page.next_cursor;
      } while (cursor);
      return null;
    },
    enabled: backup !== undefined && backup.warnings > 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** What lies in a folder of a backup; the root is the empty name, others end in `/`. */
export function useEntries(id: string, folder: string, wanted: boolean) {
  return useInfiniteQuery({
    queryKey: ['backup-entries', id, folder],
    queryFn: ({ pageParam, signal }) => {
      const from = pageParam === null ? '' : `&from=${encodeURIComponent(pageParam)}`;
      // An empty folder is the root: it must be said.
      return request<Entries>(`${ofBackup(id, '/entries')}?folder=${encodeURIComponent(folder)}${from}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_from,
    enabled: wanted,
    // A backup never changes.
    staleTime: Number.POSITIVE_INFINITY,
  });
}

/** An attempt, until it has ended. */
export function useAttempt(id: string | null) {
  return useQuery({
    queryKey: ['backups', 'attempt', id],
    queryFn: ({ signal }) => request<Attempt>(one('log', id ?? ''), { signal }),
    enabled: id !== null,
    refetchInterval: (query) => (query.state.data?.ended_at ? false : AGAIN),
  });
}

export function registerTarget(json: NewTarget): Promise<Target> {
  return request('/backups/targets', { method: 'POST', json });
}

export function changeTarget(id: string, json: Pick<NewTarget, 'every_minutes' | 'pin_last_good'>): Promise<Target> {
  return request(one('targets', id), { method: 'PATCH', json });
}

export function unregisterTarget(id: string): Promise<void> {
  return request(one('targets', id), { method: 'DELETE' });
}

export function runTarget(id: string): Promise<Attempt> {
  return request(`${one('targets', id)}/run`, { method: 'POST' });
}

export function rehearse(id: string): Promise<Attempt> {
  return request(ofBackup(id, '/rehearse'), { method: 'POST' });
}

/** How many bytes a node may keep; `null`: as many as there is room for. */
export function limitNode(id: string, quota: number | null): Promise<BackupNode> {
  return request(one('nodes', id), { method: 'PATCH', json: { quota } });
}

export function revokeAgent(id: string): Promise<void> {
  return request(one('agents', id), { method: 'DELETE' });
}

export function dismissAlert(id: string): Promise<BackupAlert> {
  return request(`${one('alerts', id)}/dismiss`, { method: 'POST' });
}

export function makeEnrolToken(): Promise<EnrolToken> {
  return request('/backups/enroll-tokens', { method: 'POST' });
}

/** Hands a backup, or one file of it, to the browser's own download, by an address that needs no header. */
export async function downloadFrom(id: string, name?: string): Promise<void> {
  const json = name === undefined ? {} : { name };
  const { url } = await request<{ url: string }>(ofBackup(id, '/url'), { method: 'POST', json });
  const link = document.createElement('a');
  link.href = url;
  link.download = name?.split('/').at(-1) ?? '';
  link.click();
}
