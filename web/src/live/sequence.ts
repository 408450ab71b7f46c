/** Whether a sequence number follows the last; the first one after subscribing always does. */
export function follows(last: number | null, next: number): 'next' | 'old' | 'gap' {
  if (last === null || next === last + 1) return 'next';
  return next <= last ? 'old' : 'gap';
}

/** Names a topic with its parameters, whatever the order in which these come. */
export function keyOf(topic: string, params: Readonly<Record<string, unknown>>): string {
  return JSON.stringify([topic, ...Object.entries(params).sort(([a], [b]) => (a < b ? -1 : 1))]);
}
