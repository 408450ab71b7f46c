import { describe, expect, it } from 'vitest';
import { bytesOf, sizeOf } from './sizes';

describe('a limit', () => {
  it('is read as typed, with either decimal sign', () => {
    expect(bytesOf({ number: '1.5', unit: 'GB' })).toBe(1_500_000_000);
    expect(bytesOf({ number: ' 1,5 ', unit: 'TB' })).toBe(1_500_000_000_000);
    expect(bytesOf({ number: '0', unit: 'MB' })).toBe(0);
    for (const number of ['', '-1', '1e3', '1.000,5', '99999999999'])
      expect(bytesOf({ number, unit: 'TB' })).toBeNull();
  });

  it('is shown as it was typed', () => {
    for (const bytes of [0, 20_000_000, 1_500_000_000, 2_000_000_000_000]) expect(bytesOf(sizeOf(bytes))).toBe(bytes);
    expect(sizeOf(1_500_000_000)).toEqual({ number: '1.5', unit: 'GB' });
    expect(sizeOf(null)).toEqual({ number: '', unit: 'GB' });
  });
});
