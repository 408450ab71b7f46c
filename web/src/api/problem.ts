import type { FieldError } from './types';

/** What went wrong with a request, as the campus or the network told it. */

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly type: string,
    readonly title: string,
    readonly detail: string,
    readonly requestId: string | null,
    readonly errors: FieldError[],
    /** How long the server asked us to wait, in milliseconds. */
    readonly retryAfter: number | null,
  ) {
    super(detail || title);
    this.name = 'ApiError';
  }

  /** The same request may succeed later without any change. */
  get passing(): boolean {
    return this.status === 429 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  /** The last part of the problem's type: what went wrong, for programs. */
  get slug(): string {
    return this.type.split('/').at(-1) ?? '';
  }

  /** What the server says about one field of the form, if anything. */
  fieldMessage(name: string): string | undefined {
    return this.errors.find((error) => error.field === `/${name}` || error.field === name)?.message;
  }
}

/** No answer arrived: the network, or every gateway, is away. */
export class NoAnswer extends Error {
  constructor(cause: unknown) {
    super('no answer', { cause });
    this.name = 'NoAnswer';
  }
}

/** Nobody is logged in any more; the person has to log in again. */
export class SignedOut extends Error {
  constructor() {
    super('signed out');
    this.name = 'SignedOut';
  }
}

/** Reads `Retry-After`, in seconds or as a date; `null` if there is none. */
export function retryAfter(header: string | null | undefined, now: number): number | null {
  if (!header) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Turns a refused answer into an {@link ApiError}; bodies that are no problem documents are tolerated. */
export function readProblem(
  status: number,
  header: (name: string) => string | null | undefined,
  body: string,
  now: number,
): ApiError {
  let parsed: Partial<Record<'type' | 'title' | 'detail' | 'request_id', unknown>> & { errors?: unknown } = {};
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === 'object' && json !== null) parsed = json;
  } catch {
    parsed = {};
  }
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return new ApiError(
    status,
    text(parsed.type) || 'about:blank',
    text(parsed.title),
    text(parsed.detail),
    text(parsed.request_id) || header('x-request-id') || null,
    Array.isArray(parsed.errors) ? (parsed.errors as FieldError[]) : [],
    retryAfter(header('retry-after'), now),
  );
}
