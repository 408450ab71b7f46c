import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import classes from '../home/home.module.css';
import { ProposalCard } from './ProposalCard';

/** Proposals to answer before they end. */
export function Proposals({ proposals, more }: { proposals: RequestView[]; more?: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${classes.block}`} aria-labelledby="proposals-heading">
      <div className={classes.head}>
        <Title order={2} id="proposals-heading">
          {t('rooms.proposals')}
        </Title>
        {more}
      </div>
      <Text c="dimmed" size="sm" className={classes.note}>
        {t('rooms.proposalsBody')}
      </Text>
      {proposals.map((request) => (
        <ProposalCard key={request.id} request={request} />
      ))}
    </section>
  );
}
