import { describe, expect, it } from 'vitest';
import { type EntryForm, recordOf, slotOf } from './entry';

const form: EntryForm = {
  carnet: '233233',
  nombre: ' Alumno 1 ',
  curso: 'SO1',
  nota: '90',
  semestre: '2S',
  year: '2023',
};

describe('a form for a grade', () => {
  it('means a record with whole numbers and a trimmed name', () => {
    expect(recordOf(form)).toEqual({
      record: { carnet: 233233, nombre: 'Alumno 1', curso: 'SO1', nota: 90, semestre: '2S', year: 2023 },
    });
    expect(recordOf({ ...form, nota: '0' })).toMatchObject({ record: { nota: 0 } });
  });

  it('names every field that is wrong', () => {
    expect(recordOf({ ...form, carnet: '0', nombre: ' ', curso: '', nota: '101', year: '1899' })).toEqual({
      faults: { carnet: true, nombre: true, curso: true, nota: true, year: true },
    });
    for (const nota of ['', '9.5', '-1', '1e2', 'x']) {
      expect(recordOf({ ...form, nota })).toEqual({ faults: { nota: true } });
    }
    expect(recordOf({ ...form, nombre: 'x'.repeat(201) })).toEqual({ faults: { nombre: true } });
  });

  it('says which grade it is about before it is complete', () => {
    expect(slotOf({ ...form, nota: '', nombre: '' })).toEqual({
      carnet: 233233,
      curso: 'SO1',
      semestre: '2S',
      year: 2023,
    });
    expect(slotOf({ ...form, carnet: '' })).toBeNull();
  });
});
