import { useEffect, useRef, useSyncExternalStore } from 'react';

interface Drops {
  /** What is said while files are held over the window. */
  label: string;
  take: (files: File[]) => void;
}

/** Of several that want them the last one takes them: a dialog before its page. */
let takers: readonly Drops[] = [];
const listeners = new Set<() => void>();

function become(next: readonly Drops[]): void {
  takers = next;
  for (const listener of listeners) listener();
}

/** What a page wants done with files dropped on the window, if it wants something of its own. */
export function usePageDrops(): Drops | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => takers.at(-1) ?? null,
  );
}

/** While the page is shown, files dropped on the window go to `take` and are not uploaded. */
export function useTakeDrops(label: string, take: (files: File[]) => void, enabled = true): void {
  const latest = useRef(take);
  latest.current = take;
  useEffect(() => {
    if (!enabled) return;
    const mine: Drops = { label, take: (files) => latest.current(files) };
    become([...takers, mine]);
    return () => become(takers.filter((one) => one !== mine));
  }, [label, enabled]);
}
