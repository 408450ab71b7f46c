import type { Socket } from 'socket.io-client';
import { session } from '../features/session/browser';
import { follows, keyOf } from './sequence';

export type Topic =
  | 'services'
  | 'transfers'
  | 'presence'
  | 'rooms'
  | 'grades.total'
  | 'grades.count'
  | 'grades.recent'
  | 'backups';

/** What of a topic is wanted. */
export type Params = Readonly<Record<string, string | number>>;

interface LiveEvent {
  topic: string;
  params?: Params | null;
  seq: number;
  data: unknown;
}

type Listener = (data: unknown) => void;

/** One topic with one set of parameters: numbered by itself. */
interface Subscription {
  topic: Topic;
  params: Params;
  listeners: Set<Listener>;
  seq: number | null;
}

const subscriptions = new Map<string, Subscription>();
const watchers = new Set<() => void>();
let socket: Socket | null = null;
let connected = false;
let retry: ReturnType<typeof setTimeout> | null = null;

function tellWatchers(next: boolean): void {
  connected = next;
  for (const watcher of watchers) watcher();
}

function subscribeTo(subscription: Subscription): void {
  const { topic, params } = subscription;
  subscription.seq = null;
  socket?.timeout(5_000).emit('subscribe', { topic, params }, () => undefined);
}

function reconnectSoon(delay: number): void {
  if (retry !== null) return;
  retry = setTimeout(() => {
    retry = null;
    if (socket !== null && !socket.connected && subscriptions.size > 0) socket.connect();
  }, delay);
}

let opening = false;

/** Connects; the library comes after the page, which asks over HTTP until then. */
function open(): void {
  if (socket !== null) {
    if (!socket.connected) socket.connect();
    return;
  }
  if (opening) return;
  opening = true;
  import('socket.io-client').then(
    ({ io }) => connect(io),
    () => {
      opening = false;
      setTimeout(() => subscriptions.size > 0 && open(), 3_000);
    },
  );
}

function connect(io: typeof import('socket.io-client').io): void {
  socket = io('/live', {
    transports: ['websocket'],
    auth: (give) => {
      session.token().then(
        (token) => give({ token }),
        () => give({}),
      );
    },
    reconnectionDelay: 300,
    reconnectionDelayMax: 3_000,
    timeout: 5_000,
  });
  socket.on('connect', () => {
    tellWatchers(true);
    for (const subscription of subscriptions.values()) subscribeTo(subscription);
  });
  socket.on('disconnect', (reason) => {
    tellWatchers(false);
    // The socket ends with its token; the library does not come back from that by itself.
    if (reason === 'io server disconnect') reconnectSoon(500);
  });
  socket.on('connect_error', () => {
    tellWatchers(false);
    if (socket?.active === false) reconnectSoon(3_000);
  });
  socket.on('event', (event: LiveEvent) => {
    const subscription = subscriptions.get(keyOf(event.topic, event.params ?? {}));
    if (subscription === undefined) return;
    switch (follows(subscription.seq, event.seq)) {
      case 'old':
        return;
      case 'gap':
        subscribeTo(subscription);
        return;
      case 'next':
        subscription.seq = event.seq;
        for (const listener of subscription.listeners) listener(event.data);
    }
  });
}

/** Hears a topic until the returned function is called. */
export function hear(topic: Topic, listener: Listener, params: Params = {}): () => void {
  const key = keyOf(topic, params);
  const subscription = subscriptions.get(key) ?? { topic, params, listeners: new Set(), seq: null };
  subscriptions.set(key, subscription);
  subscription.listeners.add(listener);
  open();
  if (socket?.connected) subscribeTo(subscription);
  return () => {
    subscription.listeners.delete(listener);
    if (subscription.listeners.size > 0) return;
    subscriptions.delete(key);
    socket?.emit('unsubscribe', { topic, params });
    if (subscriptions.size === 0) {
      socket?.disconnect();
      tellWatchers(false);
    }
  };
}

export function watchConnection(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
}

export function isConnected(): boolean {
  return connected;
}
