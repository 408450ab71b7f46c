import { useNetwork } from '@mantine/hooks';
import type { Standing } from '../../shell/StandingMark';

/** What the figures of a page are: live only while the campus tells every change and the last question was answered. */
export function useStanding(query: { dataUpdatedAt: number; isError: boolean }, live: boolean): Standing {
  const { online } = useNetwork();
  const at = query.dataUpdatedAt;
  if (at === 0) return { kind: query.isError ? 'failed' : 'loading' };
  if (!online) return { kind: 'offline', at };
  return live && !query.isError ? { kind: 'live' } : { kind: 'asked', at };
}
