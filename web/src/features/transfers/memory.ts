import type { PreviousUpload } from 'tus-js-client';

const STORAGE_PREFIX = 'tus::';

/** What this browser remembers of an upload it began. */
export interface Remembered {
  url: string;
  storageKey: string;
  name: string;
  size: number;
  lastModified: number;
}

/** Says which file this is, to find its upload again: no endpoint in it, since the campus' address may change. */
export function fingerprintOf(user: string, file: Pick<File, 'name' | 'size' | 'lastModified'>): string {
  return ['bedel', user, file.size, file.lastModified, encodeURIComponent(file.name)].join('/');
}

/** The path of an upload's address: what stays the same behind every door. */
export function uploadPath(url: string): string {
  return new URL(url, 'http://campus.invalid').pathname;
}

/** The uploads that this person began in this browser and that were not complete. */
export function rememberedUploads(user: string): Remembered[] {
  const found: Remembered[] = [];
  for (let index = 0; index < localStorage.length; index += 1) {
    const storageKey = localStorage.key(index) ?? '';
    const parsed = parseStorageKey(storageKey, user);
    if (parsed === null) continue;
    const entry = JSON.parse(localStorage.getItem(storageKey) ?? '{}') as Partial<PreviousUpload>;
    if (typeof entry.uploadUrl === 'string') found.push({ ...parsed, storageKey, url: uploadPath(entry.uploadUrl) });
  }
  return found;
}

export function parseStorageKey(key: string, user: string): Pick<Remembered, 'name' | 'size' | 'lastModified'> | null {
  if (!key.startsWith(`${STORAGE_PREFIX}bedel/`)) return null;
  const [, owner, size, lastModified, rest] = key.slice(STORAGE_PREFIX.length).split('/');
  if (owner !== user || rest === undefined) return null;
  return {
    name: decodeURIComponent(rest.split('::')[0] ?? ''),
    size: Number(size),
    lastModified: Number(lastModified),
  };
}

export function forgetUpload(storageKey: string): void {
  localStorage.removeItem(storageKey);
}
