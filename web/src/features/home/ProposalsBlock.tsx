import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { TextLink } from '../../shell/TextLink';
import { Proposals } from '../rooms/Proposals';
import { useProposals, useRoomsNews } from '../rooms/rooms';

/** Proposals to answer before they end; nothing if there are none. */
export function ProposalsBlock({ onCount }: { onCount: (count: number) => void }) {
  const { t } = useTranslation();
  const proposals = useProposals().data ?? [];
  useRoomsNews();
  useEffect(() => onCount(proposals.length), [proposals.length, onCount]);
  if (proposals.length === 0) return null;
  const more = (
    <TextLink to="/rooms/requests" search={{ state: 'proposed' }} size="sm">
      {t('rooms.seeRequests')}
    </TextLink>
  );
  return <Proposals proposals={proposals} more={more} />;
}
