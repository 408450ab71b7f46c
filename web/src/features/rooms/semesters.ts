/** Terms as the campus writes them: 10 and 30 are the long ones, 20 lies between. */
const TERMS = ['10', '20', '30'] as const;

/** The semester of a day. */
export function semesterOf(day: Date): string {
  const month = day.getMonth();
  return `${day.getFullYear()}-${month < 5 ? '10' : month < 7 ? '20' : '30'}`;
}

export function isSemester(text: string): boolean {
  return /^\d{4}-(10|20|30)$/.test(text);
}

/** The semesters to choose from: around `day`, and those that are known; the newest first. */
export function semestersAround(day: Date, known: readonly string[]): string[] {
  const found = new Set(known.filter(isSemester));
  const year = day.getFullYear();
  for (const each of [year - 1, year, year + 1]) for (const term of TERMS) found.add(`${each}-${term}`);
  return [...found].sort().reverse();
}
