import type { RequestView } from '../../api/rooms';

/** A proposal that ends sooner is answered by a program; nobody could read it. */
const READABLE = 10_000;

/** How long a proposal holds its rooms, in milliseconds. */
export function heldFor(request: RequestView): number {
  return request.deadline === null ? 0 : Date.parse(request.deadline) - Date.parse(request.changed_at);
}

/** How long it still does at `now`, the campus' time. */
export function leftOf(request: RequestView, now: number): number {
  return request.deadline === null ? 0 : Math.max(0, Date.parse(request.deadline) - now);
}

/** Proposals that a person has time to answer, the most urgent first. */
export function answerable(requests: readonly RequestView[], now: number): RequestView[] {
  return requests
    .filter((one) => one.state === 'proposed' && heldFor(one) >= READABLE && leftOf(one, now) > 0)
    .sort((a, b) => leftOf(a, now) - leftOf(b, now));
}

/** `1:05`, or `42` below a minute. */
export function countdown(left: number): string {
  const seconds = Math.ceil(left / 1000);
  if (seconds < 60) return String(seconds);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
