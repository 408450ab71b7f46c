import { type QueryClient, useInfiniteQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { CampusFile, Page } from '../../api/types';

export function useTrash() {
  return useInfiniteQuery({
    queryKey: ['files', 'trash'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<CampusFile>>('/files', { query: { trash: 'true', limit: 50, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

const path = (id: string) => `/files/${encodeURIComponent(id)}`;

export function moveToTrash(id: string): Promise<void> {
  return request(path(id), { method: 'DELETE' });
}

export function restoreFile(id: string): Promise<CampusFile> {
  return request(`${path(id)}/restore`, { method: 'POST' });
}

export function deleteForGood(id: string): Promise<void> {
  return request(path(id), { method: 'DELETE', query: { purge: 'true' } });
}

/** Has everything loaded again that changes when a file goes to the trash, comes back or is gone. */
export async function reloadAfterTrash(queries: QueryClient): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: ['files', 'list'] }),
    queries.invalidateQueries({ queryKey: ['files', 'trash'] }),
    queries.invalidateQueries({ queryKey: ['quota'] }),
  ]);
}
