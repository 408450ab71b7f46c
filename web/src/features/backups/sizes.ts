export const UNITS = ['MB', 'GB', 'TB'] as const;
export type Unit = (typeof UNITS)[number];

/** A size as it is typed. */
export interface Size {
  number: string;
  unit: Unit;
}

const BYTES: Record<Unit, number> = { MB: 1e6, GB: 1e9, TB: 1e12 };

/** The bytes that were meant; a comma is a decimal point too. `null`: not a size. */
export function bytesOf({ number, unit }: Size): number | null {
  const text = number.trim().replace(',', '.');
  if (!/^\d+(\.\d+)?$/.test(text)) return null;
  const bytes = Math.round(Number(text) * BYTES[unit]);
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** A limit in the largest unit that says it shortly. */
export function sizeOf(bytes: number | null): Size {
  if (bytes === null) return { number: '', unit: 'GB' };
  const unit = bytes >= BYTES.TB ? 'TB' : bytes >= BYTES.GB || bytes === 0 ? 'GB' : 'MB';
  return { number: String(bytes / BYTES[unit]), unit };
}
