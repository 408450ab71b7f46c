import { useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { MadeShare, NewShare, OpenedShare, Page, Share, SharedFile } from '../../api/types';

export function useShares(file: string) {
  return useQuery({
    queryKey: ['shares', file],
    queryFn: ({ signal }) =>
      request<Page<Share>>(`/files/${encodeURIComponent(file)}/shares`, { query: { limit: 200 }, signal }),
  });
}

export function makeShare(file: string, json: NewShare): Promise<MadeShare> {
  return request(`/files/${encodeURIComponent(file)}/shares`, { method: 'POST', json });
}

export function revokeShare(id: string): Promise<void> {
  return request(`/shares/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** What a link opens, for whoever has it. */
export function useSharedFile(token: string) {
  return useQuery({
    queryKey: ['shared', token],
    queryFn: ({ signal }) => request<SharedFile>(`/shares/${encodeURIComponent(token)}`, { anonymous: true, signal }),
    refetchOnWindowFocus: false,
  });
}

/** Counts one download and gives the address of its bytes. */
export function openShare(token: string, password: string | null): Promise<OpenedShare> {
  return request(`/shares/${encodeURIComponent(token)}/open`, {
    method: 'POST',
    anonymous: true,
    json: password === null ? {} : { password },
  });
}

export type LinkEnd = 'unknown' | 'expired' | 'usedUp' | 'revoked';

/** Why a link or a voucher opens nothing; `null` if something else went wrong. */
export function linkEnd(error: unknown): LinkEnd | null {
  if (!(error instanceof ApiError)) return null;
  if (error.status === 404) return 'unknown';
  if (error.status !== 410) return null;
  if (error.slug.includes('expired')) return 'expired';
  return error.slug.includes('used') ? 'usedUp' : 'revoked';
}
