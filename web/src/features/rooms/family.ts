import type { Member } from '../../api/rooms';

export interface Family {
  faculty: Member;
  programs: Member[];
}

/** Faculties with their programmes, in the order of names. */
export function familiesOf(members: readonly Member[], compare: (a: string, b: string) => number): Family[] {
  const sorted = [...members].sort((a, b) => compare(a.name, b.name));
  return sorted
    .filter((one) => one.faculty === null)
    .map((faculty) => ({ faculty, programs: sorted.filter((one) => one.faculty === faculty.name) }));
}

export type KeyState = 'admitted' | 'revoked' | 'open';

/** Whether a member may connect, and why. */
export function keyState({ public_key, admitted }: Member): KeyState {
  if (public_key === null) return admitted ? 'open' : 'revoked';
  return admitted ? 'admitted' : 'revoked';
}

/** What a name and a key must look like, or which of them does not. */
export function memberFaults({ name, publicKey }: { name: string; publicKey: string }): ('name' | 'public_key')[] {
  const faults: ('name' | 'public_key')[] = [];
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name)) faults.push('name');
  if (publicKey !== '' && !isKey(publicKey)) faults.push('public_key');
  return faults;
}

/** Z85 (ZeroMQ RFC 32) of 32 bytes. */
export function isKey(text: string): boolean {
  return /^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/.test(text);
}

/** The next free name of the reference campus's form, or none. */
export function nextName(members: readonly Member[], faculty: string | null): string {
  const names = new Set(members.map((one) => one.name));
  const number = /^faculty-(\d+)$/.exec(faculty ?? '')?.[1];
  if (faculty !== null && number === undefined) return '';
  for (let each = 1; each < 1_000; each += 1) {
    const name = faculty === null ? `faculty-${String(each).padStart(2, '0')}` : `program-${number}-${each}`;
    if (!names.has(name)) return name;
  }
  return '';
}
