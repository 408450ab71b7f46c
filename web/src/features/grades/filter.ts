import type { Semester } from '../../api/grades';

/** The grades that a page is about. */
export interface GradesFilter {
  curso?: string;
  semestre?: Semester;
  year?: number;
}

export const SEMESTERS: Semester[] = ['1S', '2S'];

/** The years to choose from: the document's, those around `today`, and those that are known; the newest first. */
export function yearsWith(today: Date, known: readonly (number | undefined)[]): number[] {
  const now = today.getFullYear();
  const found = new Set([2023, now - 2, now - 1, now]);
  for (const one of known) if (one !== undefined) found.add(one);
  return [...found].sort((a, b) => b - a);
}

/** The group that live counts by itself; there is one only if all three are chosen. */
export function groupOf({ curso, semestre, year }: GradesFilter): Record<string, string | number> | null {
  if (curso === undefined || semestre === undefined || year === undefined) return null;
  return { curso, semestre, year };
}
