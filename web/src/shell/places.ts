import { IconFolder, IconHome, IconServer2, IconUsers } from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { UserRole } from '../api/types';

export interface Place {
  key: 'home' | 'files' | 'system' | 'admin';
  to: '/' | '/files' | '/system' | '/admin';
  icon: ComponentType<{ size?: number; stroke?: number; 'aria-hidden'?: boolean }>;
  /** Who sees it; everybody if absent. */
  roles?: UserRole[];
}

/** The rail, top to bottom. */
const PLACES: Place[] = [
  { key: 'home', to: '/', icon: IconHome },
  { key: 'files', to: '/files', icon: IconFolder },
  { key: 'system', to: '/system', icon: IconServer2 },
  { key: 'admin', to: '/admin', icon: IconUsers, roles: ['admin'] },
];

export function placesFor(role: UserRole): Place[] {
  return PLACES.filter((place) => place.roles === undefined || place.roles.includes(role));
}

export type SectionKey = 'files' | 'system';

interface SubPlace {
  key: 'catalogue' | 'requests' | 'trash' | 'audit' | 'statistics' | 'services' | 'transfers';
  to:
    | '/files'
    | '/files/requests'
    | '/files/trash'
    | '/files/audit'
    | '/files/statistics'
    | '/system'
    | '/system/transfers';
}

const SUB_PLACES: Record<SectionKey, SubPlace[]> = {
  files: [
    { key: 'catalogue', to: '/files' },
    { key: 'requests', to: '/files/requests' },
    { key: 'trash', to: '/files/trash' },
    { key: 'audit', to: '/files/audit' },
    { key: 'statistics', to: '/files/statistics' },
  ],
  system: [
    { key: 'services', to: '/system' },
    { key: 'transfers', to: '/system/transfers' },
  ],
};

/** The sections that have more than one page. */
export const SECTIONS: { section: SectionKey; icon: Place['icon'] }[] = [
  { section: 'files', icon: IconFolder },
  { section: 'system', icon: IconServer2 },
];

/** What a section has, first its own page. */
export function subPlacesOf(section: SectionKey): SubPlace[] {
  return SUB_PLACES[section];
}
