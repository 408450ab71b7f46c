import { describe, expect, it } from 'vitest';
import { bytesLeft, fullness } from './room';

describe('a quota', () => {
  it('leaves what neither files nor open uploads take', () => {
    expect(bytesLeft({ used: 60, reserved: 30, limit: 100 })).toBe(10);
    expect(bytesLeft({ used: 90, reserved: 30, limit: 100 })).toBe(0);
    expect(bytesLeft({ used: 90, reserved: 30, limit: null })).toBeNull();
  });

  it('warns in its last tenth', () => {
    expect(fullness({ used: 90, reserved: 0, limit: 100 })).toBe('roomy');
    expect(fullness({ used: 90, reserved: 1, limit: 100 })).toBe('nearly');
    expect(fullness({ used: 90, reserved: 10, limit: 100 })).toBe('full');
    expect(fullness({ used: 900, reserved: 0, limit: null })).toBe('roomy');
  });
});
