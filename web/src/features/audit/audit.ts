import { useInfiniteQuery } from '@tanstack/react-query';
import { request, respond } from '../../api/client';
import type { AuditEntry, Page } from '../../api/types';
import { endOfDay, startOfDay } from '../../shell/days';
import { saveBlob } from '../../shell/saveText';
import type { AuditSearch } from '../../shell/searches';

/** The address's local days as the moments that the campus compares. */
function auditQuery(search: AuditSearch): Record<string, string | undefined> {
  const { from, until, ...same } = search;
  return {
    ...same,
    from: from === undefined ? undefined : startOfDay(from),
    until: until === undefined ? undefined : endOfDay(until),
  };
}

export function useAudit(search: AuditSearch, limit = 50) {
  return useInfiniteQuery({
    queryKey: ['audit', search, limit],
    queryFn: ({ pageParam, signal }) =>
      request<Page<AuditEntry>>('/audit', { query: { ...auditQuery(search), limit, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

export async function downloadAudit(search: AuditSearch, name: string): Promise<void> {
  const response = await respond('/audit.csv', { query: auditQuery(search), headers: { accept: 'text/csv' } });
  saveBlob(name, await response.blob());
}
