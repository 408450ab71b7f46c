import { describe, expect, it } from 'vitest';
import type { BackupAlert, KeptBackup, Target } from '../../api/backups';
import { asOf, countOf, dotsOf, healthOf, isUnchanged, nodeOf } from './health';
import type { Running } from './news';

const AT = '2026-11-21T12:00:00Z';
const backup = (proof: boolean | null): KeptBackup => ({
  id: '01k',
  at: AT,
  size: 1,
  content_size: 1,
  entries: 1,
  warnings: 0,
  proof: proof === null ? null : { good: proof, at: AT, detail: null },
});
const target = (more: Partial<Target>): Target => ({
  id: '01k',
  host: 'web-1',
  port: 9750,
  path: '/srv',
  every_minutes: 60,
  next_at: AT,
  failures: 0,
  created_at: AT,
  pin_last_good: false,
  last_good_at: AT,
  last_proof_at: null,
  kept: [],
  node: { id: '01k', used: 0, quota: null },
  alerts: [],
  ...more,
});
const overdue = { kind: 'overdue' } as BackupAlert;
const shrunk = { kind: 'shrunk' } as BackupAlert;
const running = (kind: Running['kind']): Running => ({
  attempt: '01k',
  kind,
  outcome: 'running',
  started_at: AT,
  sent: 0,
  entries: 0,
});

describe('how a path is doing', () => {
  it('is well only when a restore proved it', () => {
    expect(healthOf(target({}), null)).toBe('never');
    expect(healthOf(target({ kept: [backup(null)] }), null)).toBe('unproven');
    expect(healthOf(target({ kept: [backup(null), backup(true)] }), null)).toBe('proven');
  });

  it('never hides what is wrong behind a proof', () => {
    const kept = [backup(true), backup(true)];
    expect(healthOf(target({ kept, failures: 2 }), null)).toBe('failing');
    expect(healthOf(target({ kept, alerts: [overdue] }), null)).toBe('overdue');
    expect(healthOf(target({ kept, alerts: [shrunk] }), null)).toBe('odd');
    expect(healthOf(target({ kept: [...kept, backup(false)], failures: 2 }), null)).toBe('damaged');
  });

  it('says when it is being backed up, not when it is being proven', () => {
    expect(healthOf(target({ kept: [backup(true)] }), running('backup'))).toBe('running');
    expect(healthOf(target({ kept: [backup(true)] }), running('rehearsal'))).toBe('proven');
  });
});

describe('the age of what is kept', () => {
  it('counts from the last attempt that found it so', () => {
    const later = '2026-11-21T13:00:00Z';
    const unchanged = target({ kept: [backup(null)], last_good_at: later });
    expect([isUnchanged(unchanged), asOf(unchanged)]).toEqual([true, later]);
    const changed = target({ kept: [backup(null)], last_good_at: AT });
    expect([isUnchanged(changed), asOf(changed)]).toEqual([false, AT]);
  });

  it('is that of the newest backup when the path was registered anew, and none without one', () => {
    expect(asOf(target({ kept: [backup(null)], last_good_at: null }))).toBe(AT);
    expect(asOf(target({}))).toBeNull();
  });
});

describe('ten dots', () => {
  it('are as many whatever is kept', () => {
    const dots = dotsOf([backup(true), backup(null), backup(false)]);
    expect(dots.slice(0, 4)).toEqual(['proven', 'unproven', 'failed', 'none']);
    expect(dots).toHaveLength(10);
    expect(countOf(dots, 'none')).toBe(7);
  });
});

describe('a node', () => {
  it('is written as the API takes it', () => {
    expect(nodeOf({ host: 'web-1', port: 9750 })).toBe('web-1:9750');
    expect(nodeOf({ host: 'fd00::5', port: 9750 })).toBe('[fd00::5]:9750');
  });
});
