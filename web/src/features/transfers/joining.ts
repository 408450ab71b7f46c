import type { Transfer } from '../../api/types';
import { type Remembered, uploadPath } from './memory';
import type { UploadItem } from './queue';

/** An upload that stopped before its end and that no tab of this browser is sending. */
export interface Unfinished {
  url: string;
  name: string | null;
  size: number;
  offset: number;
  /** What this browser remembers of it; `null` if it was begun elsewhere. */
  remembered: Remembered | null;
}

export function isUpload(transfer: Transfer): boolean {
  return transfer.direction === 'upload';
}

/** Decodes one value of an `Upload-Metadata` header. */
export function metadataValue(header: string | null, key: string): string | null {
  for (const pair of header?.split(',') ?? []) {
    const [name, value] = pair.trim().split(' ');
    if (name !== key || value === undefined) continue;
    return new TextDecoder().decode(Uint8Array.from(atob(value), (c) => c.charCodeAt(0)));
  }
  return null;
}

/** Joins what the campus knows with what this browser remembers. */
export function joinUnfinished(transfers: Transfer[], remembered: Remembered[]): Unfinished[] {
  const known = new Map(remembered.map((entry) => [entry.url, entry]));
  const found: Unfinished[] = [];
  for (const transfer of transfers) {
    if (!isUpload(transfer) || transfer.state === 'done' || !transfer.resume || transfer.size == null) continue;
    const url = uploadPath(transfer.resume.url);
    const own = known.get(url) ?? null;
    found.push({
      url,
      name: transfer.name || own?.name || null,
      size: transfer.size,
      offset: Math.max(transfer.offset, transfer.resume.offset),
      remembered: own,
    });
  }
  return found;
}

export function withoutRunning(found: Unfinished[], running: readonly UploadItem[]): Unfinished[] {
  const urls = new Set(running.map((item) => item.url));
  return found.filter((entry) => !urls.has(entry.url));
}

/** Why a chosen file cannot go on with an upload; `null` if it can. */
export function mismatch(
  entry: Unfinished,
  file: Pick<File, 'name' | 'size' | 'lastModified'>,
): 'wrongFile' | 'changedFile' | null {
  if (file.size !== entry.size || (entry.name !== null && file.name !== entry.name)) return 'wrongFile';
  if (entry.remembered !== null && entry.remembered.lastModified !== file.lastModified) return 'changedFile';
  return null;
}

/** The transfers in a live message, whether they come bare or, as `files` publishes them, beside their user. */
export function transfersIn(items: unknown[]): Transfer[] {
  return items
    .map((item) => (item as { transfer?: Transfer }).transfer ?? (item as Transfer))
    .filter((item) => typeof item.id === 'string' && typeof item.offset === 'number');
}

/** Puts one change into the list; what is done leaves it. */
export function applyTransfer(items: Transfer[], next: Transfer): Transfer[] {
  const others = items.filter((item) => item.id !== next.id);
  if (next.state === 'done') return others;
  const index = items.findIndex((item) => item.id === next.id);
  return index < 0 ? [next, ...others] : items.map((item) => (item.id === next.id ? next : item));
}
