import type { Identity } from '../session/session';

/** Administrators enter grades of every course, professors of theirs. */
export function mayWrite({ role, courses }: Identity, curso?: string): boolean {
  if (role === 'admin') return true;
  return role === 'professor' && (curso === undefined ? courses.length > 0 : courses.includes(curso));
}

/** Who sees the newest records of everybody. */
export function seesAll({ role }: Identity): boolean {
  return role === 'admin' || role === 'staff';
}
