import type { UserRole } from '../../api/types';

export const ROLES: UserRole[] = ['student', 'professor', 'staff', 'admin'];
