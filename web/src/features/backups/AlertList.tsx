import { Button, Text } from '@mantine/core';
import {
  IconArrowsShuffle,
  IconClockExclamation,
  IconDatabaseExclamation,
  IconPlugConnectedX,
  IconShieldX,
  IconTrendingDown,
} from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { BackupAlert } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import { failureKey } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { say } from '../../shell/toasts';
import classes from './alerts.module.css';
import { dismissAlert } from './backups';
import { nodeOf } from './health';
import { toldOf } from './told';

const ICONS = {
  overdue: IconClockExclamation,
  failing: IconPlugConnectedX,
  shrunk: IconTrendingDown,
  changed: IconArrowsShuffle,
  rehearsal_failed: IconShieldX,
  quota_near: IconDatabaseExclamation,
  store_full: IconDatabaseExclamation,
};

/** What an alert is about, in a line; the whole store if it names nothing. */
function placeOf({ host, port, path }: BackupAlert): string {
  return [host === null || port === null ? '' : nodeOf({ host, port }), path ?? ''].filter(Boolean).join(' ');
}

interface AlertListProps {
  alerts: BackupAlert[];
  /** One was dismissed; nobody may where this is absent. */
  onDismissed?: () => void;
}

/** Alerts, newest first: what, where, since when, and until when. */
export function AlertList({ alerts, onDismissed }: AlertListProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  return (
    <ol className={classes.alerts}>
      {alerts.map((alert) => {
        const Icon = ICONS[alert.kind];
        return (
          <li key={alert.id} data-alert={alert.kind} data-cleared={alert.cleared_at !== null}>
            <Icon size={20} stroke={1.75} aria-hidden />
            <div className={classes.what}>
              <Text fw={500} size="sm">
                {t(`backups.alert.${alert.kind}`)}
              </Text>
              <Text size="sm">{placeOf(alert) || t('backups.wholeStore')}</Text>
              <Text size="xs" c="dimmed" lang="en">
                {toldOf(alert, formats)}
              </Text>
              {alert.backup === null ? null : (
                <TextLink to="/backups/$backup" params={{ backup: alert.backup }} size="sm">
                  {t(alert.kind === 'rehearsal_failed' ? 'backups.seeBackup' : 'backups.seeLastGood')}
                </TextLink>
              )}
            </div>
            <div className={classes.when}>
              <time dateTime={alert.raised_at} title={formats.dateTime(alert.raised_at)}>
                {formats.date(alert.raised_at)} {formats.hourMinute(Date.parse(alert.raised_at))}
              </time>
              {alert.cleared_at === null ? null : (
                <small title={formats.dateTime(alert.cleared_at)}>
                  {t('backups.clearedAfter', {
                    time: formats.duration(Date.parse(alert.cleared_at) - Date.parse(alert.raised_at)),
                  })}
                </small>
              )}
              {onDismissed !== undefined && (alert.kind === 'shrunk' || alert.kind === 'changed') ? (
                <Dismiss alert={alert} onDismissed={onDismissed} />
              ) : null}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

/** Somebody looked, and it was meant so: nothing else would tell the campus. */
function Dismiss({ alert, onDismissed }: { alert: BackupAlert; onDismissed: () => void }) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const dismiss = async () => {
    setBusy(true);
    try {
      await dismissAlert(alert.id);
      onDismissed();
    } catch (error) {
      say(t(failureKey(error)), true);
      setBusy(false);
    }
  };
  return (
    <Button
      variant="default"
      size="compact-sm"
      loading={busy}
      aria-label={`${t('backups.dismiss')}: ${placeOf(alert)}`}
      onClick={() => void dismiss()}
    >
      {t('backups.dismiss')}
    </Button>
  );
}
