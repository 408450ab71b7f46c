import type { Equipment, InventoryView, RequestView, RoomView } from '../../api/rooms';

export type Use = 'free' | 'reserved' | 'assigned';

export function standingOf(room: RoomView): Use {
  if (room.holder === null) return 'free';
  return room.holder.reserved ? 'reserved' : 'assigned';
}

/** What a room is used as: an adapted classroom is a laboratory that was not built as one. */
export type Shape = 'classroom' | 'lab' | 'mobile';

export function shapeOf(room: RoomView): Shape {
  return room.holder?.mobile ? 'mobile' : room.kind;
}

export interface RoomFilter {
  building?: string;
  /** Fewest seats. */
  seats?: number;
  equipment?: Equipment;
  use?: Use;
  shape?: Shape;
  faculty?: string;
}

export function roomsThat(rooms: readonly RoomView[], filter: RoomFilter): RoomView[] {
  return rooms.filter(
    (room) =>
      (filter.building === undefined || room.building === filter.building) &&
      (filter.seats === undefined || room.capacity >= filter.seats) &&
      (filter.equipment === undefined || room.equipment.includes(filter.equipment)) &&
      (filter.use === undefined || standingOf(room) === filter.use) &&
      (filter.shape === undefined || shapeOf(room) === filter.shape) &&
      (filter.faculty === undefined || room.holder?.faculty === filter.faculty),
  );
}

/** Rooms by building, in the order of `compare`; within one as they come. */
export function byBuilding(
  rooms: readonly RoomView[],
  compare: (a: string, b: string) => number,
): { building: string; rooms: RoomView[] }[] {
  const found = new Map<string, RoomView[]>();
  for (const room of rooms) {
    const there = found.get(room.building);
    if (there === undefined) found.set(room.building, [room]);
    else there.push(room);
  }
  return [...found]
    .map(([building, there]) => ({ building, rooms: there }))
    .sort((a, b) => compare(a.building, b.building));
}

type Wish = Pick<RequestView, 'minimum_capacity' | 'equipment'>;

/** How many free rooms of each kind a wish could get. */
export function freeFor(inventory: InventoryView, wish: Wish): { classrooms: number; labs: number } {
  const fit = inventory.rooms.filter(
    (room) =>
      room.holder === null &&
      room.capacity >= wish.minimum_capacity &&
      wish.equipment.every((one) => room.equipment.includes(one)),
  );
  const labs = fit.filter((room) => room.kind === 'lab').length;
  return { classrooms: fit.length - labs, labs };
}

/** The inventory after these requests changed; the same one if none of them is of its semester. */
export function withNews(inventory: InventoryView, news: readonly RequestView[]): InventoryView {
  const mine = news.filter((one) => one.semester === inventory.semester);
  if (mine.length === 0) return inventory;
  const changed = new Set(mine.map((one) => one.id));
  const holders = new Map<string, RoomView['holder']>();
  for (const one of mine) {
    if (one.state !== 'proposed' && one.state !== 'accepted') continue;
    const { id: request, faculty, program } = one;
    const holder = { request, faculty, program, reserved: one.state === 'proposed' };
    for (const name of [...one.rooms.classrooms, ...one.rooms.labs]) holders.set(name, { ...holder, mobile: false });
    for (const name of one.rooms.mobile_labs) holders.set(name, { ...holder, mobile: true });
  }
  const rooms = inventory.rooms.map((room) => {
    const next = holders.get(room.name);
    if (next !== undefined) {
      const same =
        room.holder?.request === next?.request &&
        room.holder?.reserved === next?.reserved &&
        room.holder?.mobile === next?.mobile;
      return same ? room : { ...room, holder: next };
    }
    return room.holder !== null && changed.has(room.holder.request) ? { ...room, holder: null } : room;
  });
  const free = (kind: RoomView['kind']) => rooms.filter((room) => room.kind === kind && room.holder === null).length;
  return { ...inventory, rooms, free_classrooms: free('classroom'), free_labs: free('lab') };
}

/** What an event of the topic `rooms` says about requests: it comes bare, or as the items of a board. */
export function requestsIn(data: unknown): RequestView[] {
  if (typeof data !== 'object' || data === null) return [];
  const said = data as { requests?: unknown; items?: unknown; changed?: unknown };
  if (Array.isArray(said.requests)) return said.requests as RequestView[];
  const items = said.items ?? said.changed;
  return Array.isArray(items) ? items.flatMap(requestsIn) : [];
}

/** The newer of two views of one request. */
export function newer(known: RequestView, next: RequestView): RequestView {
  return next.changed_at >= known.changed_at ? next : known;
}
