import { describe, expect, it } from 'vitest';
import type { Receipt } from '../../api/types';
import { receiptText, unfinishedOf } from './receipt';

const done: Receipt['items'][number] = {
  id: 'f1',
  name: 'contrato.pdf',
  size: 100,
  offset: 100,
  state: 'done',
  sha256: 'ab',
  completed_at: '2026-11-21T10:00:00Z',
  resume: null,
};
const open: Receipt['items'][number] = {
  ...done,
  id: 'u1',
  offset: 40,
  state: 'open',
  sha256: null,
  completed_at: null,
  resume: { method: 'PATCH', url: 'https://campus.example/api/v1/uploads/u1', offset: 40 },
};
const url = '/api/v1/uploads/u1';

describe('a guest’s unfinished uploads', () => {
  it('are those of the receipt that lack bytes', () => {
    expect(unfinishedOf({ items: [done, open] }, [], [])).toEqual([
      { url, name: 'contrato.pdf', size: 100, offset: 40, remembered: null },
    ]);
  });

  it('leave out what this tab is sending', () => {
    expect(unfinishedOf({ items: [open] }, [], [{ url }])).toEqual([]);
  });

  it('know what this browser remembers', () => {
    const remembered = { url, storageKey: 'k', name: 'contrato.pdf', size: 100, lastModified: 5 };
    expect(unfinishedOf({ items: [open] }, [remembered], [])[0]?.remembered).toEqual(remembered);
  });
});

describe('a receipt', () => {
  it('tells what arrived whole and nothing else', () => {
    const receipt = { items: [done, open, { ...done, id: 'f2', state: 'removed' as const, sha256: null }] } as Receipt;
    expect(receiptText(receipt, ['Uploaded', 'Size', 'SHA-256', 'Name'])).toBe(
      [
        'Uploaded\tSize\tSHA-256\tName',
        '2026-11-21T10:00:00Z\t100\tab\tcontrato.pdf',
        '2026-11-21T10:00:00Z\t100\t\tcontrato.pdf',
        '',
      ].join('\n'),
    );
  });
});
