import { IconArchive, IconDoor, IconFolder, IconHome, IconSchool, IconServer2, IconUsers } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { UserRole } from '../api/types';

export interface Place {
  key: 'home' | 'files' | 'rooms' | 'grades' | 'backups' | 'system' | 'admin';
  to: '/' | '/files' | '/rooms' | '/grades' | '/backups' | '/system' | '/admin';
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  /** Who sees it; everybody if absent. */
  roles?: UserRole[];
}

/** The rail, top to bottom. */
const PLACES: Place[] = [
  { key: 'home', to: '/', icon: IconHome },
  { key: 'files', to: '/files', icon: IconFolder },
  { key: 'rooms', to: '/rooms', icon: IconDoor },
  { key: 'grades', to: '/grades', icon: IconSchool },
  { key: 'backups', to: '/backups', icon: IconArchive, roles: ['admin'] },
  { key: 'system', to: '/system', icon: IconServer2 },
  { key: 'admin', to: '/admin', icon: IconUsers, roles: ['admin'] },
];

export function placesFor(role: UserRole): Place[] {
  return PLACES.filter((place) => place.roles === undefined || place.roles.includes(role));
}

export type SectionKey = 'files' | 'rooms' | 'grades' | 'backups' | 'system';

interface SubPlace {
  key:
    | 'catalogue'
    | 'requests'
    | 'trash'
    | 'audit'
    | 'statistics'
    | 'semester'
    | 'roomRequests'
    | 'members'
    | 'alerts'
    | 'metrics'
    | 'gradeDashboard'
    | 'gradeList'
    | 'backupPaths'
    | 'backupNodes'
    | 'backupLog'
    | 'backupAlerts'
    | 'services'
    | 'transfers';
  to:
    | '/files'
    | '/files/requests'
    | '/files/trash'
    | '/files/audit'
    | '/files/statistics'
    | '/rooms'
    | '/rooms/requests'
    | '/rooms/members'
    | '/rooms/alerts'
    | '/rooms/metrics'
    | '/grades'
    | '/grades/list'
    | '/backups'
    | '/backups/nodes'
    | '/backups/log'
    | '/backups/alerts'
    | '/system'
    | '/system/transfers';
  /** Who sees it; everybody if absent. */
  roles?: UserRole[];
}

const SUB_PLACES: Record<SectionKey, SubPlace[]> = {
  files: [
    { key: 'catalogue', to: '/files' },
    { key: 'requests', to: '/files/requests' },
    { key: 'trash', to: '/files/trash' },
    { key: 'audit', to: '/files/audit' },
    { key: 'statistics', to: '/files/statistics' },
  ],
  rooms: [
    { key: 'semester', to: '/rooms' },
    { key: 'roomRequests', to: '/rooms/requests', roles: ['admin', 'staff', 'professor'] },
    { key: 'members', to: '/rooms/members', roles: ['admin', 'staff'] },
    { key: 'alerts', to: '/rooms/alerts', roles: ['admin', 'staff'] },
    { key: 'metrics', to: '/rooms/metrics', roles: ['admin', 'staff'] },
  ],
  grades: [
    { key: 'gradeDashboard', to: '/grades', roles: ['admin', 'staff', 'professor'] },
    { key: 'gradeList', to: '/grades/list', roles: ['admin', 'staff', 'professor'] },
  ],
  backups: [
    { key: 'backupPaths', to: '/backups', roles: ['admin'] },
    { key: 'backupNodes', to: '/backups/nodes', roles: ['admin'] },
    { key: 'backupLog', to: '/backups/log', roles: ['admin'] },
    { key: 'backupAlerts', to: '/backups/alerts', roles: ['admin'] },
  ],
  system: [
    { key: 'services', to: '/system' },
    { key: 'transfers', to: '/system/transfers' },
  ],
};

/** The sections that have more than one page. */
export const SECTIONS: { section: SectionKey; icon: Place['icon'] }[] = [
  { section: 'files', icon: IconFolder },
  { section: 'rooms', icon: IconDoor },
  { section: 'grades', icon: IconSchool },
  { section: 'backups', icon: IconArchive },
  { section: 'system', icon: IconServer2 },
];

/** What a section has for this person, first its own page. */
export function subPlacesOf(section: SectionKey, role: UserRole): SubPlace[] {
  return SUB_PLACES[section].filter((place) => place.roles === undefined || place.roles.includes(role));
}
