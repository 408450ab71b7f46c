import { describe, expect, it } from 'vitest';
import { csvOf, localHours } from './statistics';

describe('hours of the day', () => {
  const utc = Array.from({ length: 24 }, (_, hour) => hour);

  it('are those of the person’s clock', () => {
    expect(localHours(utc, 0)).toEqual(utc);
    // In Guatemala it is 8 when it is 14 in UTC.
    expect(localHours(utc, -360)[8]).toBe(14);
    expect(localHours(utc, -360)[20]).toBe(2);
    expect(localHours(utc, 120)[1]).toBe(23);
  });
});

describe('CSV', () => {
  it('quotes what needs it', () => {
    expect(
      csvOf(
        ['a', 'b'],
        [
          ['x, y', 1],
          ['say "no"', 2],
        ],
      ),
    ).toBe('a,b\r\n"x, y",1\r\n"say ""no""",2\r\n');
  });

  it('disarms formulas but keeps negative numbers', () => {
    expect(csvOf(['a'], [['=1+1'], ['@x'], [-5]])).toBe("a\r\n'=1+1\r\n'@x\r\n-5\r\n");
  });
});
