import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { chooseLanguage } from '../../i18n';
import classes from './session.module.css';

/** The frame of the pages one sees before being logged in. */
export function Doorway({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  const { t, i18n } = useTranslation();
  return (
    <div className={classes.page}>
      <main className={`panel ${classes.card}`} data-wide={wide}>
        <div className={classes.brand}>
          <img src="/icon.svg" alt="" width={32} height={32} />
          Bedel
        </div>
        {children}
      </main>
      <footer className={classes.foot}>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          lang="es"
          aria-pressed={i18n.language === 'es'}
          onClick={() => void chooseLanguage('es')}
        >
          {t('nav.languageEs')}
        </Button>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          lang="en"
          aria-pressed={i18n.language === 'en'}
          onClick={() => void chooseLanguage('en')}
        >
          {t('nav.languageEn')}
        </Button>
      </footer>
    </div>
  );
}
