import { Pace } from './pace';

type UploadState = 'waiting' | 'sending' | 'paused' | 'retrying' | 'done' | 'failed';

/** Why an upload ended for good, as a key of `transfers.reason`. */
type FinalReason = 'tooLarge' | 'noSpace' | 'quota' | 'voucher' | 'refused' | 'vanished' | 'unreadable';

/** Why the server asked us to wait: too many at once, or an administrator paused it. */
type Asked = 'busy' | 'held' | null;

export type Failure =
  /** It may go on from where it stopped, after `delay` milliseconds if the server named a time. */
  | { kind: 'passing'; delay: number | null; asked: Asked }
  | { kind: 'signed-out' }
  | { kind: 'final'; reason: FinalReason; detail: string; requestId: string | null };

export interface UploadItem {
  readonly key: string;
  readonly name: string;
  readonly size: number;
  readonly type: string;
  readonly state: UploadState;
  /** Bytes sent, for the eye: never goes backwards. */
  readonly sent: number;
  /** Where an upload that was begun earlier went on from. */
  readonly resumedFrom: number | null;
  readonly speed: number | null;
  /** When the next attempt is made; with `retrying`. `null` means: when the connection is back. */
  readonly retryAt: number | null;
  readonly asked: Asked;
  readonly failure: Failure | null;
  /** The upload's own address, once the server gave it one. */
  readonly url: string | null;
  readonly fileId: string | null;
}

/** An upload begun before this page was loaded. */
export interface Earlier {
  url: string;
  storageKey: string | null;
}

export interface SenderEvents {
  onUrl(url: string): void;
  onProgress(bytes: number): void;
  /** The server acknowledged everything up to here. */
  onAcknowledged(bytes: number): void;
  onDone(fileId: string | null): void;
  onFailure(failure: Failure): void;
}

/** One attempt at one upload; the next attempt opens another with the upload's address. */
export interface Sender {
  /** Ends this attempt; what has arrived stays on the server. */
  stop(): void;
  /** Ends it on the server too. */
  discard(): Promise<void>;
}

export interface QueuePorts {
  open(file: File, earlier: Earlier | null, events: SenderEvents): Sender;
  now(): number;
  later(work: () => void, delay: number): () => void;
  online(): boolean;
  /** 0 to 1. */
  random(): number;
  onDone?(item: UploadItem): void;
  onFailed?(item: UploadItem): void;
}

interface Job {
  file: File;
  /** Where it goes on, once there is something to go on with. */
  earlier: Earlier | null;
  /** It was begun before this page, so its first offset is worth telling. */
  begunBefore: boolean;
  sender: Sender | null;
  /** Counts attempts, so that late events of an ended one are ignored. */
  generation: number;
  pace: Pace;
  attempts: number;
  cancelTimer: (() => void) | null;
  lastSign: number;
}

/** Uploads that run at once; more would only share the same link. */
const AT_ONCE = 3;
/** A connection that moves nothing for this long is taken for dead, in milliseconds. */
const STALL = 30_000;
const DELAYS = [300, 700, 1_500, 3_000, 5_000, 10_000, 20_000, 30_000];

export class UploadQueue {
  private items: readonly UploadItem[] = [];
  private jobs = new Map<string, Job>();
  private listeners = new Set<() => void>();
  private counter = 0;

