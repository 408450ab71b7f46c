import { describe, expect, it } from 'vitest';
import type { Entry } from '../../api/backups';
import { crumbsOf, fileOf, nameIn } from './folder';

describe('a folder of a backup', () => {
  it('is reached from the path that was backed up', () => {
    expect(crumbsOf('/srv/data', '')).toEqual([{ label: 'data', folder: '' }]);
    expect(crumbsOf('/', 'etc/ssl/')).toEqual([
      { label: '/', folder: '' },
      { label: 'etc', folder: 'etc/' },
      { label: 'ssl', folder: 'etc/ssl/' },
    ]);
  });

  const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
    name,
    kind: 'file',
    size: 0,
    modified_at: '2026-11-21T00:00:00Z',
    target: null,
    ...more,
  });

  it('names what lies in it without the way there', () => {
    expect(nameIn('etc/', entry('etc/ssl/'))).toBe('ssl');
    expect(nameIn('', entry('etc/'))).toBe('etc');
    expect(nameIn('', entry('passwd'))).toBe('passwd');
  });

  it('gives the bytes of files, and of hard links by the name that has them', () => {
    expect(fileOf(entry('etc/passwd'))).toBe('etc/passwd');
    expect(fileOf(entry('etc/same', { kind: 'hardlink', target: 'etc/passwd' }))).toBe('etc/passwd');
    expect(fileOf(entry('etc/there', { kind: 'symlink', target: '/etc/passwd' }))).toBeNull();
    expect(fileOf(entry('etc/', { kind: 'folder' }))).toBeNull();
  });
});
