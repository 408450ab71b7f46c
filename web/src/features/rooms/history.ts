import type { HistoryPoint, MetricsHistory } from '../../api/rooms';

/** What of a point is drawn. */
export type Measure = Exclude<keyof HistoryPoint, 'at' | 'leading'>;

/** The moments of all servers, the oldest first. */
export function momentsOf({ servers }: MetricsHistory): string[] {
  return [...new Set(servers.flatMap(({ points }) => points.map((point) => point.at)))].sort();
}

/** One line for each server; `null` where it did not run. */
export function byServer(history: MetricsHistory, measure: Measure): { name: string; values: (number | null)[] }[] {
  const moments = momentsOf(history);
  return history.servers.map(({ server, points }) => {
    const found = new Map(points.map((point) => [point.at, point[measure]]));
    return { name: server, values: moments.map((at) => found.get(at) ?? null) };
  });
}

/** One line of all servers, joined by `join`; `null` where none has anything. */
export function together(
  history: MetricsHistory,
  measure: Measure,
  join: (values: number[]) => number,
): (number | null)[] {
  const lines = byServer(history, measure);
  return momentsOf(history).map((_, index) => {
    const values = lines.map((line) => line.values[index] ?? null).filter((value) => value !== null);
    return values.length === 0 ? null : join(values);
  });
}
