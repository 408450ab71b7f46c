import { useTranslation } from 'react-i18next';
import type { KeptBackup } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import classes from './backups.module.css';
import { countOf, dotsOf, KEPT } from './health';

/** Ten dots for the ten kept, the newest first: filled when proven, hollow when not yet, crossed when it failed. */
export function KeptDots({ kept }: { kept: KeptBackup[] }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const dots = dotsOf(kept);
  const number = (value: number) => formats.number(value);
  const failed = countOf(dots, 'failed');
  const label = [
    t('backups.dots', {
      kept: number(KEPT - countOf(dots, 'none')),
      most: number(KEPT),
      proven: number(countOf(dots, 'proven')),
    }),
    ...(failed > 0 ? [t('backups.dotsFailed', { failed: number(failed) })] : []),
  ].join('; ');
  return (
    <span className={classes.dots} role="img" aria-label={label} title={label}>
      {dots.map((dot, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: each is a place
        <span key={place} data-dot={dot} />
      ))}
    </span>
  );
}
