import { describe, expect, it } from 'vitest';
import { changesOf, formOf } from './changes';

const file = {
  title: 'Guía',
  description: '',
  category: 'Clases',
  classification: '',
  tags: ['so1', '2026'],
  expires_at: null,
  visibility: 'private' as const,
};

describe('an edit', () => {
  it('sends nothing if nothing changed', () => {
    expect(changesOf(file, formOf(file))).toEqual({});
  });

  it('sends what changed and nothing else', () => {
    expect(changesOf(file, { ...formOf(file), title: ' Otra ', visibility: 'campus' })).toEqual({
      title: 'Otra',
      visibility: 'campus',
    });
  });

  it('reads tags between commas, each once', () => {
    expect(changesOf(file, { ...formOf(file), tags: 'so1, nuevo,, so1 ' })).toEqual({ tags: ['so1', 'nuevo'] });
  });

  it('sets and takes away the day on which a file ends', () => {
    const ending = { ...file, expires_at: new Date('2027-03-01T23:59:59').toISOString() };
    expect(changesOf(file, { ...formOf(file), expires: '2027-03-01' })).toEqual({ expires_at: ending.expires_at });
    expect(changesOf(ending, formOf(ending))).toEqual({});
    expect(changesOf(ending, { ...formOf(ending), expires: '' })).toEqual({ expires_at: null });
  });
});
