import type { Standing } from '../../shell/StandingMark';

/** A number as it was at a moment, in milliseconds since the epoch. */
export interface Figure {
  count: number;
  at: number;
}

/**
 * The newer of what live told and of what the records were asked for. An answer is as old as its question; of two that
 * are equally old the live one stands.
 */
export function newest(told: Figure | null, asked: Figure | null): Figure | null {
  if (told === null || asked === null) return told ?? asked;
  return asked.at > told.at ? asked : told;
}

/** How long live may differ from the records before it is taken to stand still. */
const PATIENCE = 5_000;

/**
 * Since when live says something else than the records, given since when it did before; `null` while they agree or
 * live is the newer.
 */
export function differsSince(told: Figure | null, asked: Figure | null, before: number | null): number | null {
  if (told === null || asked === null || asked.at <= told.at || asked.count === told.count) return null;
  return before ?? asked.at;
}

export interface Sources {
  /** The browser has a network. */
  online: boolean;
  /** The live connection is up. */
  connected: boolean;
  /** The last question for the records was answered. */
  answered: boolean;
  told: Figure | null;
  asked: Figure | null;
  /** Since when live differs from the records. */
  differs: number | null;
  now: number;
}

/** Never says more than is known: live only while the connection is up, answers come, and both say the same. */
export function standingOf({ online, connected, answered, told, asked, differs, now }: Sources): Standing {
  const last = Math.max(told?.at ?? 0, asked?.at ?? 0);
  if (last === 0) return { kind: 'loading' };
  if (!online) return { kind: 'offline', at: last };
  const still = differs !== null && now - differs > PATIENCE;
  if (connected && answered && told !== null && !still) return { kind: 'live' };
  if (answered && asked !== null) return { kind: 'asking', at: asked.at };
  return { kind: 'reconnecting', at: last };
}
