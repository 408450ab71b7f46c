import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { Statistics } from '../../api/types';

export const DAYS = [7, 30, 90, 365] as const;

export function useStatistics(days: number, mine: boolean) {
  return useQuery({
    queryKey: ['statistics', days, mine],
    queryFn: ({ signal }) =>
      request<Statistics>('/statistics', { query: { days, mine: mine ? 'true' : undefined }, signal }),
    staleTime: 60_000,
  });
}

/** The campus counts hours in UTC; a person reads those of their own clock, `minutes` ahead of it. */
export function localHours(utc: readonly number[], minutes: number): number[] {
  const shift = Math.round(minutes / 60);
  return utc.map((_, hour) => utc[(((hour - shift) % 24) + 24) % 24] ?? 0);
}

export type Cell = string | number;

/** A table as CSV (RFC 4180); what a spreadsheet would take for a formula begins with an apostrophe. */
export function csvOf(columns: string[], rows: Cell[][]): string {
  const quoted = (cell: Cell) => {
    const text = typeof cell === 'string' && /^[=+\-@]/.test(cell) ? `'${cell}` : String(cell);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns, ...rows].map((row) => `${row.map(quoted).join(',')}\r\n`).join('');
}
