import { describe, expect, it } from 'vitest';
import { follows, keyOf } from '../live/sequence';
import { matches } from '../shell/matches';
import { formatsFor, localeFor } from './format';
import { pickLanguage } from './language';

describe('the language', () => {
  it('is the person’s, else the browser’s, else Spanish', () => {
    expect(pickLanguage('en', ['es-GT'])).toBe('en');
    expect(pickLanguage(null, ['fr', 'en-GB', 'es'])).toBe('en');
    expect(pickLanguage('xx', ['fr'])).toBe('es');
  });

  it('follows the browser’s region where it has one', () => {
    expect(localeFor('es', ['en-US', 'es-GT'])).toBe('es-GT');
    expect(localeFor('es', ['en-US'])).toBe('es-419');
  });
});

describe('numbers', () => {
  const formats = formatsFor('en-US');

  it('scale bytes by thousands without jumping at the edge', () => {
    expect(formats.bytes(0)).toBe('0 bytes');
    expect(formats.bytes(999)).toBe('999 bytes');
    expect(formats.bytes(100_000_000)).toBe('100.0 MB');
    expect(formats.bytes(999_960_000)).toBe('1.0 GB');
  });

  it('say durations in two units at most', () => {
    expect(formats.duration(4_400)).toBe('4s');
    expect(formats.duration(61_000)).toBe('1m 1s');
    expect(formats.duration(3_700_000)).toBe('1h 1m');
    expect(formats.duration(90_000_000)).toBe('1d 1h');
    expect(formats.duration(-5)).toBe('0s');
  });
});

describe('search', () => {
  it('forgives accents, case and order', () => {
    expect(matches('Administración', 'ADMIN')).toBe(true);
    expect(matches('Documentación de la API', 'api documentacion')).toBe(true);
    expect(matches('Archivos', 'sistema')).toBe(false);
  });
});

describe('live sequence numbers', () => {
  it('tell what is next, old and missing', () => {
    expect(follows(null, 7)).toBe('next');
    expect(follows(7, 8)).toBe('next');
    expect(follows(7, 7)).toBe('old');
    expect(follows(7, 9)).toBe('gap');
  });

  it('belong to a topic with its parameters, in any order', () => {
    expect(keyOf('grades.count', { curso: 'SO1', year: 2023 })).toBe(
      keyOf('grades.count', { year: 2023, curso: 'SO1' }),
    );
    expect(keyOf('grades.count', { curso: 'SO1' })).not.toBe(keyOf('grades.count', { curso: 'SA' }));
    expect(keyOf('grades.total', {})).not.toBe(keyOf('grades.count', {}));
  });
});
