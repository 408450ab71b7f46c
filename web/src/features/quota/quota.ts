import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { Quota } from '../../api/coming';
import { useIdentity } from '../session/browser';

/** How much this person has and may have. */
export function useQuota(wanted = true) {
  const identity = useIdentity();
  return useQuery({
    queryKey: ['quota', identity.id],
    queryFn: ({ signal }) => request<Quota>('/quotas/me', { signal }),
    staleTime: 15_000,
    enabled: wanted,
    retry: false,
  });
}

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
