import { Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { AlertList } from '../backups/AlertList';
import { useAlerts, useBackupsNews } from '../backups/backups';
import classes from './home.module.css';

const SHOWN = 3;

/** Backups that are overdue or otherwise wrong; nothing if none is. */
export function BackupsBlock({ onCount }: { onCount: (count: number | null) => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  useBackupsNews();
  const alerts = useAlerts(true);
  const open = alerts.data?.pages.flatMap((page) => page.items) ?? null;
  const count = open?.length ?? null;
  useEffect(() => onCount(count), [count, onCount]);
  if (open === null) {
    return alerts.isError ? (
      <section className="panel">
        <div className={classes.head}>
          <Title order={2}>{t('nav.backups')}</Title>
        </div>
        <Failure compact error={alerts.error} retry={() => void alerts.refetch()} />
      </section>
    ) : null;
  }
  if (open.length === 0) return null;
  return (
    <section className={`panel ${classes.block}`} data-backup-alerts={open.length}>
      <div className={classes.head}>
        <Title order={2}>{t('backups.homeTitle')}</Title>
        <TextLink to="/backups" size="sm">
          {t('backups.homeSee')}
        </TextLink>
      </div>
      <AlertList alerts={open.slice(0, SHOWN)} />
      {open.length > SHOWN ? (
        <Text size="sm" c="dimmed" className={classes.note}>
          {t('backups.homeMore', { number: formats.number(open.length - SHOWN) })}
        </Text>
      ) : null}
    </section>
  );
}
