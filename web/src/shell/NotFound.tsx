import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { Blank } from './states';

export function NotFound() {
  const { t } = useTranslation();
  return (
    <main style={{ padding: 32 }}>
      <Blank
        heading={1}
        title={t('app.notFound')}
        body={t('app.notFoundBody')}
        action={
          <Button component={Link} to="/">
            {t('app.goHome')}
          </Button>
        }
      />
    </main>
  );
}
