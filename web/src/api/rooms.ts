import type { components } from './schema';

/** The shapes of the rooms' part of the HTTP contract: from the OpenAPI document. */
type Schemas = components['schemas'];

export type RoomView = Schemas['RoomView'];
export type Equipment = RoomView['equipment'][number];
export type InventoryView = Schemas['InventoryView'];
export type RoomsView = Schemas['RoomsView'];
export type RequestView = Schemas['RequestView'];
export type State = RequestView['state'];
export type NewRequest = Schemas['NewRequest'];
export type AlertView = Schemas['AlertView'];
export type Metrics = Schemas['Metrics'];
/** A faculty or a programme, whose key may be admitted. */
export type Member = Schemas['MemberView'];
export type NewMember = Schemas['NewMemberBody'];
/** What making or changing a key answers. */
export type Issued = Schemas['IssuedKey'];
/** What somebody changed about a member. */
export type MemberChange = Schemas['DecisionView'];
export type HistoryPoint = Schemas['HistoryPoint'];
/** How the servers did, the oldest point first. */
export type MetricsHistory = Schemas['History'];
