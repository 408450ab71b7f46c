import { useEffect } from 'react';
import { Proposals } from '../rooms/Proposals';
import { useProposals, useRoomsNews } from '../rooms/rooms';

/** Proposals to answer before they end; nothing if there are none. */
export function ProposalsBlock({ onCount }: { onCount: (count: number) => void }) {
  const proposals = useProposals().data ?? [];
  useRoomsNews();
  useEffect(() => onCount(proposals.length), [proposals.length, onCount]);
  return proposals.length === 0 ? null : <Proposals proposals={proposals} />;
}
