import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Translation } from './es';
import { type Language, pickLanguage } from './language';

const CHOICE = 'bedel.language';

declare module 'i18next' {
  interface CustomTypeOptions {
    resources: { translation: Translation };
  }
}

async function load(language: Language): Promise<void> {
  if (i18next.hasResourceBundle(language, 'translation')) return;
  const strings = language === 'es' ? (await import('./es')).es : (await import('./en')).en;
  i18next.addResourceBundle(language, 'translation', strings);
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
