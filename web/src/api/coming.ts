/** Shapes of the contract that `openapi.json` does not describe yet; each goes as the generated schema gets it. */

/** What a file has besides the generated `File`. */
export interface ComingFile {
  downloads: number;
  /** When it moves to the trash by itself. */
  expires_at: string | null;
  /** When it was put into the trash. */
  deleted_at?: string | null;
}

export type FileState = 'ready' | 'hashing' | 'damaged';

/** What an edit may change besides the generated `FileChange`. */
export interface ComingFileChange {
  expires_at?: string | null;
}

export interface Share {
  id: string;
  expires_at: string | null;
  has_password: boolean;
  max_downloads: number | null;
  downloads: number;
  note: string;
  created_at: string;
  state: 'open' | 'expired' | 'used_up';
}

/** The token and the address are told once. */
export interface MadeShare extends Share {
  token: string;
  url: string;
}

export interface NewShare {
  expires_at?: string;
  password?: string;
  max_downloads?: number;
  note?: string;
}

/** What anybody who has the link may know of the file. */
export interface SharedFile {
  name: string;
  size: number;
  type: string;
  title: string;
  description: string;
  sha256: string | null;
  has_password: boolean;
  expires_at: string | null;
  downloads_left: number | null;
}

export interface OpenedShare {
  url: string;
  expires_at: string;
}

export interface Voucher {
  id: string;
  owner: string;
  owner_name: string;
  note: string;
  expires_at: string;
  max_files: number;
  max_bytes: number | null;
  files: number;
  bytes: number;
  created_at: string;
  state: 'open' | 'expired' | 'revoked';
}

export interface MadeVoucher extends Voucher {
  token: string;
  url: string;
}

export interface NewVoucher {
  note: string;
  expires_at?: string;
  max_files?: number;
  max_bytes?: number;
}

interface ReceiptItem {
  id: string;
  name: string;
  size: number | null;
  offset: number;
  state: 'open' | 'done' | 'removed';
  sha256: string | null;
  completed_at: string | null;
  resume: { method: string; url: string; offset: number } | null;
}

export interface Receipt {
  note: string;
  from: string;
  state: Voucher['state'];
  expires_at: string;
  files_left: number;
  bytes_left: number | null;
  items: ReceiptItem[];
}

export interface Quota {
  used: number;
  reserved: number;
  /** `null` without a limit. */
  limit: number | null;
}

type Via = 'user' | 'share' | 'voucher' | 'signed';
type Outcome = 'done' | 'abandoned' | 'refused' | 'open';

export interface AuditEntry {
  id: string;
  user: string | null;
  user_name: string;
  file: string | null;
  name: string;
  direction: 'upload' | 'download';
  via: Via;
  address: string;
  started_at: string;
  ended_at: string | null;
  bytes: number;
  size: number | null;
  interruptions: number;
  resumes: number;
  sha256: string | null;
  outcome: Outcome;
}

export interface Statistics {
  volume: { uploaded: number; downloaded: number };
  transfers: number;
  /** 0 to 1; `null` without transfers. */
  success_rate: number | null;
  recovered_after_interruption: { interrupted: number; recovered: number };
  by_day: { day: string; uploaded: number; downloaded: number; transfers: number }[];
  /** Transfers begun in each hour of the day, 24 numbers. */
  by_hour_of_day: number[];
  top: { id: string; name: string; downloads: number; bytes: number }[];
}
