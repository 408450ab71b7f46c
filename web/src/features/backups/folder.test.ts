import { describe, expect, it } from 'vitest';
import type { Entry } from '../../api/backups';
import { crumbsOf, nameIn } from './folder';

describe('a folder of a backup', () => {
  it('is reached from the path that was backed up', () => {
    expect(crumbsOf('/srv/data', '')).toEqual([{ label: 'data', folder: '' }]);
    expect(crumbsOf('/', 'etc/ssl/')).toEqual([
      { label: '/', folder: '' },
      { label: 'etc', folder: 'etc/' },
      { label: 'ssl', folder: 'etc/ssl/' },
    ]);
  });

  it('names what lies in it without the way there', () => {
    const entry = (name: string): Entry => ({
      name,
      kind: 'folder',
      size: 0,
      modified_at: '2026-11-21T00:00:00Z',
      target: null,
    });
    expect(nameIn('etc/', entry('etc/ssl/'))).toBe('ssl');
    expect(nameIn('', entry('etc/'))).toBe('etc');
    expect(nameIn('', entry('passwd'))).toBe('passwd');
  });
});
