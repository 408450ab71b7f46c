import { describe, expect, it } from 'vitest';
import type { Member } from '../../api/rooms';
import { familiesOf, isKey, keyState, memberFaults, nextName } from './family';

const KEY = 'rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7';
const member = (name: string, faculty: string | null, more: Partial<Member> = {}): Member => ({
  name,
  faculty,
  title: '',
  public_key: KEY,
  admitted: true,
  changed_at: '2026-11-21T00:00:00Z',
  changed_by: 'admin',
  ...more,
});
const compare = new Intl.Collator('en', { numeric: true }).compare;

describe('faculties', () => {
  it('come with their programmes, in order', () => {
    const all = [
      member('program-01-10', 'faculty-01'),
      member('faculty-02', null),
      member('program-01-2', 'faculty-01'),
      member('faculty-01', null),
    ];
    expect(
      familiesOf(all, compare).map(({ faculty, programs }) => [faculty.name, programs.map((one) => one.name)]),
    ).toEqual([
      ['faculty-01', ['program-01-2', 'program-01-10']],
      ['faculty-02', []],
    ]);
  });

  it('may connect, may not any more, or need no key', () => {
    expect(keyState(member('a', null))).toBe('admitted');
    expect(keyState(member('a', null, { admitted: false }))).toBe('revoked');
    expect(keyState(member('a', null, { public_key: null }))).toBe('open');
  });

  it('have names and keys of one form', () => {
    expect(isKey(KEY)).toBe(true);
    expect(isKey(KEY.slice(1))).toBe(false);
    expect(isKey(`${KEY.slice(1)} `)).toBe(false);
    expect(memberFaults({ name: 'faculty-11', publicKey: '' })).toEqual([]);
    expect(memberFaults({ name: 'a b', publicKey: 'short' })).toEqual(['name', 'public_key']);
  });

  it('are offered the next free name', () => {
    const all = [member('faculty-01', null), member('faculty-03', null), member('program-01-1', 'faculty-01')];
    expect(nextName(all, null)).toBe('faculty-02');
    expect(nextName(all, 'faculty-01')).toBe('program-01-2');
    expect(nextName(all, 'medicina')).toBe('');
  });
});
