import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '../../api/rooms';
import { byServer, momentsOf, together } from './history';

const point = (at: string, more: Partial<HistoryPoint>): HistoryPoint => ({
  at,
  leading: false,
  proposals: 0,
  proposal_mean_ms: null,
  proposal_max_ms: null,
  resolutions: 0,
  resolution_mean_ms: null,
  resolution_max_ms: null,
  refused: 0,
  cpu_percent: 1,
  memory_bytes: 1,
  ...more,
});
const history = {
  from: 'a',
  to: 'c',
  step_s: 60,
  servers: [
    { server: 'one', points: [point('a', { proposal_max_ms: 4 }), point('b', { proposal_max_ms: 6, cpu_percent: 9 })] },
    { server: 'two', points: [point('b', { proposal_max_ms: 8, cpu_percent: 2 }), point('c', {})] },
  ],
};

describe('the history of the servers', () => {
  it('has the moments of all of them once', () => {
    expect(momentsOf(history)).toEqual(['a', 'b', 'c']);
  });

  it('has a gap where a server did not run', () => {
    expect(byServer(history, 'cpu_percent')).toEqual([
      { name: 'one', values: [1, 9, null] },
      { name: 'two', values: [null, 2, 1] },
    ]);
  });

  it('joins what all of them say, and says nothing where nothing was answered', () => {
    expect(together(history, 'proposal_max_ms', (values) => Math.max(...values))).toEqual([4, 8, null]);
  });
});
