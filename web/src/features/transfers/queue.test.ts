import { beforeEach, describe, expect, it } from 'vitest';
import { type Earlier, type QueuePorts, type SenderEvents, UploadQueue } from './queue';

interface Attempt {
  name: string;
  earlier: Earlier | null;
  events: SenderEvents;
  stopped: boolean;
  discarded: boolean;
}

let now: number;
let online: boolean;
let timers: { at: number; work: () => void }[];
let attempts: Attempt[];
let queue: UploadQueue;

const file = (name: string, size = 1_000) => ({ name, size, type: 'text/plain', lastModified: 1 }) as unknown as File;
const item = (key: string) => {
  const found = queue.snapshot().find((one) => one.key === key);
  if (found === undefined) throw new Error(`no upload ${key}`);
  return found;
};
const attempt = (index: number) => {
  const found = attempts.at(index);
  if (found === undefined) throw new Error(`no attempt ${index}`);
  return found;
};
function pass(milliseconds: number): void {
  now += milliseconds;
  const due = timers.filter((timer) => timer.at <= now);
  timers = timers.filter((timer) => timer.at > now);
  for (const timer of due) timer.work();
}

beforeEach(() => {
  now = 0;
  online = true;
  timers = [];
  attempts = [];
  const ports: QueuePorts = {
    open: (source, earlier, events) => {
      const made: Attempt = { name: source.name, earlier, events, stopped: false, discarded: false };
      attempts.push(made);
      return {
        stop: () => {
          made.stopped = true;
        },
        discard: async () => {
          made.discarded = true;
        },
      };
    },
    now: () => now,
    later: (work, delay) => {
      const timer = { at: now + delay, work };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    online: () => online,
    random: () => 0.5,
  };
  queue = new UploadQueue(ports);
});

describe('the upload queue', () => {
  it('sends three files at once and the next when one ends', () => {
    for (const name of ['a', 'b', 'c', 'd']) queue.add(file(name));
    expect(attempts.map((one) => one.name)).toEqual(['a', 'b', 'c']);
    attempt(1).events.onDone('f1');
    expect(attempts.map((one) => one.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(queue.snapshot()[1]).toMatchObject({ state: 'done', fileId: 'f1', sent: 1_000 });
  });

  it('never shows less than it has shown', () => {
    const key = queue.add(file('a'));
    attempt(0).events.onUrl('/api/v1/uploads/1');
    attempt(0).events.onProgress(600);
    attempt(0).events.onFailure({ kind: 'passing', delay: null, asked: null });
    pass(10_000);
    attempt(1).events.onProgress(400);
    expect(item(key).sent).toBe(600);
    attempt(1).events.onProgress(700);
    expect(item(key).sent).toBe(700);
  });

  it('goes on at the address it was given, and not from the start', () => {
    queue.add(file('a'));
    attempt(0).events.onUrl('/api/v1/uploads/1');
    attempt(0).events.onFailure({ kind: 'passing', delay: null, asked: null });
    pass(10_000);
    expect(attempt(1).earlier).toEqual({ url: '/api/v1/uploads/1', storageKey: null });
  });

  it('waits as long as the server asked', () => {
    const key = queue.add(file('a'));
    attempt(0).events.onFailure({ kind: 'passing', delay: 7_000, asked: 'busy' });
    expect(item(key)).toMatchObject({ state: 'retrying', retryAt: 7_000, asked: 'busy' });
    pass(6_999);
    expect(attempts).toHaveLength(1);
    pass(1);
    expect(attempts).toHaveLength(2);
  });

  it('waits longer after each failure without progress, and begins anew after an acknowledgement', () => {
    const key = queue.add(file('a'));
    const waits: number[] = [];
    const fail = () => {
      attempt(-1).events.onFailure({ kind: 'passing', delay: null, asked: null });
      const wait = (item(key).retryAt ?? now) - now;
      waits.push(wait);
      pass(wait);
    };
    fail();
    fail();
    fail();
    attempt(-1).events.onAcknowledged(10);
    fail();
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(waits[2]).toBeGreaterThan(waits[1] ?? 0);
    expect(waits[3]).toBe(waits[0]);
  });

  it('waits for the connection when there is none, and goes on when it is back', () => {
    const key = queue.add(file('a'));
    online = false;
    attempt(0).events.onFailure({ kind: 'passing', delay: null, asked: null });
    expect(item(key)).toMatchObject({ state: 'retrying', retryAt: null });
    pass(600_000);
    expect(attempts).toHaveLength(1);
    online = true;
    queue.wake();
    expect(attempts).toHaveLength(2);
  });

  it('ignores what an ended attempt still says', () => {
    const key = queue.add(file('a'));
    const old = attempt(0);
    queue.pause(key);
    queue.resume(key);
    old.events.onProgress(900);
    old.events.onFailure({ kind: 'final', reason: 'refused', detail: '', requestId: null });
    expect(item(key)).toMatchObject({ state: 'sending', sent: 0 });
    expect(old.stopped).toBe(true);
  });

  it('takes a connection that moves nothing for half a minute for dead', () => {
    const key = queue.add(file('a'));
    attempt(0).events.onProgress(100);
    now = 30_000;
    queue.tick();
    expect(item(key).state).toBe('sending');
    now = 30_001;
    queue.tick();
    expect(item(key).state).toBe('retrying');
    expect(attempt(0).stopped).toBe(true);
  });

  it('says from where an earlier upload goes on', () => {
    const key = queue.add(file('a'), { url: '/api/v1/uploads/9', storageKey: 'k' });
    attempt(0).events.onProgress(250);
    attempt(0).events.onProgress(500);
    expect(item(key).resumedFrom).toBe(250);
  });

  it('starts over only when the server has nothing left', () => {
    const key = queue.add(file('a'), { url: '/api/v1/uploads/9', storageKey: 'k' });
    attempt(0).events.onProgress(250);
    attempt(0).events.onFailure({ kind: 'final', reason: 'vanished', detail: '', requestId: null });
    expect(item(key).state).toBe('failed');
    queue.resume(key);
    expect(attempt(1).earlier).toBeNull();
    expect(item(key).sent).toBe(0);
  });

  it('ends a cancelled upload on the server, a finished one not', async () => {
    const first = queue.add(file('a'));
    const second = queue.add(file('b'));
    attempt(1).events.onDone('f');
    await queue.cancel(first);
    await queue.cancel(second);
    expect(attempts.map((one) => one.discarded)).toEqual([true, false]);
    expect(queue.snapshot()).toEqual([]);
  });
});
