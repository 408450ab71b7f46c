/** What is open beside the grid or the list. */
export interface Opened {
  room?: string;
  request?: string;
  ask?: true;
}

export const NOTHING_OPEN: Opened = { room: undefined, request: undefined, ask: undefined };
