import type { components } from './schema';

/** The shapes of the campus' HTTP contract that the portal reads: from the OpenAPI document, but for the status. */
type Schemas = components['schemas'];

export type User = Schemas['User'];
export type UserRole = Schemas['UserRole'];
export type Tokens = Schemas['TokenPair'];
export type CampusFile = Schemas['File'];
export type FileChange = Schemas['FileChange'];
export type Visibility = Schemas['Visibility'];
export type Transfer = Schemas['Transfer'];
export type ApiToken = Schemas['ApiToken'];
export type NewToken = Schemas['NewTokenBody'];
export type MadeToken = Schemas['Made'];
export type FieldError = Schemas['FieldError'];
export type Share = Schemas['Share'];
export type MadeShare = Schemas['MadeShare'];
export type NewShare = Schemas['NewShare'];
export type SharedFile = Schemas['Shared'];
export type OpenedShare = Schemas['SignedUrl'];
export type Voucher = Schemas['Voucher'];
export type MadeVoucher = Schemas['MadeVoucher'];
export type NewVoucher = Schemas['NewVoucher'];
export type Receipt = Schemas['Receipt'];
export type Quota = Schemas['Quota'];
export type AuditEntry = Schemas['AuditEntry'];
export type Statistics = Schemas['Statistics'];

export interface Page<T> {
  items: T[];
  next_cursor?: string | null;
}

export type ReplicaState = 'starting' | 'ready' | 'unready' | 'draining' | 'backoff';

export interface ReplicaStatus {
  id: string;
  /** For administrators only. */
  pid?: number;
  node: string;
  address: string | null;
  state: ReplicaState;
  leader: boolean;
  /** Share of one core, in percent. */
  cpu_percent: number;
  memory_bytes: number;
  restarts: number;
  uptime_ms: number;
}

export interface RoleStatus {
  role: string;
  ready: boolean;
  /** Absent for anonymous callers. */
  desired?: number;
  replicas?: ReplicaStatus[];
}

/** `GET /api/v1/status`, which the gateway answers itself. */
export interface CampusStatus {
  node?: string;
  ready: boolean;
  operating: boolean;
  endpoints?: Record<string, string>;
  roles: RoleStatus[];
  transfers?: number;
}
