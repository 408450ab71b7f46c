import { useEffect, useRef, useSyncExternalStore } from 'react';
import { hear, isConnected, type Topic, watchConnection } from './live';

/** Calls `listener` with everything the campus says about `topic`. */
export function useTopic(topic: Topic, listener: (data: unknown) => void, enabled = true): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => {
    if (!enabled) return;
    return hear(topic, (data) => latest.current(data));
  }, [topic, enabled]);
}

/** Whether live data flows; if not, pages ask instead. */
export function useLiveConnection(): boolean {
  return useSyncExternalStore(watchConnection, isConnected);
}
