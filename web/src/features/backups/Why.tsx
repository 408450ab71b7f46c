import { Text } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { Attempt } from '../../api/backups';
import classes from './log.module.css';

/** Why an attempt did not bring what it was for: in a sentence, and what the campus itself says, which is English. */
export function Why({ attempt: { reason, detail } }: { attempt: Pick<Attempt, 'reason' | 'detail'> }) {
  const { t } = useTranslation();
  return (
    <>
      {reason ? <Text size="sm">{t(`backups.reason.${reason}`)}</Text> : null}
      {detail ? (
        <Text size={reason ? 'xs' : 'sm'} c={reason ? 'dimmed' : undefined} lang="en" className={classes.detail}>
          {detail}
        </Text>
      ) : null}
    </>
  );
}
