import type { UserRole } from '../../api/types';

/** How long a token may last, in days. */
export const DAYS = [7, 30, 90, 365] as const;

/** What a token can be limited to, as far as this person may do it. */
export function scopesFor(role: UserRole) {
  const everybody = [
    { scope: 'files:read', label: 'tokens.filesRead' },
    { scope: 'files:write', label: 'tokens.filesWrite' },
    { scope: 'rooms:read', label: 'tokens.roomsRead' },
    { scope: 'grades:read', label: 'tokens.gradesRead' },
  ] as const;
  const teachers = [{ scope: 'grades:write', label: 'tokens.gradesWrite' }] as const;
  const staff = [{ scope: 'rooms:write', label: 'tokens.roomsWrite' }] as const;
  const administrators = [
    { scope: 'backups:read', label: 'tokens.backupsRead' },
    { scope: 'backups:write', label: 'tokens.backupsWrite' },
    { scope: 'users:read', label: 'tokens.usersRead' },
    { scope: 'users:write', label: 'tokens.usersWrite' },
  ] as const;
  if (role === 'admin') return [...everybody, ...teachers, ...staff, ...administrators];
  if (role === 'staff') return [...everybody, ...teachers, ...staff];
  return role === 'professor' ? [...everybody, ...teachers] : everybody;
}
