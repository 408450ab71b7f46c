import { NoAnswer, readProblem, SignedOut } from './problem';

/** Where requests get their tokens from; the session registers itself here. */
export interface TokenSource {
  /** A token that is valid now, renewed first if it has to be; `null` when nobody is logged in. */
  token(): Promise<string | null>;
  /** The server refused this token: another one, or `null`. */
  renew(refused: string): Promise<string | null>;
}

let source: TokenSource = { token: async () => null, renew: async () => null };

export function takeTokensFrom(next: TokenSource): void {
  source = next;
}

export const API = '/api/v1';

export interface RequestOptions {
  method?: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  query?: Record<string, string | number | null | undefined>;
  json?: unknown;
  /** A body that is no JSON; its type is one of `headers`. */
  body?: string;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Send no token: logging in, registering, renewing. */
  anonymous?: boolean;
}

function address(path: string, query: RequestOptions['query']): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined && value !== '') parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return `${API}${path}${text ? `?${text}` : ''}`;
}

async function send(path: string, options: RequestOptions, token: string | null): Promise<Response> {
  const headers = new Headers(options.headers);
  headers.set('accept', 'application/json, application/problem+json');
  if (options.json !== undefined) headers.set('content-type', 'application/json');
  if (token) headers.set('authorization', `Bearer ${token}`);
  try {
    return await fetch(address(path, options.query), {
      method: options.method ?? 'GET',
      headers,
      body: options.json === undefined ? (options.body ?? null) : JSON.stringify(options.json),
      signal: options.signal ?? null,
      cache: 'no-store',
    });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new NoAnswer(error);
  }
}

/** Sends a request with the session's token; a token refused once is renewed and the request repeated. */
export async function respond(path: string, options: RequestOptions = {}): Promise<Response> {
  const token = options.anonymous ? null : await source.token();
  if (!options.anonymous && token === null) throw new SignedOut();
  let response = await send(path, options, token);
  if (response.status === 401 && token !== null) {
    const renewed = await source.renew(token);
    if (renewed === null) throw new SignedOut();
    response = await send(path, options, renewed);
  }
  if (!response.ok) {
    const body = await response.text().catch(() => '');
    throw readProblem(response.status, (name) => response.headers.get(name), body, Date.now());
  }
  return response;
}

/** {@link respond}, with the answer read as JSON; `undefined` for an answer without a body. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const response = await respond(path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}
