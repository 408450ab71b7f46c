import type { Entry } from '../../api/backups';

export interface Crumb {
  label: string;
  /** As the campus names it: the root is empty, others end in `/`. */
  folder: string;
}

/** From the root to a folder of a backup; the root bears the name of the path that was backed up. */
export function crumbsOf(path: string, folder: string): Crumb[] {
  const root = { label: path.split('/').filter(Boolean).at(-1) ?? '/', folder: '' };
  const parts = folder.split('/').filter(Boolean);
  return [root, ...parts.map((label, index) => ({ label, folder: `${parts.slice(0, index + 1).join('/')}/` }))];
}

/** What an entry is called inside its folder. */
export function nameIn(folder: string, entry: Entry): string {
  const inside = entry.name.startsWith(folder) ? entry.name.slice(folder.length) : entry.name;
  return inside.replace(/\/$/, '');
}

/** The entry whose bytes it has, if it has any: those of a hard link are in the backup once, under its other name. */
export function fileOf(entry: Entry): string | null {
  if (entry.kind === 'hardlink') return entry.target;
  return entry.kind === 'file' ? entry.name : null;
}
