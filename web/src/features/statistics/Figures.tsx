import { useTranslation } from 'react-i18next';
import type { Statistics } from '../../api/types';
import { useFormats } from '../../i18n/format';
import classes from './statistics.module.css';

/** The few numbers that most people come for. */
export function Figures({ statistics }: { statistics: Statistics }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const { interrupted, recovered } = statistics.recovered_after_interruption;
  const figures: [string, string, string?][] = [
    [t('statistics.uploaded'), formats.bytes(statistics.volume.uploaded)],
    [t('statistics.downloaded'), formats.bytes(statistics.volume.downloaded)],
    [t('statistics.transfers'), formats.number(statistics.transfers)],
    [
      t('statistics.success'),
      statistics.success_rate === null ? t('common.none') : formats.percent(statistics.success_rate),
    ],
    [
      t('statistics.recovered'),
      interrupted === 0 ? t('common.none') : formats.percent(recovered / interrupted),
      interrupted === 0
        ? t('statistics.noInterruptions')
        : t('statistics.recoveredOf', {
            recovered: formats.number(recovered),
            interrupted: formats.number(interrupted),
          }),
    ],
  ];
  return (
    <dl className={`panel ${classes.figures} ${classes.wide}`}>
      {figures.map(([label, value, more]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>
            {value}
            {more === undefined ? null : <small>{more}</small>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
