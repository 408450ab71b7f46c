import { useQuery, useQueryClient } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { Page, Transfer } from '../../api/types';
import { useLiveConnection, useTopic } from '../../live/useTopic';
import { applyTransfer, transfersIn } from './joining';

const KEY = ['transfers'];

/** The transfers this person may see: their own; administrators, everybody's. */
export function useRunningTransfers() {
  const queries = useQueryClient();
  const live = useLiveConnection();
  useTopic('transfers', (data) => {
    const change = data as { items?: unknown[]; changed?: unknown[] };
    queries.setQueryData<Transfer[]>(KEY, (known = []) => {
      if (change.items !== undefined) return transfersIn(change.items).filter((item) => item.state !== 'done');
      return transfersIn(change.changed ?? []).reduce(applyTransfer, known);
    });
  });
  return useQuery({
    queryKey: KEY,
    queryFn: async ({ signal }) => {
      const page = await request<Page<Transfer>>('/transfers', { signal });
      return page.items.filter((item) => item.state !== 'done');
    },
    refetchInterval: live ? 15_000 : 3_000,
    retry: false,
  });
}
