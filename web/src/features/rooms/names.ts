import { useTranslation } from 'react-i18next';

/** What key names are to people; a name of another form stays as it is. */
export function useRoomNames(): {
  faculty: (name: string) => string;
  program: (name: string) => string;
  /** Two or three letters, for the grid. */
  short: (name: string) => string;
} {
  const { t } = useTranslation();
  return {
    faculty: (name) => {
      const number = /^faculty-(\d+)$/.exec(name)?.[1];
      return number === undefined ? name : t('rooms.facultyName', { number });
    },
    program: (name) => {
      const number = /^program-(\d+-\d+)$/.exec(name)?.[1];
      return number === undefined ? name : t('rooms.programName', { number });
    },
    short: (name) => {
      const number = /^faculty-(\d+)$/.exec(name)?.[1];
      return number === undefined ? name.slice(0, 3).toUpperCase() : `F${number}`;
    },
  };
}

const HUES = 10;

/** Which of the ten colours a faculty has: by its number, else by its letters. */
export function hueOf(faculty: string): number {
  const number = Number(/(\d+)$/.exec(faculty)?.[1] ?? Number.NaN);
  if (!Number.isNaN(number)) return ((((number - 1) % HUES) + HUES) % HUES) + 1;
  let sum = 0;
  for (const letter of faculty) sum += letter.codePointAt(0) ?? 0;
  return (sum % HUES) + 1;
}

const FACULTIES = 10;
const PROGRAMS = 5;
const two = (value: number) => String(value).padStart(2, '0');

/** The reference campus' faculties, and those that are known besides. */
export function facultiesWith(known: readonly string[]): string[] {
  const found = new Set(Array.from({ length: FACULTIES }, (_, index) => `faculty-${two(index + 1)}`));
  for (const one of known) found.add(one);
  return [...found].sort();
}

/** The programmes of a faculty as the reference campus names them, and those that are known besides. */
export function programsOf(faculty: string, known: readonly { faculty: string; program: string }[]): string[] {
  const found = new Set(known.filter((one) => one.faculty === faculty).map((one) => one.program));
  const number = /^faculty-(\d+)$/.exec(faculty)?.[1];
  if (number !== undefined) for (let each = 1; each <= PROGRAMS; each += 1) found.add(`program-${number}-${each}`);
  return [...found].sort();
}
