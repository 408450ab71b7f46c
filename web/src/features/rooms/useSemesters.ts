import { useMemo, useState } from 'react';
import type { RequestView } from '../../api/rooms';
import { useIdentity } from '../session/browser';
import { useRequests } from './rooms';
import { semesterOf, semestersAround } from './semesters';

/** The semesters to choose from, the one that pages begin with, and the requests that this is known from. */
export function useSemesters(): { first: string | undefined; semesters: string[]; known: RequestView[] } {
  const { role } = useIdentity();
  const privileged = role !== 'student';
  const newest = useRequests({}, privileged);
  const pages = newest.data?.pages;
  // Chosen once: what is asked for meanwhile does not turn the page.
  const [first, setFirst] = useState<string>();
  if (first === undefined && (!privileged || pages !== undefined || newest.isError)) {
    // The campus plans ahead: what was asked for last is what people look at.
    setFirst(pages?.[0]?.items[0]?.semester ?? semesterOf(new Date()));
  }
  return useMemo(() => {
    const known = pages?.flatMap((page) => page.items) ?? [];
    const seen = known.map((one) => one.semester);
    return { first, known, semesters: semestersAround(new Date(), first === undefined ? seen : [first, ...seen]) };
  }, [pages, first]);
}
