import type { ComingFile, ComingFileChange, FileState } from './coming';
import type { components } from './schema';

/** The shapes of the campus' HTTP contract that the portal reads: from the OpenAPI document, but for the status. */
type Schemas = components['schemas'];

export type User = Schemas['User'];
export type UserRole = Schemas['UserRole'];
export type Tokens = Schemas['TokenPair'];
export type CampusFile = Omit<Schemas['File'], 'state'> & ComingFile & { state: FileState };
export type FileChange = Schemas['FileChange'] & ComingFileChange;
export type Visibility = Schemas['Visibility'];
export type Transfer = Schemas['Transfer'];
export type ApiToken = Schemas['ApiToken'];
export type NewToken = Schemas['NewTokenBody'];
export type MadeToken = Schemas['Made'];
export type FieldError = Schemas['FieldError'];

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
