import { useTranslation } from 'react-i18next';

const NAMED = [
  'gateway',
  'portal',
  'accounts',
  'files',
  'rooms-server',
  'rooms-faculty',
  'grades-grpc-client',
  'grades-grpc-server',
  'grades-redis',
  'backup-server',
] as const;
type Named = (typeof NAMED)[number];

function isNamed(role: string): role is Named {
  return (NAMED as readonly string[]).includes(role);
}

/** A role's name and duty in the person's language; a role this portal does not know keeps its own name. */
export function useRoleNames(): { name: (role: string) => string; duty: (role: string) => string } {
  const { t } = useTranslation();
  return {
    name: (role) => (isNamed(role) ? t(`system.roleName.${role}`) : role),
    duty: (role) => (isNamed(role) ? t(`system.roleDoes.${role}`) : ''),
  };
}
