import { beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError, NoAnswer, SignedOut } from '../../api/problem';
import { readIdentity, Session, type SessionMessage, type SessionPorts } from './session';

function memory(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const values = new Map<string, string>();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}

function jwt(username: string, serial: number): string {
  const payload = Buffer.from(JSON.stringify({ sub: 'u1', username, role: 'student', serial })).toString('base64url');
  return `x.${payload}.y`;
}

const refusal = (status: number) => new ApiError(status, 'about:blank', '', '', null, [], null);

let now: number;
let serial: number;
let timers: { at: number; work: () => void }[];
let shared: ReturnType<typeof memory>;
let told: SessionMessage[];
let post: ReturnType<typeof vi.fn<SessionPorts['post']>>;

function grant() {
  serial += 1;
  return { access_token: jwt('señora', serial), token_type: 'Bearer', expires_in: 600, refresh_token: `r${serial}` };
}

function open(tab = memory()): Session {
  return new Session({
    post,
    shared,
    tab,
    exclusively: (work) => work(),
    tell: (message) => told.push(message),
    now: () => now,
    later: (work, delay) => {
      const timer = { at: now + delay, work };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    randomKey: () => `key-${serial}`,
  });
}

async function pass(milliseconds: number): Promise<void> {
  now += milliseconds;
  const due = timers.filter((timer) => timer.at <= now);
  timers = timers.filter((timer) => timer.at > now);
  for (const timer of due) timer.work();
  await new Promise((resolve) => setImmediate(resolve));
}

beforeEach(() => {
  now = 1_000_000;
  serial = 0;
  timers = [];
  told = [];
  shared = memory();
  post = vi.fn(async () => grant());
});

describe('a session', () => {
  it('knows who is logged in from the token alone', () => {
    expect(readIdentity(jwt('señora', 1))).toEqual({ id: 'u1', username: 'señora', role: 'student', courses: [] });
    expect(readIdentity('nonsense')).toBeNull();
  });

  it('renews its token long before the end', async () => {
    const session = open();
    await session.logIn('ana', 'secret');
    await pass(299_000);
    expect(post).toHaveBeenCalledTimes(1);
    await pass(2_000);
    expect(post).toHaveBeenLastCalledWith('/auth/refresh', { refresh_token: 'r1' }, { 'idempotency-key': 'key-1' });
    expect(await session.token()).toBe(jwt('señora', 2));
  });

  it('works on with its token while accounts is away', async () => {
    const session = open();
    await session.logIn('ana', 'secret');
    post.mockRejectedValue(new NoAnswer(null));
    await pass(301_000);
    await pass(60_000);
    expect(session.state.kind).toBe('signed-in');
    expect(await session.token()).toBe(jwt('señora', 1));
  });

  it('waits, without logging out, when the token ended while accounts was away', async () => {
    const session = open();
    await session.logIn('ana', 'secret');
    post.mockRejectedValue(refusal(503));
    await pass(700_000);
    await expect(session.token()).rejects.toThrow(ApiError);
    expect(session.state.kind).toBe('waiting');
    post.mockImplementation(async () => grant());
    await pass(60_000);
    expect(session.state.kind).toBe('signed-in');
  });

  it('repeats a rotation whose answer was lost under the same key', async () => {
    const session = open();
    await session.logIn('ana', 'secret');
    post.mockRejectedValueOnce(new NoAnswer(null));
    await pass(301_000);
    serial = 40;
    await pass(2_000);
    const keys = post.mock.calls.slice(1).map((call) => call[2]?.['idempotency-key']);
    expect(keys).toEqual(['key-1', 'key-1']);
  });

  it('asks once, however many wait', async () => {
    const session = open();
    shared.setItem('bedel.refresh', 'r0');
    await Promise.all([session.token(), session.token(), session.renew('old')]);
    expect(post).toHaveBeenCalledTimes(1);
  });

  it('survives a reload without asking, and in the same tab only', async () => {
    const tab = memory();
    await open(tab).logIn('ana', 'secret');
    const again = open(tab);
    again.restore();
    expect(again.state.kind).toBe('signed-in');
    expect(post).toHaveBeenCalledTimes(1);
    const other = open();
    other.restore();
    expect(other.state.kind).toBe('waiting');
  });

  it('takes over what another tab renewed', async () => {
    const one = open();
    const two = open();
    await one.logIn('ana', 'secret');
    for (const message of told) two.hear(message);
    expect(await two.token()).toBe(await one.token());
    await one.logOut();
    two.hear({ kind: 'left' });
    expect(two.state).toEqual({ kind: 'signed-out', reason: 'left' });
  });

  it('is over when accounts says so', async () => {
    const session = open();
    await session.logIn('ana', 'secret');
    post.mockRejectedValue(refusal(401));
    await expect(session.renew(jwt('señora', 1))).rejects.toThrow(SignedOut);
    expect(session.state).toEqual({ kind: 'signed-out', reason: 'expired' });
    expect(shared.getItem('bedel.refresh')).toBeNull();
  });
});
