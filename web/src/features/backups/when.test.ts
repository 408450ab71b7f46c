import { describe, expect, it } from 'vitest';
import { whenFor } from './when';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

describe('ages', () => {
  it('are said in one unit, never as more than they are', () => {
    const { relative } = whenFor('en-US');
    expect(relative(at(-30), NOW)).toBe('now');
    expect(relative(at(-119), NOW)).toBe('1 min. ago');
    expect(relative(at(-7_199), NOW)).toBe('1 hr. ago');
    expect(relative(at(-47 * 3600), NOW)).toBe('47 hr. ago');
    expect(relative(at(-49 * 3600), NOW)).toBe('2 days ago');
    expect(relative(at(1_500), NOW)).toBe('in 25 min.');
    expect(whenFor('es-419').relative(at(-7_200), NOW)).toBe('hace 2 h');
  });
});

describe('intervals', () => {
  it('are said in the largest unit that fits', () => {
    const { every } = whenFor('en-US');
    expect(every(15)).toBe('15 min');
    expect(every(90)).toBe('90 min');
    expect(every(360)).toBe('6 hr');
    expect(every(1440)).toBe('1 day');
  });
});
