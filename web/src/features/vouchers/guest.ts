import { API, request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { Unfinished } from '../transfers/joining';
import { forgetUpload, type Remembered, rememberedUploads } from '../transfers/memory';
import type { UploadItem, UploadQueue } from '../transfers/queue';
import { openQueue } from '../transfers/uploads';

const HEADER = 'x-bedel-voucher';

/** What this browser remembers a guest's uploads by: enough of the token to tell vouchers apart, not enough to use it. */
export function guestId(token: string): string {
  return `guest-${token.slice(0, 12)}`;
}

interface Guest {
  queue: UploadQueue;
  listeners: Set<(item: UploadItem) => void>;
}

const guests = new Map<string, Guest>();

/** The uploads made with a voucher in this tab. */
export function guestOf(token: string): Guest {
  const known = guests.get(token);
  if (known !== undefined) return known;
  const listeners: Guest['listeners'] = new Set();
  const queue = openQueue(
    {
      id: () => guestId(token),
      headers: async () => ({ [HEADER]: token }),
      renew: async () => false,
    },
    (item) => {
      for (const listener of listeners) listener(item);
    },
  );
  const guest = { queue, listeners };
  guests.set(token, guest);
  return guest;
}

export function rememberedOf(token: string): Remembered[] {
  return rememberedUploads(guestId(token));
}

/** Ends a guest's unfinished upload on the server and forgets it here. */
export async function discardGuestUpload(token: string, entry: Unfinished): Promise<void> {
  try {
    await request(entry.url.slice(API.length), {
      method: 'DELETE',
      anonymous: true,
      headers: { 'tus-resumable': '1.0.0', [HEADER]: token },
    });
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 410))) throw error;
  }
  if (entry.remembered !== null) forgetUpload(entry.remembered.storageKey);
}
