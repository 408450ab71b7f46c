import type { Attempt, BackupAlert } from '../../api/backups';

/** What is under way for a path. */
export interface Running extends Pick<Attempt, 'kind' | 'started_at' | 'sent' | 'entries'> {
  attempt: string;
  outcome: 'queued' | 'running';
}

/** What the live topic `backups` is made of; `id` is unique among all. */
export type LiveItem =
  | { id: string; kind: 'target'; target: string; running: Running | null }
  | { id: string; kind: 'alert'; alert: BackupAlert }
  | { id: string; kind: 'server'; leader: string; at: string };

/** What the campus told of the backups: by the items' ids. */
export type News = ReadonlyMap<string, LiveItem>;

function itemsIn(value: unknown): LiveItem[] | null {
  return Array.isArray(value) ? value.filter((one) => typeof one?.id === 'string') : null;
}

/** Takes in an event; `null` if it is none. */
export function withEvent(known: News, data: unknown): News | null {
  const { items, changed } = (data ?? {}) as { items?: unknown; changed?: unknown };
  const whole = itemsIn(items);
  if (whole !== null) return new Map(whole.map((item) => [item.id, item]));
  const some = itemsIn(changed);
  return some === null ? null : new Map([...known, ...some.map((item) => [item.id, item] as const)]);
}

/** What of an item makes the lists stale: not how far an attempt is. */
function gist(item: LiveItem | undefined): string {
  if (item === undefined || item.kind === 'server') return '';
  if (item.kind === 'alert') return JSON.stringify(item.alert);
  return JSON.stringify({ ...item, running: item.running && [item.running.attempt, item.running.outcome] });
}

/** Whether anything other than progress changed. */
export function outdates(before: News, after: News): boolean {
  if ([...before.keys()].some((id) => !after.has(id))) return true;
  return [...after].some(([id, item]) => gist(item) !== gist(before.get(id)));
}

/** What is under way for a path. */
export function runningOf(news: News, target: string): Running | null {
  const item = news.get(`target:${target}`);
  return item?.kind === 'target' ? item.running : null;
}
