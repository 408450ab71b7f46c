import { Skeleton, Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { ListEnd } from '../../shell/ListEnd';
import { Failure } from '../../shell/states';
import { useMemberChanges } from './members';
import classes from './members.module.css';
import metrics from './metrics.module.css';

/** Who changed faculties, programmes and their keys, the newest first. */
export function MemberChanges() {
  const { t } = useTranslation();
  const formats = useFormats();
  const changes = useMemberChanges();
  const items = changes.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={`panel ${metrics.block}`} aria-busy={changes.isPending}>
      <h2 id="changes-heading">{t('rooms.changes')}</h2>
      {changes.isPending ? (
        <Skeleton height={64} />
      ) : changes.isError && items.length === 0 ? (
        <Failure compact error={changes.error} retry={() => void changes.refetch()} />
      ) : items.length === 0 ? (
        <Text c="dimmed" size="sm">
          {t('rooms.noChanges')}
        </Text>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className={classes.log} tabIndex={0} aria-labelledby="changes-heading">
          <ol className={metrics.events} style={{ maxHeight: 'none' }}>
            {items.map(({ id, at, user, action, member, detail }) => (
              <li key={id}>
                <time dateTime={at} title={formats.dateTime(at)}>
                  {formats.dayMonth(at)} {formats.time(Date.parse(at))}
                </time>
                <span>
                  {t(`rooms.change.${action}`, { member })}
                  <small>
                    {user}
                    {detail === '' ? '' : ` · ${detail}`}
                  </small>
                </span>
              </li>
            ))}
          </ol>
          <ListEnd
            more={changes.hasNextPage}
            loading={changes.isFetchingNextPage}
            load={() => void changes.fetchNextPage()}
          />
        </section>
      )}
    </div>
  );
}
