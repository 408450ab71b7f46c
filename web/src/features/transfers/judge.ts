import type { Failure } from './queue';

/** What a refused tus request means for its upload. */
export function judge(status: number, retryAfter: number | null, detail: string, requestId: string | null): Failure {
  if (status === 413) return { kind: 'final', reason: 'tooLarge', detail, requestId };
  if (status === 507) return { kind: 'final', reason: 'noSpace', detail, requestId };
  if (status === 404 || status === 410) return { kind: 'final', reason: 'vanished', detail, requestId };
  // 409: another request for this upload has moved the offset; 423: it is just being taken over.
  const passing = status >= 500 || [408, 409, 423, 429, 460].includes(status) || status < 400;
  if (passing) return { kind: 'passing', delay: retryAfter, busy: status === 429 };
  return { kind: 'final', reason: 'refused', detail, requestId };
}
