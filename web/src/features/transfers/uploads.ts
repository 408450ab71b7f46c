import { useSyncExternalStore } from 'react';
import { SignedOut } from '../../api/problem';
import { session } from '../session/browser';
import { rememberedUploads } from './memory';
import { type Earlier, type Sender, type SenderEvents, type UploadItem, UploadQueue } from './queue';
import type { Uploader } from './tus';

type Ended = (item: UploadItem) => void;

/** The protocol's library is loaded with the first upload, not with the first page. */
function openSender(uploader: Uploader, file: File, earlier: Earlier | null, events: SenderEvents): Sender {
  let stopped = false;
  let sender: Sender | null = null;
  import('./tus').then(
    (tus) => {
      if (!stopped) sender = tus.openSender(uploader, file, earlier, events);
    },
    () => events.onFailure({ kind: 'passing', delay: null, asked: null }),
  );
  return {
    stop: () => {
      stopped = true;
      sender?.stop();
    },
    discard: async () => sender?.discard(),
  };
}

/** A queue of this tab that wakes with the connection. */
export function openQueue(uploader: Uploader, onEnded: Ended): UploadQueue {
  const queue = new UploadQueue({
    open: (file, earlier, events) => openSender(uploader, file, earlier, events),
    now: () => Date.now(),
    later: (work, delay) => {
      const timer = setTimeout(work, delay);
      return () => clearTimeout(timer);
    },
    online: () => navigator.onLine,
    random: () => Math.random(),
    onDone: onEnded,
    onFailed: onEnded,
  });
  window.addEventListener('online', () => queue.wake());
  setInterval(() => queue.tick(), 1_000);
  return queue;
}

const member: Uploader = {
  id: () => (session.state.kind === 'signed-in' ? session.state.identity.id : ''),
  headers: async () => {
    const token = await session.token();
    if (token === null) throw new SignedOut();
    return { authorization: `Bearer ${token}` };
  },
  renew: async (refused) => {
    const token = refused.authorization?.slice('Bearer '.length);
    return token !== undefined && (await session.renew(token)) !== null;
  },
};

const ended = new Set<Ended>();

/** The uploads of whoever is logged in, in this tab. */
export const uploads = openQueue(member, (item) => {
  for (const listener of ended) listener(item);
});

session.subscribe(() => {
  if (session.state.kind === 'signed-in') uploads.wake();
});

export function useQueue(queue: UploadQueue): readonly UploadItem[] {
  return useSyncExternalStore(queue.subscribe, queue.snapshot);
}

export function useUploads(): readonly UploadItem[] {
  return useQueue(uploads);
}

/** Tells `listener` of every upload that completes or fails for good. */
export function onUploadEnded(listener: Ended): () => void {
  ended.add(listener);
  return () => ended.delete(listener);
}

/** Queues files; one that this browser began to send earlier goes on from where it stopped. */
export function enqueue(queue: UploadQueue, uploader: string, files: Iterable<File>): void {
  const known = uploader === '' ? [] : rememberedUploads(uploader);
  const running = new Set(queue.snapshot().map((item) => item.url));
  for (const file of files) {
    const match = known.find(
      (entry) =>
        entry.name === file.name &&
        entry.size === file.size &&
        entry.lastModified === file.lastModified &&
        !running.has(entry.url),
    );
    if (match !== undefined) running.add(match.url);
    queue.add(file, match === undefined ? null : { url: match.url, storageKey: match.storageKey });
  }
}

export function uploadFiles(files: Iterable<File>): void {
  enqueue(uploads, member.id(), files);
}
