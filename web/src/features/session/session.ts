import { ApiError, SignedOut } from '../../api/problem';
import type { Tokens, UserRole } from '../../api/types';

/** Who is logged in, read from the access token, so that it is known while `accounts` is away. */
export interface Identity {
  id: string;
  username: string;
  role: UserRole;
  courses: string[];
}

export type SessionState =
  | { kind: 'signed-out'; reason: 'none' | 'expired' | 'left' }
  /** There is a session, but no valid access token yet: being renewed, or `accounts` is away. */
  | { kind: 'waiting' }
  | { kind: 'signed-in'; identity: Identity };

interface Access {
  token: string;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** Everything the session needs of the browser, so that tests can hand it something else. */
export interface SessionPorts {
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<unknown>;
  /** Shared by all tabs and kept. */
  shared: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** This tab's own; survives a reload. */
  tab: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
  /** Runs `work` while no other tab runs any. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  tell(message: SessionMessage): void;
  now(): number;
  later(work: () => void, delay: number): () => void;
  randomKey(): string;
}

export type SessionMessage = { kind: 'access'; access: Access } | { kind: 'left' };

const REFRESH = 'bedel.refresh';
const ATTEMPT = 'bedel.refresh-attempt';
const ACCESS = 'bedel.access';
/** A token is renewed when this share of its life is over, so that `accounts` may be away for the rest of it. */
const RENEW_AT = 0.5;
/** A token this close to its end is not handed out any more, in milliseconds. */
const MARGIN = 5_000;
const RETRY_DELAYS = [1_000, 2_000, 4_000, 8_000, 15_000];

/** Reads an access token's claims without verifying them; the servers verify. */
export function readIdentity(token: string): Identity | null {
  try {
    const payload = token.split('.')[1] ?? '';
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, '+').replace(/_/g, '/')), (c) => c.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    if (typeof claims.sub !== 'string' || typeof claims.role !== 'string') return null;
    return {
      id: claims.sub,
      username: typeof claims.username === 'string' ? claims.username : claims.sub,
      role: claims.role as UserRole,
      courses: Array.isArray(claims.courses) ? (claims.courses as string[]) : [],
    };
  } catch {
    return null;
  }
}

export class Session {
  private access: Access | null = null;
  private renewal: Promise<string | null> | null = null;
  private cancelTimer: (() => void) | null = null;
  private failures = 0;
  private listeners = new Set<() => void>();
  private current: SessionState = { kind: 'signed-out', reason: 'none' };

  constructor(private readonly ports: SessionPorts) {}

  get state(): SessionState {
    return this.current;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Picks up what an earlier page left behind. */
  restore(): void {
    if (this.ports.shared.getItem(REFRESH) === null) return;
    const kept = this.ports.tab.getItem(ACCESS);
    if (kept !== null) {
      const access = JSON.parse(kept) as Access;
      if (this.usable(access)) {
        this.adopt(access);
        return;
      }
    }
    this.become({ kind: 'waiting' });
    void this.renewNow(null).catch(() => undefined);
  }

  async logIn(username: string, password: string): Promise<void> {
    this.accept((await this.ports.post('/auth/login', { username, password })) as Tokens);
  }

  /** Leaves on this machine at once; telling `accounts` is an attempt, since it may be away. */
  async logOut(): Promise<void> {
    const refresh = this.ports.shared.getItem(REFRESH);
    this.forget('left');
    this.ports.tell({ kind: 'left' });
    if (refresh !== null) await this.ports.post('/auth/logout', { refresh_token: refresh }).catch(() => undefined);
  }

  /** A token that is valid now; waits for a renewal only if there is none. */
  async token(): Promise<string | null> {
    if (this.access !== null && this.usable(this.access)) return this.access.token;
    return this.renewNow(this.access?.token ?? null);
  }

  /** The server refused `refused`: get another one. */
  async renew(refused: string): Promise<string | null> {
    if (this.access !== null && this.access.token !== refused && this.usable(this.access)) return this.access.token;
    return this.renewNow(refused);
  }

  /** What another tab said. */
  hear(message: SessionMessage): void {
    if (message.kind === 'left') this.forget('left');
    else if (this.usable(message.access)) this.adopt(message.access);
  }

  private usable(access: Access): boolean {
    return access.expires - MARGIN > this.ports.now();
  }

  private renewNow(seen: string | null): Promise<string | null> {
    this.renewal ??= this.ports
      .exclusively(() => this.exchange(seen))
      .finally(() => {
        this.renewal = null;
      });
    return this.renewal;
  }

  private async exchange(seen: string | null): Promise<string | null> {
    // Another tab may have renewed while this one waited for its turn.
    if (this.access !== null && this.access.token !== seen && this.usable(this.access)) return this.access.token;
    const refresh = this.ports.shared.getItem(REFRESH);
    if (refresh === null) {
      this.forget('none');
      return null;
    }
    // The answer to a rotation can be lost on its way: a repeat with the same key gets it again.
    const key = this.ports.shared.getItem(ATTEMPT) ?? this.ports.randomKey();
    this.ports.shared.setItem(ATTEMPT, key);
    try {
      const tokens = (await this.ports.post(
        '/auth/refresh',
        { refresh_token: refresh },
        { 'idempotency-key': key },
      )) as Tokens;
      this.accept(tokens);
      return tokens.access_token;
    } catch (error) {
      if (error instanceof ApiError && error.status >= 400 && error.status < 500 && !error.passing) {
        // Somebody else rotated it in between, or it is over.
        if (this.ports.shared.getItem(REFRESH) !== refresh) return this.exchange(seen);
        this.forget('expired');
        throw new SignedOut();
      }
      this.retryLater(error instanceof ApiError ? error.retryAfter : null);
      if (this.access === null || !this.usable(this.access)) this.become({ kind: 'waiting' });
      throw error;
    }
  }

  private accept(tokens: Tokens): void {
    const access = { token: tokens.access_token, expires: this.ports.now() + tokens.expires_in * 1000 };
    this.ports.shared.setItem(REFRESH, tokens.refresh_token);
    this.ports.shared.removeItem(ATTEMPT);
    this.adopt(access);
    this.ports.tell({ kind: 'access', access });
  }

  private adopt(access: Access): void {
    const identity = readIdentity(access.token);
    if (identity === null) return;
    this.access = access;
    this.failures = 0;
    this.ports.tab.setItem(ACCESS, JSON.stringify(access));
    const left = access.expires - this.ports.now();
    this.schedule(Math.max(1_000, left * RENEW_AT));
    this.become({ kind: 'signed-in', identity });
  }

  private retryLater(asked: number | null): void {
    const delay = RETRY_DELAYS[Math.min(this.failures, RETRY_DELAYS.length - 1)] ?? 15_000;
    this.failures += 1;
    this.schedule(Math.max(delay, asked ?? 0));
  }

  private schedule(delay: number): void {
    this.cancelTimer?.();
    this.cancelTimer = this.ports.later(() => {
      void this.renewNow(this.access?.token ?? null).catch(() => undefined);
    }, delay);
  }

  private forget(reason: 'none' | 'expired' | 'left'): void {
    this.access = null;
    this.cancelTimer?.();
    this.cancelTimer = null;
    this.ports.shared.removeItem(REFRESH);
    this.ports.shared.removeItem(ATTEMPT);
    this.ports.tab.removeItem(ACCESS);
    this.become({ kind: 'signed-out', reason });
  }

  private become(state: SessionState): void {
    this.current = state;
    for (const listener of this.listeners) listener();
  }
}
