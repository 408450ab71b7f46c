import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Translation as Core } from './es';
import type { Admin } from './es.admin';
import type { Backups } from './es.backups';
import type { Grades } from './es.grades';
import type { Rooms } from './es.rooms';
import type { Sharing } from './es.sharing';
import type { Trail } from './es.trail';
import { type Language, pickLanguage } from './language';

const CHOICE = 'bedel.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Core & Admin & Backups & Grades & Rooms & Sharing & Trail };
  }
}

/** Texts come in parts: what every page needs, and what only some do, which comes with them. */
type Part = 'core' | 'admin' | 'backups' | 'grades' | 'rooms' | 'sharing' | 'trail';

const TEXTS: Record<Language, Record<Part, () => Promise<object>>> = {
  es: {
    core: async () => (await import('./es')).es,
    admin: async () => (await import('./es.admin')).admin,
    backups: async () => (await import('./es.backups')).backups,
    grades: async () => (await import('./es.grades')).grades,
    rooms: async () => (await import('./es.rooms')).rooms,
    sharing: async () => (await import('./es.sharing')).sharing,
    trail: async () => (await import('./es.trail')).trail,
  },
  en: {
    core: async () => (await import('./en')).en,
    admin: async () => (await import('./en.admin')).admin,
    backups: async () => (await import('./en.backups')).backups,
    grades: async () => (await import('./en.grades')).grades,
    rooms: async () => (await import('./en.rooms')).rooms,
    sharing: async () => (await import('./en.sharing')).sharing,
    trail: async () => (await import('./en.trail')).trail,
  },
};

const wanted = new Set<Part>(['core']);
const loaded = new Set<string>();

async function load(language: Language): Promise<void> {
  await Promise.all(
    [...wanted].map(async (part) => {
      const key = `${language}/${part}`;
      if (loaded.has(key)) return;
      const strings = await TEXTS[language][part]();
      loaded.add(key);
      i18next.addResourceBundle(language, 'translation', strings, true, true);
    }),
  );
}

/** Loads a page together with the part of the texts that it needs. */
export function withTexts<Page>(part: Part, page: () => Promise<Page>): () => Promise<Page> {
  return async () => {
    wanted.add(part);
    const [loadedPage] = await Promise.all([page(), load(i18next.language as Language)]);
    return loadedPage;
  };
}

export async function startTranslations(): Promise<void> {
  const language = pickLanguage(localStorage.getItem(CHOICE), navigator.languages);
  await i18next.use(initReactI18next).init({
    lng: language,
    resources: {},
    fallbackLng: false,
    interpolation: { escapeValue: false },
    returnNull: false,
    showSupportNotice: false,
  } as Parameters<typeof i18next.init>[0]);
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}

export async function chooseLanguage(language: Language): Promise<void> {
  localStorage.setItem(CHOICE, language);
  await load(language);
  await i18next.changeLanguage(language);
  document.documentElement.lang = language;
}
