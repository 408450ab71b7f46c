import type { ApiError } from '../../api/problem';
import type { Failure } from './queue';

/** What a refused tus request means for its upload. */
export function judge(problem: Pick<ApiError, 'status' | 'slug' | 'message' | 'requestId' | 'retryAfter'>): Failure {
  const { status, slug, requestId, retryAfter } = problem;
  const final = (reason: Extract<Failure, { kind: 'final' }>['reason']): Failure => ({
    kind: 'final',
    reason,
    detail: problem.message,
    requestId,
  });
  if (status === 413) return final('tooLarge');
  if (status === 507) return final(slug === 'quota' ? 'quota' : 'noSpace');
  if (status === 404 || status === 410) return final('vanished');
  if (slug.startsWith('voucher')) return final('voucher');
  // 409: another request for this upload has moved the offset; 423: it is just being taken over.
  const passing = status >= 500 || [408, 409, 423, 429, 460].includes(status) || status < 400;
  if (!passing) return final('refused');
  const asked = status === 429 ? 'busy' : slug === 'held' ? 'held' : null;
  return { kind: 'passing', delay: retryAfter, asked };
}
