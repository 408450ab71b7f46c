import { describe, expect, it } from 'vitest';
import { readProblem, retryAfter } from '../../api/problem';
import type { CampusStatus, ReplicaStatus } from '../../api/types';
import { compareStatus } from './compare';

const replica = (next: Partial<ReplicaStatus>): ReplicaStatus => ({
  id: 'files-1',
  node: 'n',
  address: null,
  state: 'ready',
  leader: false,
  cpu_percent: 0,
  memory_bytes: 0,
  restarts: 0,
  uptime_ms: 0,
  ...next,
});
const campus = (replicas: ReplicaStatus[], ready = true): CampusStatus => ({
  ready,
  operating: true,
  roles: [{ role: 'files', ready, desired: 1, replicas }],
});

describe('two looks at the campus', () => {
  it('show a replica dying and coming back', () => {
    expect(compareStatus(campus([replica({})]), campus([replica({ state: 'backoff' })], false))).toEqual([
      { kind: 'state', id: 'files-1', from: 'ready', to: 'backoff' },
      { kind: 'roleDown', role: 'files' },
    ]);
    expect(
      compareStatus(campus([replica({ state: 'backoff' })], false), campus([replica({ restarts: 1, leader: true })])),
    ).toEqual([
      { kind: 'restarted', id: 'files-1' },
      { kind: 'state', id: 'files-1', from: 'backoff', to: 'ready' },
      { kind: 'leader', id: 'files-1', role: 'files' },
      { kind: 'roleUp', role: 'files' },
    ]);
  });

  it('show replicas that were added and taken away', () => {
    expect(compareStatus(campus([replica({})]), campus([replica({ id: 'files-2' })]))).toEqual([
      { kind: 'appeared', id: 'files-2' },
      { kind: 'gone', id: 'files-1' },
    ]);
  });
});

describe('a problem document', () => {
  it('is read with its request id and its waiting time', () => {
    const headers: Record<string, string> = { 'retry-after': '3', 'x-request-id': 'from-header' };
    const body = JSON.stringify({
      title: 'Invalid',
      detail: 'x',
      errors: [{ field: '/name', code: 'c', message: 'm' }],
    });
    const problem = readProblem(422, (name) => headers[name], body, 0);
    expect(problem).toMatchObject({ status: 422, requestId: 'from-header', retryAfter: 3_000, passing: false });
    expect(problem.fieldMessage('name')).toBe('m');
    expect(readProblem(502, () => null, '<html>', 0)).toMatchObject({ passing: true, requestId: null });
  });

  it('may name a date', () => {
    expect(retryAfter('Thu, 01 Jan 1970 00:00:10 GMT', 4_000)).toBe(6_000);
    expect(retryAfter('soon', 0)).toBeNull();
  });
});
