import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { request } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { CampusFile, OpenedShare, Page } from '../../api/types';

export interface FilesFilter {
  q?: string;
  type?: string;
  category?: string;
  classification?: string;
  tag?: string;
  owner?: string;
  sort?: string;
  expiring_within_days?: number;
}

const PAGE = 50;

/** The catalogue, page after page. */
export function useFiles(filter: FilesFilter, live = true) {
  return useInfiniteQuery({
    queryKey: ['files', 'list', filter],
    queryFn: ({ pageParam, signal }) =>
      request<Page<CampusFile>>('/files', { query: { ...filter, limit: PAGE, cursor: pageParam }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.next_cursor,
    placeholderData: keepPreviousData,
    enabled: live,
  });
}

export function useFile(id: string) {
  return useQuery({
    queryKey: ['files', 'one', id],
    queryFn: ({ signal }) => request<CampusFile>(`/files/${encodeURIComponent(id)}`, { signal }),
    // A file put together of parts gets its digest some time after it arrived.
    refetchInterval: (query) => (query.state.data?.sha256 === null ? 3_000 : false),
  });
}

/** An address that needs no header, for players and the browser's own download: one file, ten minutes. */
export async function signedAddress(id: string): Promise<string> {
  const { url } = await request<{ url: string }>(`/files/${encodeURIComponent(id)}/url`, { method: 'POST' });
  return url;
}

/** Another view of the file that a signed address opens: small, or as players want it. */
export function viewOf(address: string, view: 'thumbnail' | 'stream'): string {
  return address.replace('/content?', `/${view}?`);
}

function save(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
}

/** Hands the file to the browser's own download, which resumes and survives this page. */
export async function download(file: CampusFile): Promise<void> {
  save(await signedAddress(file.id), file.name);
}

/** How often a campus is asked again that must first read the files of an archive. */
const PATIENCE = 60;

/** Hands several files to the browser's own download as one archive, which resumes too. */
export async function downloadTogether(files: CampusFile[]): Promise<void> {
  const ids = files.map((file) => file.id);
  for (let asked = 1; ; asked += 1) {
    try {
      const { url } = await request<OpenedShare>('/files/archive', { method: 'POST', json: { ids } });
      return save(url, 'bedel.zip');
    } catch (error) {
      const soon = error instanceof ApiError && error.slug === 'archive-not-ready' && asked < PATIENCE;
      if (!soon) throw error;
      await new Promise((resolve) => setTimeout(resolve, error.retryAfter ?? 5_000));
    }
  }
}

export type Preview = 'video' | 'audio' | 'image' | 'text' | null;

/** How this portal can show a file. Vector images are left out: the campus serves them as attachments only. */
export function previewOf(type: string): Preview {
  const [kind, sub] = type.split(';')[0]?.trim().toLowerCase().split('/') ?? [];
  if (kind === 'video' || kind === 'audio') return kind;
  if (kind === 'image' && sub !== undefined && !sub.startsWith('svg')) return 'image';
  if (kind === 'text' || type.startsWith('application/json')) return 'text';
  return null;
}

export function titleOf(file: CampusFile): string {
  return file.title || file.name;
}
