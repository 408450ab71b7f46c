import { useQuery } from '@tanstack/react-query';
import { API, request, respond } from '../../api/client';
import { ApiError } from '../../api/problem';
import type { Page, Transfer } from '../../api/types';
import { useSession } from '../session/browser';
import { joinUnfinished, metadataValue, type Unfinished, withoutRunning } from './joining';
import { forgetUpload, rememberedUploads } from './memory';
import { uploads, useUploads } from './uploads';

async function headUpload(url: string): Promise<{ offset: number; size: number; name: string | null } | null> {
  const response = await respond(url.slice(API.length), {
    method: 'HEAD',
    headers: { 'tus-resumable': '1.0.0' },
  }).catch((error: unknown) => {
    if (error instanceof ApiError && (error.status === 404 || error.status === 410)) return null;
    throw error;
  });
  if (response === null) return null;
  return {
    offset: Number(response.headers.get('upload-offset')),
    size: Number(response.headers.get('upload-length')),
    name: metadataValue(response.headers.get('upload-metadata'), 'filename'),
  };
}

async function findUnfinished(user: string): Promise<Unfinished[]> {
  const remembered = rememberedUploads(user);
  const page = await request<Page<Transfer>>('/transfers');
  const mine = page.items.filter((transfer) => transfer.user === user);
  const found = joinUnfinished(mine, remembered);
  const listed = new Set(found.map((entry) => entry.url));
  for (const entry of remembered) {
    if (listed.has(entry.url)) continue;
    const head = await headUpload(entry.url);
    if (head === null || head.offset >= head.size) forgetUpload(entry.storageKey);
    else found.push({ url: entry.url, name: entry.name, size: head.size, offset: head.offset, remembered: entry });
  }
  for (const entry of found) if (entry.name === null) entry.name = (await headUpload(entry.url))?.name ?? null;
  return found.filter((entry) => entry.offset < entry.size);
}

/** This person's unfinished uploads, without those in this tab's queue. */
export function useUnfinished() {
  const state = useSession();
  const user = state.kind === 'signed-in' ? state.identity.id : null;
  const running = useUploads();
  return useQuery({
    queryKey: ['unfinished', user],
    enabled: user !== null,
    queryFn: () => findUnfinished(user ?? ''),
    refetchInterval: 15_000,
    select: (found) => withoutRunning(found, running),
  });
}

export function continueUpload(entry: Unfinished, file: File): void {
  uploads.add(file, { url: entry.url, storageKey: entry.remembered?.storageKey ?? null });
}

/** Ends an unfinished upload on the server and forgets it here. */
export async function discardUnfinished(entry: Unfinished): Promise<void> {
  try {
    await respond(entry.url.slice(API.length), { method: 'DELETE', headers: { 'tus-resumable': '1.0.0' } });
  } catch (error) {
    if (!(error instanceof ApiError && (error.status === 404 || error.status === 410))) throw error;
  }
  if (entry.remembered !== null) forgetUpload(entry.remembered.storageKey);
}
