/** Whether a sequence number follows the last; the first one after subscribing always does. */
export function follows(last: number | null, next: number): 'next' | 'old' | 'gap' {
  if (last === null || next === last + 1) return 'next';
  return next <= last ? 'old' : 'gap';
}
