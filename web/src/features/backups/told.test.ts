import { describe, expect, it } from 'vitest';
import { formatsFor } from '../../i18n/format';
import { toldOf } from './told';

const formats = formatsFor('en-US');

describe('what is told of an alert', () => {
  it('has amounts as people write them', () => {
    const told = (kind: 'quota_near' | 'shrunk' | 'store_full', detail: string) => toldOf({ kind, detail }, formats);
    expect(told('quota_near', 'its backups have 81261631 of the 84512096 bytes that they may have')).toBe(
      'its backups have 81.3 MB of the 84.5 MB that they may have',
    );
    expect(told('shrunk', 'of 162 entries and 6723072 bytes 11 entries and 18944 bytes are left')).toBe(
      'of 162 entries and 6.7 MB 11 entries and 19 kB are left',
    );
    expect(told('store_full', '4000000000 of the 100000000000 bytes of the disk are free')).toBe(
      '4.0 GB of the 100.0 GB of the disk are free',
    );
  });

  it('has moments in words, and leaves paths alone', () => {
    const moment = '2026-11-22T03:41:26.884611Z';
    expect(toldOf({ kind: 'overdue', detail: `it began at ${moment}` }, formats)).toBe(
      `it began at ${formats.dateTime(moment)}`,
    );
    const detail = '3 attempts in a row failed: /srv/20261122 does not exist on this node';
    expect(toldOf({ kind: 'failing', detail }, formats)).toBe(detail);
  });
});
