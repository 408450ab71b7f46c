/** The shapes of the rooms' part of the HTTP contract, named as its OpenAPI document names them. */

type Kind = 'classroom' | 'lab';

export type Equipment = 'projector' | 'whiteboard' | 'air-conditioning' | 'step-free' | 'computers';

export type State = 'waiting' | 'proposed' | 'accepted' | 'released' | 'rejected' | 'expired' | 'denied';

/** Who has a room. */
interface Holder {
  request: string;
  faculty: string;
  program: string;
  /** It is reserved until its proposal is answered, not assigned yet. */
  reserved: boolean;
  /** It is a classroom adapted as a laboratory. */
  mobile: boolean;
}

export interface RoomView {
  name: string;
  kind: Kind;
  building: string;
  capacity: number;
  equipment: Equipment[];
  /** `null` while it is free. */
  holder: Holder | null;
}

/** `GET /rooms/inventory`: the rooms of a semester and who has them. */
export interface InventoryView {
  semester: string;
  free_classrooms: number;
  free_labs: number;
  /** Requests that wait for rooms. */
  waiting: number;
  rooms: RoomView[];
}

export interface RoomsView {
  classrooms: string[];
  labs: string[];
  mobile_labs: string[];
}

/** A request for rooms and what became of it. */
export interface RequestView {
  id: string;
  request_id: string;
  faculty: string;
  program: string;
  semester: string;
  classrooms: number;
  labs: number;
  minimum_capacity: number;
  equipment: Equipment[];
  state: State;
  detail: string | null;
  epoch: number;
  rooms: RoomsView;
  asked_at: string;
  deadline: string | null;
  changed_at: string;
}

/** `POST /rooms/requests` */
export interface NewRequest {
  request_id?: string;
  faculty: string;
  program: string;
  semester: string;
  classrooms: number;
  labs: number;
  minimum_capacity?: number;
  equipment?: Equipment[];
  wait?: boolean;
  hold_s?: number;
}

type AlertKind = 'rooms-exhausted' | 'labs-exhausted' | 'takeover';

export interface AlertView {
  kind: AlertKind;
  detail: string;
  at: string;
}

/** Response times of the newest answers, in milliseconds. */
interface Spread {
  count: number;
  mean_ms: number;
  min_ms: number;
  p50_ms: number;
  /** Not every release of the server tells it. */
  p95_ms?: number;
  p99_ms: number;
  max_ms: number;
}

/** `GET /rooms/metrics` */
export interface Metrics {
  leader: { server: string; epoch: number; endpoint: string } | null;
  requests: { state: State; count: number }[];
  /** SOL → PROP or RES. */
  proposal: Spread;
  /** ACK → RES. */
  resolution: Spread;
  /** What happened to the servers, newest first. */
  servers: { server: string; role: string; event: string; epoch: number; at: string }[];
  /** Connections ever refused. */
  refused: number;
  refusals: { address: string; reason: string; at: string }[];
}

/** `GET /rooms/members`: a faculty or a programme, whose key may be admitted. */
export interface Member {
  name: string;
  /** `null`: it is a faculty itself. */
  faculty: string | null;
  /** For people; may be empty. */
  title: string;
  /** Z85; `null` where there are no keys. */
  public_key: string | null;
  /** Not, with a key: the key was revoked. */
  admitted: boolean;
  changed_at: string;
  changed_by: string;
}

/** `POST /rooms/members` */
export interface NewMember {
  name: string;
  faculty?: string;
  title?: string;
  public_key?: string;
}

/** What making or changing a key answers. */
export interface Issued {
  member: Member;
  /** The content of `NAME.key`, if a pair was made: shown this once. */
  key_file: string | null;
}

/** `GET /rooms/audit` */
export interface MemberChange {
  id: string;
  at: string;
  user: string;
  action: 'create' | 'rename' | 'remove' | 'admit' | 'revoke';
  member: string;
  detail: string;
}

/** Some seconds of a server, from `at`. */
export interface HistoryPoint {
  at: string;
  leading: boolean;
  proposals: number;
  proposal_mean_ms: number | null;
  proposal_max_ms: number | null;
  resolutions: number;
  resolution_mean_ms: number | null;
  resolution_max_ms: number | null;
  refused: number;
  cpu_percent: number;
  memory_bytes: number;
}

/** `GET /rooms/metrics/history` */
export interface MetricsHistory {
  from: string;
  to: string;
  step_s: number;
  /** The oldest point first. */
  servers: { server: string; points: HistoryPoint[] }[];
}
