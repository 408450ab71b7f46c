/** What pages keep in the address, so that a view can be shared and survives a reload. */

type Raw = Record<string, unknown>;

function text(search: Raw, name: string): string | undefined {
  const value = search[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function oneOf<T extends string>(search: Raw, name: string, known: readonly T[]): T | undefined {
  return known.find((value) => value === search[name]);
}

/** Only a path of this portal is a place to return to after logging in. */
export function returnPath(search: Raw): { next?: string } {
  const next = search.next;
  return typeof next === 'string' && next.startsWith('/') && !next.startsWith('//') ? { next } : {};
}

/** What the file list shows. */
export interface FilesSearch {
  q?: string;
  type?: string;
  category?: string;
  classification?: string;
  tag?: string;
  /** `me`, or a user name. */
  owner?: string;
  sort?: string;
  /** Those that end within so many days. */
  ending?: number;
  file?: string;
}

export function filesSearch(search: Raw): FilesSearch {
  const ending = Number(search.ending);
  return {
    q: text(search, 'q'),
    type: text(search, 'type'),
    category: text(search, 'category'),
    classification: text(search, 'classification'),
    tag: text(search, 'tag'),
    owner: text(search, 'owner'),
    sort: text(search, 'sort'),
    ending: Number.isInteger(ending) && ending > 0 ? ending : undefined,
    file: text(search, 'file'),
  };
}

/** What the audit trail shows. */
export interface AuditSearch {
  user?: string;
  file?: string;
  direction?: 'upload' | 'download';
  outcome?: 'done' | 'abandoned' | 'refused' | 'open';
  /** Local days. */
  from?: string;
  until?: string;
}

export function auditSearch(search: Raw): AuditSearch {
  const day = (name: string) => {
    const value = text(search, name);
    return value !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined;
  };
  return {
    user: text(search, 'user'),
    file: text(search, 'file'),
    direction: oneOf(search, 'direction', ['upload', 'download']),
    outcome: oneOf(search, 'outcome', ['done', 'abandoned', 'refused', 'open']),
    from: day('from'),
    until: day('until'),
  };
}

export interface StatisticsSearch {
  days?: number;
  mine?: boolean;
}

export function statisticsSearch(search: Raw): StatisticsSearch {
  const days = Number(search.days);
  return { days: [7, 90, 365].includes(days) ? days : undefined, mine: search.mine === true || undefined };
}

const EQUIPMENT = ['projector', 'whiteboard', 'air-conditioning', 'step-free', 'computers'] as const;

function semester(search: Raw): string | undefined {
  const value = text(search, 'semester');
  return value !== undefined && /^\d{4}-(10|20|30)$/.test(value) ? value : undefined;
}

/** What the grid of rooms shows. */
export interface RoomsSearch {
  semester?: string;
  building?: string;
  /** Fewest seats. */
  seats?: number;
  equipment?: (typeof EQUIPMENT)[number];
  use?: 'free' | 'reserved' | 'assigned';
  shape?: 'classroom' | 'lab' | 'mobile';
  faculty?: string;
  /** What is open beside it: a room, a request, or the form for a new one. */
  room?: string;
  request?: string;
  ask?: true;
}

export function roomsSearch(search: Raw): RoomsSearch {
  const seats = Number(search.seats);
  return {
    semester: semester(search),
    building: text(search, 'building'),
    seats: Number.isInteger(seats) && seats > 0 ? seats : undefined,
    equipment: oneOf(search, 'equipment', EQUIPMENT),
    use: oneOf(search, 'use', ['free', 'reserved', 'assigned']),
    shape: oneOf(search, 'shape', ['classroom', 'lab', 'mobile']),
    faculty: text(search, 'faculty'),
    room: text(search, 'room'),
    request: text(search, 'request'),
    ask: search.ask === true || undefined,
  };
}

/** What the list of requests for rooms shows. */
export interface RoomRequestsSearch {
  semester?: string;
  faculty?: string;
  program?: string;
  state?: 'waiting' | 'proposed' | 'accepted' | 'released' | 'rejected' | 'expired' | 'denied';
  request?: string;
  ask?: true;
}

export function roomRequestsSearch(search: Raw): RoomRequestsSearch {
  return {
    semester: semester(search),
    faculty: text(search, 'faculty'),
    program: text(search, 'program'),
    state: oneOf(search, 'state', ['waiting', 'proposed', 'accepted', 'released', 'rejected', 'expired', 'denied']),
    request: text(search, 'request'),
    ask: search.ask === true || undefined,
  };
}

/** What the dashboard of grades shows. */
export interface GradesSearch {
  curso?: string;
  semestre?: '1S' | '2S';
  year?: number;
  /** For a projector: nothing but the figures. */
  wall?: true;
}

export function gradesSearch(search: Raw): GradesSearch {
  const year = Number(search.year);
  return {
    curso: text(search, 'curso'),
    semestre: oneOf(search, 'semestre', ['1S', '2S']),
    year: Number.isInteger(year) && year >= 1900 && year <= 2200 ? year : undefined,
    wall: search.wall === true || undefined,
  };
}

/** Which recorded grades are listed. */
export interface GradeListSearch extends Omit<GradesSearch, 'wall'> {
  carnet?: number;
  /** The grade whose history is open. */
  grade?: string;
}

export function gradeListSearch(search: Raw): GradeListSearch {
  const { wall: _, ...filter } = gradesSearch(search);
  const carnet = Number(search.carnet);
  return {
    ...filter,
    carnet: Number.isSafeInteger(carnet) && carnet > 0 ? carnet : undefined,
    grade: text(search, 'grade'),
  };
}

/** Which faculty or programme is open. */
export function membersSearch(search: Raw): { member?: string } {
  return { member: text(search, 'member') };
}

export const OUTCOMES = [
  'queued',
  'running',
  'done',
  'unchanged',
  'failed',
  'unreachable',
  'proven',
  'skipped',
] as const;

/** Which attempts to back up are listed. */
export interface BackupLogSearch {
  /** HOST or HOST:PORT. */
  node?: string;
  path?: string;
  outcome?: (typeof OUTCOMES)[number];
  kind?: 'backup' | 'rehearsal';
}

export function backupLogSearch(search: Raw): BackupLogSearch {
  return {
    node: text(search, 'node'),
    path: text(search, 'path'),
    outcome: oneOf(search, 'outcome', OUTCOMES),
    kind: oneOf(search, 'kind', ['backup', 'rehearsal']),
  };
}

/** Which node and path is open. */
export function backupsSearch(search: Raw): { target?: string } {
  return { target: text(search, 'target') };
}

/** Which folder of a backup is open. */
export function backupSearch(search: Raw): { folder?: string } {
  return { folder: text(search, 'folder') };
}
