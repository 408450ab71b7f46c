import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { useQuota } from './quota';
import classes from './quota.module.css';
import { bytesLeft, fullness } from './room';

/** How much room is left. Says nothing while that is not known, or if there is no limit. */
export function QuotaBar() {
  const { t } = useTranslation();
  const formats = useFormats();
  const quota = useQuota().data;
  if (quota === undefined || quota.limit === null || quota.limit === 0) return null;
  const { used, reserved, limit } = quota;
  const share = (bytes: number) => Math.min(1, bytes / limit);
  const state = fullness(quota);
  return (
    <div className={classes.quota} data-state={state}>
      <div className={classes.words}>
        <span>{t('quota.used', { used: formats.bytes(used), limit: formats.bytes(limit) })}</span>
        <span className={classes.left}>
          {state === 'full' ? t('quota.full') : t('quota.left', { left: formats.bytes(bytesLeft(quota) ?? 0) })}
        </span>
      </div>
      <div
        className={classes.bar}
        role="progressbar"
        aria-label={t('quota.label')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share(used + reserved) * 100)}
        aria-valuetext={t('quota.used', { used: formats.bytes(used), limit: formats.bytes(limit) })}
      >
        <div style={{ width: `${share(used) * 100}%` }} />
        <div data-reserved style={{ width: `${(share(used + reserved) - share(used)) * 100}%` }} />
      </div>
      {reserved > 0 ? (
        <span className={classes.reserved}>{t('quota.reserved', { size: formats.bytes(reserved) })}</span>
      ) : null}
    </div>
  );
}
