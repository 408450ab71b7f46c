import type { CampusFile } from '../../api/types';
import type { FilesSearch } from '../../shell/searches';

export type FilterKey = 'type' | 'category' | 'owner' | 'classification' | 'tag';

const FILTER_KEYS: FilterKey[] = ['type', 'category', 'owner', 'classification', 'tag'];

/** The values that the files in view have, to choose from, each once; the chosen one always among them. */
export function valuesOf(
  files: readonly CampusFile[],
  key: Exclude<FilterKey, 'type' | 'owner'>,
  chosen: string | undefined,
): string[] {
  const found = new Set<string>();
  if (chosen !== undefined) found.add(chosen);
  for (const file of files) {
    for (const value of key === 'tag' ? file.tags : [file[key]]) if (value) found.add(value);
  }
  return [...found].sort((a, b) => a.localeCompare(b));
}

export function isFiltered(search: FilesSearch): boolean {
  return Boolean(search.q) || search.ending !== undefined || FILTER_KEYS.some((key) => search[key] !== undefined);
}

export const NO_FILTERS: Partial<FilesSearch> = {
  q: undefined,
  type: undefined,
  category: undefined,
  owner: undefined,
  classification: undefined,
  tag: undefined,
  ending: undefined,
};
