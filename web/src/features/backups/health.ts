import type { Address, KeptBackup, Proof, Target } from '../../api/backups';
import type { Running } from './news';

/** `HOST:PORT`, as people and the API write it. */
export function nodeOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

export type ProofState = 'proven' | 'failed' | 'unproven';

export function proofState(proof: Proof | null): ProofState {
  if (proof === null) return 'unproven';
  return proof.good ? 'proven' : 'failed';
}

export type Health = 'running' | 'damaged' | 'failing' | 'overdue' | 'odd' | 'never' | 'unproven' | 'proven';

/**
 * How a path is doing, the worst first: only a backup that a restore proved makes it well, and not while it is odd
 * beside the one before.
 */
export function healthOf(target: Target, running: Running | null): Health {
  if (running !== null && running.kind === 'backup') return 'running';
  if (target.kept.some((backup) => backup.proof?.good === false)) return 'damaged';
  if (target.failures > 0) return 'failing';
  if (target.alerts.some((alert) => alert.kind === 'overdue')) return 'overdue';
  if (target.kept.length === 0) return 'never';
  if (target.alerts.some((alert) => alert.kind === 'shrunk' || alert.kind === 'changed')) return 'odd';
  return target.kept.some((backup) => backup.proof?.good) ? 'proven' : 'unproven';
}

/** Whether the last good attempt found nothing new since the newest backup. */
export function isUnchanged({ kept, last_good_at }: Target): boolean {
  const newest = kept[0];
  return newest !== undefined && last_good_at !== null && Date.parse(last_good_at) > Date.parse(newest.at);
}

/** As of when the newest backup is what the node has: an attempt that found nothing new says so too. */
export function asOf(target: Target): string | null {
  return isUnchanged(target) ? target.last_good_at : (target.kept[0]?.at ?? null);
}

/** Backups that a path keeps, at most. */
export const KEPT = 10;

export type Dot = ProofState | 'none';

/** Ten places for the ten kept, the newest first. */
export function dotsOf(kept: KeptBackup[]): Dot[] {
  return Array.from({ length: KEPT }, (_, index) => {
    const backup = kept[index];
    return backup === undefined ? 'none' : proofState(backup.proof);
  });
}

/** How many there are of each. */
export function countOf(dots: Dot[], dot: Dot): number {
  return dots.filter((one) => one === dot).length;
}