  constructor(private readonly ports: QueuePorts) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): readonly UploadItem[] => this.items;

  add(file: File, earlier: Earlier | null = null): string {
    this.counter += 1;
    const key = `upload-${this.counter}`;
    this.jobs.set(key, {
      file,
      earlier,
      begunBefore: earlier !== null,
      sender: null,
      generation: 0,
      pace: new Pace(),
      attempts: 0,
      cancelTimer: null,
      lastSign: this.ports.now(),
    });
    const item: UploadItem = {
      key,
      name: file.name,
      size: file.size,
      type: file.type,
      state: 'waiting',
      sent: 0,
      resumedFrom: null,
      speed: null,
      retryAt: null,
      asked: null,
      failure: null,
      url: earlier?.url ?? null,
      fileId: null,
    };
    this.items = [...this.items, item];
    this.fill();
    this.tell();
    return key;
  }

  pause(key: string): void {
    this.stop(key);
    this.change(key, { state: 'paused', speed: null, retryAt: null });
    this.fill();
  }

  /** Goes on with a paused, interrupted or failed upload. */
  resume(key: string): void {
    const job = this.jobs.get(key);
    const item = this.find(key);
    if (job === undefined || item === undefined) return;
    job.attempts = 0;
    if (item.failure?.kind === 'final' && item.failure.reason === 'vanished') {
      // Nothing is left on the server: the next start creates a new upload.
      job.earlier = null;
      job.begunBefore = false;
      this.change(key, { sent: 0, url: null, resumedFrom: null });
    }
    this.stop(key);
    this.change(key, { state: 'waiting', failure: null, retryAt: null, asked: null });
    this.fill();
  }

  /** Takes it off the list, and off the server unless it is complete. */
  async cancel(key: string): Promise<void> {
    const job = this.jobs.get(key);
    const item = this.find(key);
    this.stop(key);
    this.jobs.delete(key);
    this.items = this.items.filter((other) => other.key !== key);
    this.fill();
    this.tell();
    if (item?.state !== 'done') await job?.sender?.discard();
  }

  clearDone(): void {
    for (const item of this.items) if (item.state === 'done') this.jobs.delete(item.key);
    this.items = this.items.filter((item) => item.state !== 'done');
    this.tell();
  }

  /** The connection is back, or somebody logged in: whatever waits goes on now. */
  wake(): void {
    for (const item of this.items) if (item.state === 'retrying') this.resume(item.key);
  }

  /** Called about every second: ends connections that move nothing. */
  tick(): void {
    for (const item of this.items) {
      const job = this.jobs.get(item.key);
      if (item.state !== 'sending' || job === undefined) continue;
      if (this.ports.now() - job.lastSign > STALL) {
        job.sender?.stop();
        this.failed(item.key, { kind: 'passing', delay: null, asked: null });
      }
    }
  }

  private find(key: string): UploadItem | undefined {
    return this.items.find((item) => item.key === key);
  }

  private fill(): void {
    let running = this.items.filter((item) => item.state === 'sending').length;
    for (const item of this.items) {
      if (running >= AT_ONCE) return;
      if (item.state !== 'waiting') continue;
      this.begin(item.key);
      running += 1;
    }
  }

  private begin(key: string): void {
    const job = this.jobs.get(key);
    if (job === undefined) return;
    job.pace.reset();
    job.lastSign = this.ports.now();
    job.generation += 1;
    this.change(key, { state: 'sending', speed: null, retryAt: null });
    job.sender = this.ports.open(job.file, job.earlier, this.eventsOf(key, job.generation));
  }

  private eventsOf(key: string, generation: number): SenderEvents {
    const sending = (): boolean => this.jobs.get(key)?.generation === generation && this.find(key)?.state === 'sending';
    return {
      onUrl: (url) => {
        const job = this.jobs.get(key);
        if (job?.generation !== generation) return;
        job.earlier = { url, storageKey: job.earlier?.storageKey ?? null };
        this.change(key, { url });
      },
      onProgress: (bytes) => {
        const job = this.jobs.get(key);
        const item = this.find(key);
        if (job === undefined || item === undefined || !sending()) return;
        const now = this.ports.now();
        job.lastSign = now;
        job.pace.note(now, bytes);
        const resumedFrom = item.resumedFrom === null && job.begunBefore && item.sent === 0 ? bytes : item.resumedFrom;
        this.change(key, { sent: Math.max(item.sent, bytes), speed: job.pace.speed(), resumedFrom });
      },
      onAcknowledged: () => {
        const job = this.jobs.get(key);
        if (job === undefined || !sending()) return;
        job.attempts = 0;
        job.lastSign = this.ports.now();
        this.change(key, { asked: null });
      },
      onDone: (fileId) => {
        const item = this.find(key);
        if (item === undefined || item.state === 'done') return;
        this.change(key, { state: 'done', sent: item.size, speed: null, fileId, failure: null });
        this.fill();
        const done = this.find(key);
        if (done !== undefined) this.ports.onDone?.(done);
      },
      onFailure: (failure) => {
        if (sending()) this.failed(key, failure);
      },
    };
  }

  private failed(key: string, failure: Failure): void {
    const job = this.jobs.get(key);
    if (job === undefined) return;
    if (failure.kind === 'final') {
      this.change(key, { state: 'failed', failure, speed: null });
      const item = this.find(key);
      if (item !== undefined) this.ports.onFailed?.(item);
    } else if (failure.kind === 'signed-out' || !this.ports.online()) {
      this.change(key, { state: 'retrying', failure, speed: null, retryAt: null, asked: null });
    } else {
      const base = DELAYS[Math.min(job.attempts, DELAYS.length - 1)] ?? 30_000;
      job.attempts += 1;
      // Spread out, or everybody comes back in the same instant after a replica died.
      const delay = Math.max(failure.delay ?? 0, base * (0.75 + this.ports.random() / 2));
      this.change(key, {
        state: 'retrying',
        failure,
        speed: null,
        retryAt: this.ports.now() + delay,
        asked: failure.asked,
      });
      job.cancelTimer?.();
      job.cancelTimer = this.ports.later(() => {
        if (this.find(key)?.state !== 'retrying') return;
        this.change(key, { state: 'waiting', retryAt: null });
        this.fill();
      }, delay);
    }
    this.fill();
  }

  private stop(key: string): void {
    const job = this.jobs.get(key);
    if (job === undefined) return;
    job.cancelTimer?.();
    job.cancelTimer = null;
    job.sender?.stop();
  }

  private change(key: string, next: Partial<UploadItem>): void {
    this.items = this.items.map((item) => (item.key === key ? { ...item, ...next } : item));
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
