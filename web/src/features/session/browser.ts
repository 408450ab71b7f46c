import { useSyncExternalStore } from 'react';
import { request, takeTokensFrom } from '../../api/client';
import { type Identity, Session, type SessionMessage, type SessionState } from './session';

const channel = new BroadcastChannel('bedel.session');

async function exclusively<T>(work: () => Promise<T>): Promise<T> {
  // Absent on plain http off loopback, where credentials are not taken anyway.
  if (!('locks' in navigator)) return work();
  return navigator.locks.request('bedel.session', work);
}

/** The session of this browser. */
export const session = new Session({
  post: (path, json, headers) => request(path, { method: 'POST', json, headers, anonymous: true }),
  shared: localStorage,
  tab: sessionStorage,
  exclusively,
  tell: (message) => channel.postMessage(message),
  now: () => Date.now(),
  later: (work, delay) => {
    const timer = setTimeout(work, delay);
    return () => clearTimeout(timer);
  },
  randomKey: () => crypto.getRandomValues(new Uint32Array(4)).join('-'),
});

takeTokensFrom(session);
channel.onmessage = (event: MessageEvent<SessionMessage>) => session.hear(event.data);

export function useSession(): SessionState {
  return useSyncExternalStore(session.subscribe, () => session.state);
}

/** Who is logged in, inside pages that only a logged-in person reaches. */
export function useIdentity(): Identity {
  const state = useSession();
  if (state.kind === 'signed-in') last = state.identity;
  return last;
}

let last: Identity = { id: '', username: '', role: 'student', courses: [] };
