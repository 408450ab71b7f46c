import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { Quota } from '../../api/types';
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
