import type { Equipment, NewRequest } from '../../api/rooms';
import { isSemester } from './semesters';

export interface RequestForm {
  faculty: string;
  program: string;
  semester: string;
  classrooms: string;
  labs: string;
  seats: string;
  equipment: Equipment[];
  wait: boolean;
  /** How long the proposal waits for its answer, in seconds. */
  hold: string;
}

type Fault = 'required' | 'name' | 'semester' | 'number' | 'none';
export type Faults = Partial<Record<keyof NewRequest, Fault>>;

/** The most rooms of one kind that one request may name. */
const MOST = 10_000;

function count(text: string): number | null {
  const value = text.trim() === '' ? 0 : Number(text);
  return Number.isInteger(value) && value >= 0 && value <= MOST ? value : null;
}

/** The request that a form means, or what is wrong with it, by field. */
export function requestOf(form: RequestForm, name: string): { request: NewRequest } | { faults: Faults } {
  const faults: Faults = {};
  for (const field of ['faculty', 'program'] as const) {
    const value = form[field].trim();
    if (value === '') faults[field] = 'required';
    else if (!/^[A-Za-z0-9._-]{1,64}$/.test(value)) faults[field] = 'name';
  }
  if (!isSemester(form.semester)) faults.semester = 'semester';
  const [classrooms, labs, seats] = [count(form.classrooms), count(form.labs), count(form.seats)];
  if (classrooms === null) faults.classrooms = 'number';
  if (labs === null) faults.labs = 'number';
  if (seats === null) faults.minimum_capacity = 'number';
  if (classrooms === 0 && labs === 0) faults.classrooms = 'none';
  if (classrooms === null || labs === null || seats === null || Object.keys(faults).length > 0) return { faults };
  return {
    request: {
      request_id: name,
      faculty: form.faculty.trim(),
      program: form.program.trim(),
      semester: form.semester,
      classrooms,
      labs,
      ...(seats > 0 ? { minimum_capacity: seats } : {}),
      equipment: form.equipment,
      wait: form.wait,
      hold_s: Number(form.hold),
    },
  };
}
