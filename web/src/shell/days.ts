/** A local day as a date input has it: `2026-11-21`. */
export function dayOf(moment: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${moment.getFullYear()}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`;
}

/** The last second of a local day. */
export function endOfDay(day: string): string {
  return new Date(`${day}T23:59:59`).toISOString();
}

/** The first moment of a local day. */
export function startOfDay(day: string): string {
  return new Date(`${day}T00:00:00`).toISOString();
}
