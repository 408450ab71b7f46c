/** The shapes of the backups' part of the HTTP contract, until the OpenAPI document has them all. */

/** What a rehearsal, or the last of them, found: the backup was restored and compared file by file. */
export interface Proof {
  good: boolean;
  at: string;
  /** What differs. */
  detail: string | null;
}

/** One of the backups that a path keeps. */
export interface KeptBackup {
  id: string;
  /** When it began: what it holds is from then or later. */
  at: string;
  /** Bytes of the `.tgz`. */
  size: number;
  /** Bytes of the tar stream in it. */
  content_size: number;
  entries: number;
  /** Files that are not in it as they were. */
  warnings: number;
  /** `null`: it was never rehearsed. */
  proof: Proof | null;
}

/** Where a node's agent listens. */
export interface Address {
  host: string;
  port: number;
}

/** `GET /backups/{id}` */
export interface Backup extends KeptBackup, Address {
  path: string;
  /** Whether it can still be had. */
  kept: boolean;
}

type AlertKind = 'overdue' | 'failing' | 'shrunk' | 'changed' | 'rehearsal_failed' | 'quota_near' | 'store_full';

/** `GET /backups/alerts`. Node and path are `null` as far as it is not about one. */
export interface BackupAlert {
  id: string;
  kind: AlertKind;
  host: string | null;
  port: number | null;
  path: string | null;
  /** The backup that failed its rehearsal, or the last good one before the odd one. */
  backup: string | null;
  detail: string;
  raised_at: string;
  cleared_at: string | null;
}

/** `GET /backups/targets`: a path of a node that is backed up. */
export interface Target extends Address {
  id: string;
  path: string;
  every_minutes: number;
  next_at: string;
  /** Attempts in a row without a backup. */
  failures: number;
  created_at: string;
  pin_last_good: boolean;
  /** The last attempt that ended well, even if nothing had changed. */
  last_good_at: string | null;
  last_proof_at: string | null;
  /** Newest first, at most ten. */
  kept: KeptBackup[];
  node: { id: string; used: number; quota: number | null };
  /** The open ones of this path, of its backups and of its node. */
  alerts: BackupAlert[];
}

/** `POST /backups/targets` */
export interface NewTarget extends Address {
  path: string;
  every_minutes: number;
  pin_last_good?: boolean;
}

/** `GET /backups/nodes` */
export interface BackupNode extends Address {
  id: string;
  /** The agent that answered there first. */
  agent: string | null;
  used: number;
  quota: number | null;
  targets: number;
  created_at: string;
}

/** `GET /backups/agents` */
export interface Agent {
  id: string;
  enrolled_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** HOST:PORT */
  nodes: string[];
}

/** How an attempt stands or ended. */
export type Outcome = 'queued' | 'running' | 'done' | 'unchanged' | 'failed' | 'unreachable' | 'proven' | 'skipped';

export interface Warning {
  kind: string;
  name: string;
}

/** `GET /backups/log`: an attempt to back up, or to prove a backup by restoring it. */
export interface Attempt extends Address {
  id: string;
  kind: 'backup' | 'rehearsal';
  /** `null`: the path of a rehearsed backup is no longer registered. */
  target: string | null;
  path: string;
  outcome: Outcome;
  started_at: string;
  ended_at: string | null;
  /** The backup that it made, or that it rehearses. */
  backup: string | null;
  /** Why it ended so. */
  detail: string | null;
  /** The first of them. */
  warnings: Warning[];
  warnings_total: number;
  /** Bytes that came over the network, or that were compared. */
  sent: number;
  entries: number;
}

/** Something in a backup. */
export interface Entry {
  /** Below the backup's root; folders end in `/`. */
  name: string;
  kind: 'file' | 'folder' | 'symlink' | 'hardlink' | 'pipe' | 'device';
  size: number;
  modified_at: string;
  /** Where a link points to. */
  target?: string | null;
}

/** `GET /backups/{id}/entries` */
export interface Entries {
  items: Entry[];
  /** Where more begins; `null` at the end. */
  next_from: string | null;
}

/** `POST /backups/enroll-tokens` */
export interface EnrolToken {
  id: string;
  secret: string;
  ca: string;
  expires_at: string;
}

/** What is under way for a path. */
export interface Running {
  attempt: string;
  kind: Attempt['kind'];
  outcome: 'queued' | 'running';
  started_at: string;
  sent: number;
  entries: number;
}

/** What the live topic `backups` is made of; `id` is unique among all. */
export type LiveItem =
  | { id: string; kind: 'target'; target: string; running: Running | null }
  | { id: string; kind: 'alert'; alert: BackupAlert }
  | { id: string; kind: 'server'; leader: string; at: string };
