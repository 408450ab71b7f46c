import type { Socket } from 'socket.io-client';
import { session } from '../features/session/browser';
import { follows } from './sequence';

export type Topic = 'services' | 'transfers' | 'presence' | 'rooms';

interface LiveEvent {
  topic: string;
  params?: unknown;
  seq: number;
  data: unknown;
}

type Listener = (data: unknown) => void;

const listeners = new Map<Topic, Set<Listener>>();
const lastSeq = new Map<Topic, number | null>();
const watchers = new Set<() => void>();
let socket: Socket | null = null;
let connected = false;
let retry: ReturnType<typeof setTimeout> | null = null;

function tellWatchers(next: boolean): void {
  connected = next;
  for (const watcher of watchers) watcher();
}

function subscribeTo(topic: Topic): void {
  lastSeq.set(topic, null);
  socket?.timeout(5_000).emit('subscribe', { topic, params: {} }, () => undefined);
}

function reconnectSoon(delay: number): void {
  if (retry !== null) return;
  retry = setTimeout(() => {
    retry = null;
    if (socket !== null && !socket.connected && listeners.size > 0) socket.connect();
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
      setTimeout(() => listeners.size > 0 && open(), 3_000);
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
    for (const topic of listeners.keys()) subscribeTo(topic);
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
    const topic = event.topic as Topic;
    if (!listeners.has(topic)) return;
    switch (follows(lastSeq.get(topic) ?? null, event.seq)) {
      case 'old':
        return;
      case 'gap':
        subscribeTo(topic);
        return;
      case 'next':
        lastSeq.set(topic, event.seq);
        for (const listener of listeners.get(topic) ?? []) listener(event.data);
    }
  });
}

/** Hears a topic until the returned function is called. */
export function hear(topic: Topic, listener: Listener): () => void {
  const set = listeners.get(topic) ?? new Set();
  listeners.set(topic, set);
  set.add(listener);
  open();
  if (socket?.connected) subscribeTo(topic);
  return () => {
    set.delete(listener);
    if (set.size > 0) return;
    listeners.delete(topic);
    socket?.emit('unsubscribe', { topic, params: {} });
    if (listeners.size === 0) {
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
