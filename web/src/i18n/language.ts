export type Language = 'es' | 'en';

/** The person's choice, else the first of the browser's languages that there is a translation for, else Spanish. */
export function pickLanguage(choice: string | null, wanted: readonly string[]): Language {
  if (choice === 'es' || choice === 'en') return choice;
  for (const tag of wanted) {
    const base = tag.toLowerCase().split('-')[0];
    if (base === 'es' || base === 'en') return base;
  }
  return 'es';
}
