import type { components } from './schema';

/** The shapes of the backups' part of the HTTP contract: from the OpenAPI document. */
type Schemas = components['schemas'];

/** What is not known is there as `null`, which the document leaves out of what is required. */
type Told<T> = T extends object ? { [Key in keyof T]-?: Told<Exclude<T[Key], undefined>> } : T;

/** A path of a node that is backed up. */
export type Target = Told<Schemas['TargetView']>;
export type NewTarget = Schemas['NewRegistration'];
/** One of the backups that a path keeps. */
export type KeptBackup = Told<Schemas['KeptView']>;
export type Backup = Told<Schemas['BackupView']>;
/** What the last rehearsal found: the backup was restored and compared file by file. */
export type Proof = Told<Schemas['Proof']>;
export type BackupNode = Told<Schemas['NodeView']>;
/** Where a node's agent listens. */
export type Address = Pick<BackupNode, 'host' | 'port'>;
export type Agent = Told<Schemas['AgentView']>;
export type BackupAlert = Told<Schemas['BackupAlert']>;
/** An attempt to back up, or to prove a backup by restoring it. */
export type Attempt = Told<Schemas['AttemptView']>;
export type Outcome = Attempt['outcome'];
export type Warning = Attempt['warnings'][number];
/** What lies in a backup. */
export type Entries = Told<Schemas['Entries']>;
export type Entry = Entries['items'][number];
export type EnrolToken = Schemas['Token'];
