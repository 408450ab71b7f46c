import type { GradeRecord, Semester } from '../../api/grades';

export interface EntryForm {
  carnet: string;
  nombre: string;
  curso: string;
  nota: string;
  semestre: Semester;
  year: string;
}

export type EntryFaults = Partial<Record<keyof GradeRecord, true>>;

const LONGEST_NAME = 200;

function whole(text: string, least: number, most: number): number | null {
  const value = /^\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) && value >= least && value <= most ? value : null;
}

/** Which grade a form is about, as soon as that is known. */
export function slotOf(form: EntryForm): Pick<GradeRecord, 'carnet' | 'curso' | 'semestre' | 'year'> | null {
  const carnet = whole(form.carnet, 1, Number.MAX_SAFE_INTEGER);
  const year = whole(form.year, 1900, 2200);
  if (carnet === null || year === null || form.curso === '') return null;
  return { carnet, curso: form.curso, semestre: form.semestre, year };
}

/** The record that a form means, or which fields are wrong. */
export function recordOf(form: EntryForm): { record: GradeRecord } | { faults: EntryFaults } {
  const carnet = whole(form.carnet, 1, Number.MAX_SAFE_INTEGER);
  const nota = whole(form.nota, 0, 100);
  const year = whole(form.year, 1900, 2200);
  const nombre = form.nombre.trim();
  const faults: EntryFaults = {};
  if (carnet === null) faults.carnet = true;
  if (nombre === '' || [...nombre].length > LONGEST_NAME) faults.nombre = true;
  if (form.curso === '') faults.curso = true;
  if (nota === null) faults.nota = true;
  if (year === null) faults.year = true;
  if (carnet === null || nota === null || year === null || Object.keys(faults).length > 0) return { faults };
  return { record: { carnet, nombre, curso: form.curso, nota, semestre: form.semestre, year } };
}
