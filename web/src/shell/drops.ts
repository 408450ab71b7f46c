import { useEffect, useRef, useSyncExternalStore } from 'react';

interface Drops {
  /** What is said while files are held over the window. */
  label: string;
  take: (files: File[]) => void;
}

let current: Drops | null = null;
const listeners = new Set<() => void>();

function become(next: Drops | null): void {
  current = next;
  for (const listener of listeners) listener();
}

/** What a page wants done with files dropped on the window, if it wants something of its own. */
export function usePageDrops(): Drops | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => current,
  );
}

/** While the page is shown, files dropped on the window go to `take` and are not uploaded. */
export function useTakeDrops(label: string, take: (files: File[]) => void, enabled = true): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    if (!enabled) return;
    become({ label, take: (files) => latest.current(files) });
    return () => become(null);
  }, [label, enabled]);
}
