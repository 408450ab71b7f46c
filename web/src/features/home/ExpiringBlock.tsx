import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormats } from '../../i18n/format';
import { TextLink } from '../../shell/TextLink';
import { titleOf, useFiles } from '../files/queries';
import classes from './home.module.css';

const DAYS = 7;
const SHOWN = 5;

/** This person's files that end within a week; nothing if there are none. */
export function ExpiringBlock() {
  const { t } = useTranslation();
  const formats = useFormats();
  const found = useFiles({ owner: 'me', expiring_within_days: DAYS });
  const files = found.data?.pages[0]?.items ?? [];
  if (files.length === 0) return null;
  return (
    <section className={`panel ${classes.block}`}>
      <div className={classes.head}>
        <Title order={2}>{t('home.expiring')}</Title>
        {files.length > SHOWN ? (
          <TextLink to="/files" search={{ owner: 'me', ending: DAYS }} size="sm">
            {t('home.seeExpiring')}
          </TextLink>
        ) : null}
      </div>
      <Text c="dimmed" size="sm" className={classes.note}>
        {t('home.expiringBody')}
      </Text>
      <ul className={classes.list}>
        {files.slice(0, SHOWN).map((file) => (
          <li key={file.id} className={classes.service}>
            <TextLink to="/files" search={{ file: file.id }} inherit>
              {titleOf(file)}
            </TextLink>
            {file.expires_at === null ? null : (
              <span title={formats.dateTime(file.expires_at)}>
                {t('home.ends', { date: formats.date(file.expires_at) })}
              </span>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
