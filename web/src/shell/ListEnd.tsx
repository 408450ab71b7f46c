import { Button } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './listend.module.css';

/** Loads the next page as its end comes into view; a button says the same to the keyboard. */
export function ListEnd({ more, loading, load }: { more: boolean; loading: boolean; load: () => void }) {
  const { t } = useTranslation();
  const mark = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = mark.current;
    if (element === null || !more || loading) return;
    const watcher = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && load(), {
      rootMargin: '400px',
    });
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [more, loading, load]);
  return (
    <div className={classes.more} ref={mark}>
      {more ? (
        <Button variant="subtle" size="compact-sm" onClick={load} loading={loading}>
          {t('common.more')}
        </Button>
      ) : (
        t('files.endOfList')
      )}
    </div>
  );
}
