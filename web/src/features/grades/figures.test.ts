import { describe, expect, it } from 'vitest';
import { differsSince, newest, type Sources, standingOf } from './figures';

const at = (count: number, moment: number) => ({ count, at: moment });

describe('the total', () => {
  it('is what is known at all', () => {
    expect(newest(null, null)).toBeNull();
    expect(newest(at(3, 1), null)).toEqual(at(3, 1));
    expect(newest(null, at(4, 1))).toEqual(at(4, 1));
  });

  it('is the newer of the two, even if it is smaller', () => {
    expect(newest(at(10, 100), at(12, 200))).toEqual(at(12, 200));
    expect(newest(at(15, 300), at(12, 200))).toEqual(at(15, 300));
    expect(newest(at(15, 100), at(2, 200))).toEqual(at(2, 200));
    expect(newest(at(7, 100), at(8, 100))).toEqual(at(7, 100));
  });
});

describe('live that differs from the records', () => {
  it('is noticed when the records are the newer, and dated from the first time', () => {
    expect(differsSince(at(5, 100), at(6, 200), null)).toBe(200);
    expect(differsSince(at(5, 100), at(7, 300), 200)).toBe(200);
  });

  it('is forgiven when it agrees or tells again', () => {
    expect(differsSince(at(5, 100), at(5, 200), 150)).toBeNull();
    expect(differsSince(at(5, 400), at(7, 300), 200)).toBeNull();
    expect(differsSince(null, at(7, 300), 200)).toBeNull();
  });
});

describe('what the dashboard says of itself', () => {
  const well: Sources = {
    online: true,
    connected: true,
    answered: true,
    told: at(5, 1_000),
    asked: at(5, 900),
    differs: null,
    now: 60_000,
  };

  it('is live only while all is well', () => {
    expect(standingOf(well)).toEqual({ kind: 'live' });
    expect(standingOf({ ...well, differs: 58_000 })).toEqual({ kind: 'live' });
  });

  it('is loading until something is known', () => {
    expect(standingOf({ ...well, told: null, asked: null })).toEqual({ kind: 'loading' });
  });

  it('says when live stands still although it is connected', () => {
    expect(standingOf({ ...well, asked: at(9, 59_000), differs: 50_000 })).toEqual({ kind: 'asking', at: 59_000 });
  });

  it('asks while live is away, and dates its figures when nothing answers', () => {
    expect(standingOf({ ...well, connected: false, asked: at(6, 2_000) })).toEqual({ kind: 'asking', at: 2_000 });
    expect(standingOf({ ...well, connected: false, answered: false })).toEqual({ kind: 'reconnecting', at: 1_000 });
  });

  it('is not live when the records cannot be read, whatever the connection says', () => {
    expect(standingOf({ ...well, answered: false })).toEqual({ kind: 'reconnecting', at: 1_000 });
  });

  it('says that the network is away before anything else', () => {
    expect(standingOf({ ...well, online: false })).toEqual({ kind: 'offline', at: 1_000 });
  });
});
