import type { Equipment } from '../../api/rooms';

/** Everything a room may have besides seats. */
export const EQUIPMENT: Equipment[] = ['projector', 'whiteboard', 'air-conditioning', 'step-free', 'computers'];
