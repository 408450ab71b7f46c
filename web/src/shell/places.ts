import { IconDoor, IconFolder, IconHome, IconServer2, IconUsers } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { UserRole } from '../api/types';

export interface Place {
  key: 'home' | 'files' | 'rooms' | 'system' | 'admin';
  to: '/' | '/files' | '/rooms' | '/system' | '/admin';
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  /** Who sees it; everybody if absent. */
  roles?: UserRole[];
}

/** The rail, top to bottom. */
const PLACES: Place[] = [
  { key: 'home', to: '/', icon: IconHome },
  { key: 'files', to: '/files', icon: IconFolder },
  { key: 'rooms', to: '/rooms', icon: IconDoor },
  { key: 'system', to: '/system', icon: IconServer2 },
  { key: 'admin', to: '/admin', icon: IconUsers, roles: ['admin'] },
];

export function placesFor(role: UserRole): Place[] {
  return PLACES.filter((place) => place.roles === undefined || place.roles.includes(role));
}

export type SectionKey = 'files' | 'rooms' | 'system';

interface SubPlace {
  key:
    | 'catalogue'
    | 'requests'
    | 'trash'
    | 'audit'
    | 'statistics'
    | 'semester'
    | 'roomRequests'
    | 'alerts'
    | 'metrics'
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
    | '/rooms/alerts'
    | '/rooms/metrics'
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
    { key: 'alerts', to: '/rooms/alerts', roles: ['admin', 'staff'] },
    { key: 'metrics', to: '/rooms/metrics', roles: ['admin', 'staff'] },
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
  { section: 'system', icon: IconServer2 },
];

/** What a section has for this person, first its own page. */
export function subPlacesOf(section: SectionKey, role: UserRole): SubPlace[] {
  return SUB_PLACES[section].filter((place) => place.roles === undefined || place.roles.includes(role));
}
