import { useEffect, useRef, useSyncExternalStore } from 'react';
import { hear, isConnected, type Params, type Topic, watchConnection } from './live';

/** Calls `listener` with everything the campus says about `topic`, with these parameters. */
export function useTopic(topic: Topic, listener: (data: unknown) => void, enabled = true, params?: Params): void {
  const latest = useRef(listener);
  latest.current = listener;
  const wanted = JSON.stringify(params ?? {});
  useEffect(() => {
    if (!enabled) return;
    return hear(topic, (data) => latest.current(data), JSON.parse(wanted) as Params);
  }, [topic, enabled, wanted]);
}

/** Whether live data flows; if not, pages ask instead. */
export function useLiveConnection(): boolean {
  return useSyncExternalStore(watchConnection, isConnected);
}
