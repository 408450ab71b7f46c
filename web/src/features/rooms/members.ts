import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { Issued, Member, MemberChange, MetricsHistory, NewMember } from '../../api/rooms';
import type { Page } from '../../api/types';

const path = (name: string) => `/rooms/members/${encodeURIComponent(name)}`;

/** Every faculty and programme, faculties first. */
export function useMembers() {
  return useQuery({
    queryKey: ['rooms', 'members'],
    queryFn: async ({ signal }) => {
      const found: Member[] = [];
      let cursor: string | null | undefined = null;
      do {
        const page: Page<Member> = await request('/rooms/members', { query: { limit: 500, cursor }, signal });
        found.push(...page.items);
        cursor = page.next_cursor;
      } while (cursor);
      return found;
    },
  });
}

/** What was changed about them, the newest first. */
export function useMemberChanges() {
  return useInfiniteQuery({
    queryKey: ['rooms', 'audit'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<MemberChange>>('/rooms/audit', { query: { limit: 20, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

export function createMember(json: NewMember): Promise<Issued> {
  return request('/rooms/members', { method: 'POST', json });
}

export function renameMember(name: string, title: string): Promise<Member> {
  return request(path(name), { method: 'PATCH', json: { title } });
}

export function removeMember(name: string): Promise<void> {
  return request(path(name), { method: 'DELETE' });
}

/** Admits this key, or a pair that the campus makes; the former one is revoked. */
export function admitKey(name: string, publicKey: string | null): Promise<Issued> {
  const json = publicKey === null ? {} : { public_key: publicKey };
  return request(`${path(name)}/key`, { method: 'PUT', json });
}

export function revokeKey(name: string): Promise<Member> {
  return request(`${path(name)}/key`, { method: 'DELETE' });
}

export const HOURS = [1, 24, 168, 720] as const;
const POINTS = 240;

/** How the servers did over so many hours. */
export function useHistory(hours: number) {
  return useQuery({
    queryKey: ['rooms', 'history', hours],
    queryFn: ({ signal }) =>
      request<MetricsHistory>('/rooms/metrics/history', { query: { hours, points: POINTS }, signal }),
    refetchInterval: 30_000,
    retry: false,
  });
}
