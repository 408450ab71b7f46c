import { IconAlertTriangle } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import type { Warning } from '../../api/backups';
import { useFormats } from '../../i18n/format';
import classes from './backups.module.css';

const KINDS = ['unstable', 'unreadable', 'socket', 'refused'] as const;
type Kind = (typeof KINDS)[number];

function isKind(kind: string): kind is Kind {
  return (KINDS as readonly string[]).includes(kind);
}

interface WarningsProps {
  /** The first of them. */
  warnings: Warning[];
  total: number;
  open?: boolean;
}

/** Files that are not in a backup as they were, by what is wrong with them. */
export function Warnings({ warnings, total, open = false }: WarningsProps) {
  const { t } = useTranslation();
  const formats = useFormats();
  if (total === 0) return null;
  const unlisted = total - warnings.length;
  return (
    <details className={classes.warnings} open={open || undefined} data-warnings={total}>
      <summary>
        <IconAlertTriangle size={14} aria-hidden /> {t('backups.warnings', { number: formats.number(total) })}
      </summary>
      <ul>
        {warnings.map(({ kind, name }) => (
          <li key={`${kind} ${name}`}>
            <code>{name}</code>
            <span>{isKind(kind) ? t(`backups.warning.${kind}`) : kind}</span>
          </li>
        ))}
      </ul>
      {unlisted > 0 ? <p>{t('backups.moreWarnings', { number: formats.number(unlisted) })}</p> : null}
    </details>
  );
}
