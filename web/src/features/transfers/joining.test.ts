import { describe, expect, it } from 'vitest';
import type { Transfer } from '../../api/types';
import { applyTransfer, joinUnfinished, metadataValue, mismatch, transfersIn } from './joining';
import { judge } from './judge';
import { fingerprintOf, parseStorageKey } from './memory';
import { Pace } from './pace';

const transfer: Transfer = {
  id: 't1',
  file_id: null,
  user: 'u1',
  user_name: 'ana',
  name: '',
  direction: 'upload',
  state: 'disconnected',
  offset: 40,
  size: 100,
  bytes_per_s: 0,
  resume: { method: 'PATCH', url: 'http://127.0.0.1:8080/api/v1/uploads/t1', offset: 40 },
};

describe('unfinished uploads', () => {
  const remembered = { url: '/api/v1/uploads/t1', storageKey: 'k', name: 'tesis.pdf', size: 100, lastModified: 5 };

  it('are named by what this browser remembers', () => {
    expect(joinUnfinished([transfer], [remembered])).toEqual([
      { url: '/api/v1/uploads/t1', name: 'tesis.pdf', size: 100, offset: 40, remembered },
    ]);
  });

  it('leave out what is done and what is a download', () => {
    expect(
      joinUnfinished(
        [
          { ...transfer, state: 'done' },
          { ...transfer, direction: 'download' },
        ],
        [],
      ),
    ).toEqual([]);
  });

  it('go on only with the very same file', () => {
    const entry = joinUnfinished([transfer], [remembered])[0];
    if (entry === undefined) throw new Error('no entry');
    expect(mismatch(entry, { name: 'tesis.pdf', size: 100, lastModified: 5 })).toBeNull();
    expect(mismatch(entry, { name: 'tesis.pdf', size: 99, lastModified: 5 })).toBe('wrongFile');
    expect(mismatch(entry, { name: 'otra.pdf', size: 100, lastModified: 5 })).toBe('wrongFile');
    expect(mismatch(entry, { name: 'tesis.pdf', size: 100, lastModified: 6 })).toBe('changedFile');
  });

  it('are remembered per person, whatever the name', () => {
    const file = { name: 'año/nuevo::ñ.txt', size: 7, lastModified: 9 };
    const key = `tus::${fingerprintOf('u1', file)}::123`;
    expect(parseStorageKey(key, 'u1')).toEqual({ name: 'año/nuevo::ñ.txt', size: 7, lastModified: 9 });
    expect(parseStorageKey(key, 'u2')).toBeNull();
    expect(parseStorageKey('tus::tus-br-other::1', 'u1')).toBeNull();
  });

  it('know their name from the metadata header', () => {
    const header = `filetype dGV4dA==,filename ${Buffer.from('año.txt').toString('base64')}`;
    expect(metadataValue(header, 'filename')).toBe('año.txt');
    expect(metadataValue(null, 'filename')).toBeNull();
  });
});

describe('live changes of transfers', () => {
  it('are read bare and beside their user; anything else is no transfer', () => {
    expect(transfersIn([transfer, { user: 'u1', transfer }, { user: 'u1' }])).toEqual([transfer, transfer]);
  });

  it('replace in place, add in front, and take away what is done', () => {
    const other = { ...transfer, id: 't2' };
    expect(applyTransfer([transfer, other], { ...other, offset: 50 }).map((one) => one.offset)).toEqual([40, 50]);
    expect(applyTransfer([transfer], other).map((one) => one.id)).toEqual(['t2', 't1']);
    expect(applyTransfer([transfer, other], { ...transfer, state: 'done' }).map((one) => one.id)).toEqual(['t2']);
  });
});

describe('a refused request', () => {
  const refused = (status: number, slug = '', retryAfter: number | null = null) =>
    judge({ status, slug, retryAfter, message: '', requestId: null });

  it('is repeated when it may pass, else ends the upload', () => {
    for (const status of [409, 423, 429, 460, 500, 502, 503, 504]) expect(refused(status).kind).toBe('passing');
    for (const status of [400, 403, 404, 410, 413, 415, 507]) expect(refused(status).kind).toBe('final');
  });

  it('says why it has to wait', () => {
    expect(refused(429, '', 2_000)).toEqual({ kind: 'passing', delay: 2_000, asked: 'busy' });
    expect(refused(409, 'held', 30_000)).toEqual({ kind: 'passing', delay: 30_000, asked: 'held' });
    expect(refused(503)).toEqual({ kind: 'passing', delay: null, asked: null });
  });

  it('tells a full quota from a full disk, and a voucher’s limits from both', () => {
    expect(refused(507, 'quota')).toMatchObject({ reason: 'quota' });
    expect(refused(507, 'no-space')).toMatchObject({ reason: 'noSpace' });
    expect(refused(403, 'voucher-files')).toMatchObject({ reason: 'voucher' });
    expect(refused(403, 'forbidden')).toMatchObject({ reason: 'refused' });
  });
});

describe('the speed', () => {
  it('looks at the last seconds only', () => {
    const pace = new Pace();
    pace.note(0, 0);
    expect(pace.speed()).toBeNull();
    for (let second = 1; second <= 10; second += 1) pace.note(second * 1_000, second * 100);
    expect(pace.speed()).toBe(100);
    for (let second = 11; second <= 20; second += 1) pace.note(second * 1_000, 1_000 + (second - 10) * 500);
    expect(pace.speed()).toBe(500);
  });
});
