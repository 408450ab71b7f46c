import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import type { MadeVoucher, NewVoucher, Page, Receipt, Voucher } from '../../api/types';

export function useVouchers() {
  return useInfiniteQuery({
    queryKey: ['vouchers'],
    queryFn: ({ pageParam, signal }) =>
      request<Page<Voucher>>('/vouchers', { query: { limit: 50, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
  });
}

export function makeVoucher(json: NewVoucher): Promise<MadeVoucher> {
  return request('/vouchers', { method: 'POST', json });
}

export function revokeVoucher(id: string): Promise<void> {
  return request(`/vouchers/${encodeURIComponent(id)}`, { method: 'DELETE' });
}

/** What a voucher still takes and what has come with it, for whoever has it. */
export function useReceipt(token: string) {
  return useQuery({
    queryKey: ['receipt', token],
    queryFn: ({ signal }) =>
      request<Receipt>(`/vouchers/${encodeURIComponent(token)}/receipt`, { anonymous: true, signal }),
    refetchInterval: 30_000,
  });
}
