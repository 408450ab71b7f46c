import type { Quota } from '../../api/types';

/** Bytes that still fit; `null` without a limit. */
export function bytesLeft(quota: Quota): number | null {
  return quota.limit === null ? null : Math.max(0, quota.limit - quota.used - quota.reserved);
}

export type Fullness = 'roomy' | 'nearly' | 'full';

export function fullness(quota: Quota): Fullness {
  const left = bytesLeft(quota);
  if (left === null || quota.limit === null) return 'roomy';
  if (left === 0) return 'full';
  return left < quota.limit / 10 ? 'nearly' : 'roomy';
}
