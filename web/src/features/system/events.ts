import { useEffect, useRef, useState } from 'react';
import type { CampusStatus } from '../../api/types';
import { type CampusEvent, compareStatus } from './compare';

export type DatedEvent = CampusEvent & { at: number; key: number };

const KEPT = 100;

/** The events seen since the page was opened, newest first. */
export function useCampusEvents(status: CampusStatus | undefined): { since: number; events: DatedEvent[] } {
  const before = useRef<CampusStatus | undefined>(undefined);
  const counter = useRef(0);
  const [since] = useState(Date.now);
  const [events, setEvents] = useState<DatedEvent[]>([]);
  useEffect(() => {
    const last = before.current;
    before.current = status;
    if (last === undefined || status === undefined || last === status) return;
    const found = compareStatus(last, status);
    if (found.length === 0) return;
    const at = Date.now();
    const dated = found.map((event) => {
      counter.current += 1;
      return { ...event, at, key: counter.current };
    });
    setEvents((known) => [...dated.reverse(), ...known].slice(0, KEPT));
  }, [status]);
  return { since, events };
}
