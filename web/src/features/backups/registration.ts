import type { NewTarget } from '../../api/backups';

/** A form as it was typed. */
export interface RegistrationForm {
  host: string;
  port: string;
  path: string;
  every: string;
}

export type RegistrationField = 'host' | 'port' | 'path' | 'every_minutes';

/** Most minutes between two backups: a year. */
const MOST_MINUTES = 525_600;

function whole(text: string, most: number): number | null {
  const number = /^\d+$/.test(text.trim()) ? Number(text) : 0;
  return number >= 1 && number <= most ? number : null;
}

/** Minutes between two backups, as typed. */
export function minutesOf(text: string): number | null {
  return whole(text, MOST_MINUTES);
}

/** What is registered; an address that was pasted with its port brings it along. */
export function registrationOf(form: RegistrationForm): Omit<NewTarget, 'pin_last_good'> | RegistrationField[] {
  const pasted = /^([^:\s]+|\[[^\]\s]+\]):(\d+)$/.exec(form.host.trim());
  const host = pasted?.[1] ?? form.host.trim();
  const port = whole(pasted?.[2] ?? form.port, 65_535);
  const path = form.path.trim();
  const every_minutes = minutesOf(form.every);
  const faults: RegistrationField[] = [];
  if (host === '' || /[\s/]/.test(host)) faults.push('host');
  if (port === null) faults.push('port');
  if (!path.startsWith('/') || path.split('/').some((part) => part === '.' || part === '..')) faults.push('path');
  if (every_minutes === null) faults.push('every_minutes');
  if (port === null || every_minutes === null || faults.length > 0) return faults;
  return { host, port, path, every_minutes };
}
