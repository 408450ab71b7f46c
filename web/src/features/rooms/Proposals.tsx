import { Text, Title } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import type { RequestView } from '../../api/rooms';
import { TextLink } from '../../shell/TextLink';
import classes from '../home/home.module.css';
import { ProposalCard } from './ProposalCard';

/** Proposals to answer before they end. */
export function Proposals({ proposals }: { proposals: RequestView[] }) {
  const { t } = useTranslation();
  return (
    <section className={`panel ${classes.block}`} aria-labelledby="proposals-heading">
      <div className={classes.head}>
        <Title order={2} id="proposals-heading">
          {t('rooms.proposals')}
        </Title>
        <TextLink to="/rooms/requests" search={{ state: 'proposed' }} size="sm">
          {t('rooms.seeRequests')}
        </TextLink>
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
