import { describe, expect, it } from 'vitest';
import { type LiveItem, type News, outdates, type Running, runningOf, withEvent } from './news';

const RUNNING: Running = {
  attempt: '01k1',
  kind: 'backup',
  outcome: 'running',
  started_at: '2026-11-21T12:00:00Z',
  sent: 10,
  entries: 1,
};
const target = (running: Running | null): LiveItem => ({ id: 'target:a', kind: 'target', target: 'a', running });
const server = (at: string): LiveItem => ({ id: 'now', kind: 'server', leader: 'backup-server-1', at });
const NONE: News = new Map();
const of = (...items: LiveItem[]): News => new Map(items.map((item) => [item.id, item]));

describe('news of the backups', () => {
  it('begin whole and go on with what changed', () => {
    const first = withEvent(NONE, { items: [target(null), server('1')] });
    expect(first?.size).toBe(2);
    const next = withEvent(first ?? NONE, { changed: [target(RUNNING)] });
    expect(runningOf(next ?? NONE, 'a')).toEqual(RUNNING);
    expect(next?.size).toBe(2);
    expect(withEvent(next ?? NONE, { items: [server('2')] })?.size).toBe(1);
  });

  it('are told from anything else', () => {
    expect(withEvent(NONE, null)).toBeNull();
    expect(withEvent(NONE, { items: 'x' })).toBeNull();
    expect(runningOf(NONE, 'a')).toBeNull();
  });

  it('make lists stale when something began, ended, came or went, not as bytes arrive or time goes by', () => {
    const idle = of(target(null), server('1'));
    const busy = of(target(RUNNING), server('1'));
    expect(outdates(idle, busy)).toBe(true);
    expect(outdates(busy, of(target({ ...RUNNING, sent: 99 }), server('2')))).toBe(false);
    expect(outdates(busy, idle)).toBe(true);
    expect(outdates(idle, of(server('1')))).toBe(true);
  });
});
