import { useSyncExternalStore } from 'react';
import { session } from '../session/browser';
import { rememberedUploads } from './memory';
import { type Earlier, type Sender, type SenderEvents, type UploadItem, UploadQueue } from './queue';

type Ended = (item: UploadItem) => void;
const ended = new Set<Ended>();

/** The protocol's library is loaded with the first upload, not with the first page. */
function openSender(file: File, earlier: Earlier | null, events: SenderEvents): Sender {
  let stopped = false;
  let sender: Sender | null = null;
  import('./tus').then(
    (tus) => {
      if (!stopped) sender = tus.openSender(file, earlier, events);
    },
    () => events.onFailure({ kind: 'passing', delay: null, busy: false }),
  );
  return {
    stop: () => {
      stopped = true;
      sender?.stop();
    },
    discard: async () => sender?.discard(),
  };
}

/** The uploads of this tab. */
export const uploads = new UploadQueue({
  open: openSender,
  now: () => Date.now(),
  later: (work, delay) => {
    const timer = setTimeout(work, delay);
    return () => clearTimeout(timer);
  },
  online: () => navigator.onLine,
  random: () => Math.random(),
  onDone: (item) => {
    for (const listener of ended) listener(item);
  },
  onFailed: (item) => {
    for (const listener of ended) listener(item);
  },
});

window.addEventListener('online', () => uploads.wake());
session.subscribe(() => {
  if (session.state.kind === 'signed-in') uploads.wake();
});
setInterval(() => uploads.tick(), 1_000);

export function useUploads(): readonly UploadItem[] {
  return useSyncExternalStore(uploads.subscribe, uploads.snapshot);
}

/** Tells `listener` of every upload that completes or fails for good. */
export function onUploadEnded(listener: Ended): () => void {
  ended.add(listener);
  return () => ended.delete(listener);
}

/** Queues files; one that this browser began to send earlier goes on from where it stopped. */
export function uploadFiles(files: Iterable<File>): void {
  const state = session.state;
  const known = state.kind === 'signed-in' ? rememberedUploads(state.identity.id) : [];
  const running = new Set(uploads.snapshot().map((item) => item.url));
  for (const file of files) {
    const match = known.find(
      (entry) =>
        entry.name === file.name &&
        entry.size === file.size &&
        entry.lastModified === file.lastModified &&
        !running.has(entry.url),
    );
    if (match !== undefined) running.add(match.url);
    uploads.add(file, match === undefined ? null : { url: match.url, storageKey: match.storageKey });
  }
}
