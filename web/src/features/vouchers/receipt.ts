import type { Receipt } from '../../api/types';
import type { Unfinished } from '../transfers/joining';
import { type Remembered, uploadPath } from '../transfers/memory';
import type { UploadItem } from '../transfers/queue';

/** Uploads of the receipt that stopped before their end and that this tab is not sending. */
export function unfinishedOf(
  receipt: Pick<Receipt, 'items'>,
  remembered: Remembered[],
  running: readonly Pick<UploadItem, 'url'>[],
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

/** The receipt as a text that can be kept. */
export function receiptText(receipt: Receipt, headings: string[]): string {
  const lines = receipt.items
    .filter((item) => item.state !== 'open')
    .map((item) => [item.completed_at ?? '', String(item.size ?? ''), item.sha256 ?? '', item.name].join('\t'));
  return [headings.join('\t'), ...lines, ''].join('\n');
}
