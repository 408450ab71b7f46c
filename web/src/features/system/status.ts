import { useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { CampusStatus, RoleStatus } from '../../api/types';
import { useLiveConnection, useTopic } from '../../live/useTopic';
import { useIdentity } from '../session/browser';

const KEY = ['status'];

/** The campus as it runs: live where the person may hear it, else asked for every few seconds. */
export function useStatus() {
  const queries = useQueryClient();
  const { role } = useIdentity();
  const privileged = role === 'admin' || role === 'staff';
  const live = useLiveConnection() && privileged;
  useTopic(
    'services',
    (data) => {
      // The hub answers a subscription before it has heard from the orchestrator.
      if (typeof data === 'object' && data !== null && 'roles' in data) queries.setQueryData(KEY, data as CampusStatus);
    },
    privileged,
  );
  const status = useQuery({
    queryKey: KEY,
    queryFn: ({ signal }) => request<CampusStatus>('/status', { signal }),
    refetchInterval: live ? 15_000 : 3_000,
    retry: false,
  });
  return { ...status, live };
}

export type Health = 'ready' | 'partly' | 'notReady';

export function healthOf(role: RoleStatus): Health {
  if (!role.ready) return 'notReady';
  const ready = readyReplicas(role);
  return role.desired !== undefined && ready < role.desired ? 'partly' : 'ready';
}

export function readyReplicas(role: RoleStatus): number {
  return role.replicas?.filter((replica) => replica.state === 'ready').length ?? 0;
}

/** Roles somebody wants running; one scaled to zero is not "down". */
export function wantedRoles(status: CampusStatus | undefined): RoleStatus[] {
  return status?.roles.filter((role) => role.desired !== 0) ?? [];
}
