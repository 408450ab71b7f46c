import { describe, expect, it } from 'vitest';
import { registrationOf } from './registration';

const FORM = { host: 'web-1', port: '9750', path: '/srv/data', every: '60' };

describe('a registration', () => {
  it('is what was typed', () => {
    expect(registrationOf(FORM)).toEqual({ host: 'web-1', port: 9750, path: '/srv/data', every_minutes: 60 });
  });

  it('takes the port from an address that was pasted with it', () => {
    expect(registrationOf({ ...FORM, host: ' web-1:9751 ' })).toMatchObject({ host: 'web-1', port: 9751 });
    expect(registrationOf({ ...FORM, host: '[fd00::5]:9752' })).toMatchObject({ host: '[fd00::5]', port: 9752 });
    expect(registrationOf({ ...FORM, host: 'fd00::5' })).toMatchObject({ host: 'fd00::5', port: 9750 });
  });

  it('names every field that is wrong', () => {
    expect(registrationOf({ host: '', port: '0', path: 'srv', every: '-5' })).toEqual([
      'host',
      'port',
      'path',
      'every_minutes',
    ]);
    expect(registrationOf({ ...FORM, port: '65536' })).toEqual(['port']);
    expect(registrationOf({ ...FORM, path: '/srv/../etc' })).toEqual(['path']);
    expect(registrationOf({ ...FORM, every: '1.5' })).toEqual(['every_minutes']);
    expect(registrationOf({ ...FORM, host: 'http://web-1' })).toEqual(['host']);
  });
});
