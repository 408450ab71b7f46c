import type { CampusStatus, ReplicaState } from '../../api/types';

export type CampusEvent =
  | { kind: 'appeared' | 'gone' | 'restarted'; id: string }
  | { kind: 'state'; id: string; from: ReplicaState; to: ReplicaState }
  | { kind: 'leader'; id: string; role: string }
  | { kind: 'roleDown' | 'roleUp'; role: string };

/** What happened between two looks at the campus. */
export function compareStatus(before: CampusStatus, after: CampusStatus): CampusEvent[] {
  const events: CampusEvent[] = [];
  for (const role of after.roles) {
    const was = before.roles.find((other) => other.role === role.role);
    if (was === undefined) continue;
    const old = new Map(was.replicas?.map((replica) => [replica.id, replica]));
    for (const replica of role.replicas ?? []) {
      const previous = old.get(replica.id);
      old.delete(replica.id);
      if (previous === undefined) {
        if (was.replicas !== undefined) events.push({ kind: 'appeared', id: replica.id });
        continue;
      }
      if (replica.restarts > previous.restarts) events.push({ kind: 'restarted', id: replica.id });
      if (replica.state !== previous.state) {
        events.push({ kind: 'state', id: replica.id, from: previous.state, to: replica.state });
      }
      if (replica.leader && !previous.leader) events.push({ kind: 'leader', id: replica.id, role: role.role });
    }
    if (role.replicas !== undefined) for (const id of old.keys()) events.push({ kind: 'gone', id });
    if (was.ready && !role.ready) events.push({ kind: 'roleDown', role: role.role });
    if (!was.ready && role.ready) events.push({ kind: 'roleUp', role: role.role });
  }
  return events;
}
