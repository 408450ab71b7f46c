import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import quotaClasses from '../quota/quota.module.css';
import { fullness } from '../quota/room';

/** What a node's backups take, and of how much if there is a limit. */
export function NodeRoom({ used, quota }: { used: number; quota: number | null }) {
  const { t } = useTranslation();
  const formats = useFormats();
  if (quota === null) {
    return <div className={quotaClasses.quota}>{t('backups.used', { used: formats.bytes(used) })}</div>;
  }
  const state = fullness({ used, reserved: 0, limit: quota });
  const words = t('quota.used', { used: formats.bytes(used), limit: formats.bytes(quota) });
  const share = quota === 0 ? 1 : Math.min(1, used / quota);
  return (
    <div className={quotaClasses.quota} data-state={state}>
      <div className={quotaClasses.words}>
        <span>{words}</span>
        <span className={quotaClasses.left}>
          {state === 'full' ? t('quota.full') : t('quota.left', { left: formats.bytes(quota - used) })}
        </span>
      </div>
      <div
        className={quotaClasses.bar}
        role="progressbar"
        aria-label={t('quota.label')}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(share * 100)}
        aria-valuetext={words}
      >
        <div style={{ width: `${share * 100}%` }} />
      </div>
    </div>
  );
}
