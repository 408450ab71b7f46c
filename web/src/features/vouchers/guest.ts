import { API, request } from '../../api/client';
import type { Receipt } from '../../api/coming';
import { ApiError } from '../../api/problem';
import type { Unfinished } from '../transfers/joining';
import { forgetUpload, type Remembered, rememberedUploads, uploadPath } from '../transfers/memory';
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

/** Uploads of the receipt that stopped before their end and that this tab is not sending. */
export function unfinishedOf(
  receipt: Pick<Receipt, 'items'>,
  remembered: Remembered[],
  running: readonly UploadItem[],
): Unfinished[] {
  const known = new Map(remembered.map((entry) => [entry.url, entry]));
  const urls = new Set(running.map((item) => item.url));
  return receipt.items.flatMap((item) => {
    if (item.state !== 'open' || item.resume === null || item.size === null) return [];
    const url = uploadPath(item.resume.url);
    if (urls.has(url)) return [];
    return [{ url, name: item.name || null, size: item.size, offset: item.offset, remembered: known.get(url) ?? null }];
  });
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

/** The receipt as a text that can be kept. */
export function receiptText(receipt: Receipt, headings: string[]): string {
  const lines = receipt.items
    .filter((item) => item.state !== 'open')
    .map((item) => [item.completed_at ?? '', String(item.size ?? ''), item.sha256 ?? '', item.name].join('\t'));
  return [headings.join('\t'), ...lines, ''].join('\n');
}
