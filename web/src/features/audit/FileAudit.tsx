import { Skeleton, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { Failure } from '../../shell/states';
import { TextLink } from '../../shell/TextLink';
import { Breaks, OutcomeMark, Way } from './AuditTable';
import { useAudit } from './audit';
import classes from './audit.module.css';

const SHOWN = 5;

/** Who moved this file last, as far as this person may know. */
export function FileAudit({ file }: { file: string }) {
  const { t } = useTranslation();
  const formats = useFormats();
  const audit = useAudit({ file }, SHOWN);
  const entries = audit.data?.pages[0]?.items.slice(0, SHOWN) ?? [];
  return (
    <section aria-labelledby="file-audit-heading" aria-busy={audit.isPending}>
      <h3 id="file-audit-heading">{t('audit.ofFile')}</h3>
      {audit.isPending ? (
        <Skeleton height={40} />
      ) : audit.isError && entries.length === 0 ? (
        <Failure compact error={audit.error} retry={() => void audit.refetch()} />
      ) : entries.length === 0 ? (
        <Text size="sm" c="dimmed">
          {t('audit.noneOfFile')}
        </Text>
      ) : (
        <>
          <ul className={classes.list}>
            {entries.map((entry) => (
              <li key={entry.id}>
                <span>
                  <Way entry={entry} /> · {entry.user_name || t('audit.anonymous')}
                </span>
                <OutcomeMark entry={entry} />
                <small title={formats.dateTime(entry.started_at)}>
                  {formats.date(entry.started_at)} {formats.time(Date.parse(entry.started_at))} ·{' '}
                  {t(`audit.via.${entry.via}`)} <Breaks entry={entry} />
                </small>
              </li>
            ))}
          </ul>
          {audit.hasNextPage ? (
            <TextLink to="/files/audit" search={{ file }} size="sm">
              {t('audit.seeAll')}
            </TextLink>
          ) : null}
        </>
      )}
    </section>
  );
}
