import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { AlertList } from './AlertList';
import classes from './alerts.module.css';
import { useAlerts } from './backups';

const SHOWN = 3;

/** What is wrong now, above the list; nothing if nothing is. */
export function OpenAlerts({ onDismissed }: { onDismissed: () => void }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const alerts = useAlerts(true);
  const open = alerts.data?.pages.flatMap((page) => page.items) ?? [];
  if (alerts.isError && alerts.data === undefined) {
    return (
      <section className={`panel ${classes.open}`} aria-label={t('nav.backupAlerts')}>
        <Failure compact error={alerts.error} retry={() => void alerts.refetch()} />
      </section>
    );
  }
  if (open.length === 0) return null;
  const more = open.length > SHOWN;
  return (
    <section className={`panel ${classes.open}`} aria-labelledby="open-alerts">
      <div className={classes.head}>
        <Title order={2} id="open-alerts">
          {t('backups.openAlerts')}
        </Title>
        <Text size="sm" c="dimmed" component="div">
          {more ? (
            <TextLink to="/backups/alerts" size="sm">
              {t('backups.seeAlerts', { number: formats.number(open.length) + (alerts.hasNextPage ? '+' : '') })}
            </TextLink>
          ) : (
            <TextLink to="/backups/alerts" size="sm">
              {t('backups.alertHistory')}
            </TextLink>
          )}
        </Text>
      </div>
      <AlertList alerts={open.slice(0, SHOWN)} onDismissed={onDismissed} />
    </section>
  );
}
