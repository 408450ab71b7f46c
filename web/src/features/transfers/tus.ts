import { DetailedError, Upload } from 'tus-js-client';
import { API } from '../../api/client';
import { readProblem, SignedOut } from '../../api/problem';
import { judge } from './judge';
import { fingerprintOf, rememberedUploads, uploadPath } from './memory';
import type { Earlier, Failure, Sender, SenderEvents } from './queue';

/** Each chunk is acknowledged on its own, so a lost connection costs at most the part of one that did not arrive. */
const CHUNK = 16 * 1024 * 1024;

/** Who uploads, as the server is told and as this browser remembers it. */
export interface Uploader {
  id(): string;
  /** The headers that say who; throws {@link SignedOut} if nobody does. */
  headers(): Promise<Record<string, string>>;
  /** The server refused those headers: whether others can be had. */
  renew(refused: Record<string, string>): Promise<boolean>;
}

/** Opens one file's way to the tus endpoint. */
export function openSender(uploader: Uploader, file: File, earlier: Earlier | null, events: SenderEvents): Sender {
  let said: Record<string, string> = {};
  let stopped = false;
  const endpoint = new URL(`${API}/uploads`, location.origin).toString();
  const upload = new Upload(file, {
    endpoint,
    chunkSize: CHUNK,
    // The queue owns the schedule: it knows Retry-After, the connection's state and the other uploads.
    retryDelays: null as unknown as number[],
    removeFingerprintOnSuccess: true,
    storeFingerprintForResuming: true,
    fingerprint: async () => fingerprintOf(uploader.id(), file),
    metadata: { filename: file.name, filetype: file.type || 'application/octet-stream' },
    onBeforeRequest: async (request) => {
      // The library forgets an abort that comes while it is still opening the file.
      if (stopped) throw new Error('stopped');
      said = await uploader.headers();
      for (const [name, value] of Object.entries(said)) request.setHeader(name, value);
    },
    onUploadUrlAvailable: () => {
      if (upload.url === null) return;
      // With an endpoint, the library answers any 4xx to its HEAD by starting over; a refused token or a full
      // queue must not cost what has arrived.
      upload.options.endpoint = null;
      events.onUrl(uploadPath(upload.url));
    },
    onProgress: (bytes) => events.onProgress(bytes),
    onChunkComplete: (_chunk, accepted) => events.onAcknowledged(accepted),
    onSuccess: ({ lastResponse }) => events.onDone(fileIdFrom(lastResponse?.getHeader('Content-Location'))),
    onError: (error) => {
      void classify(error, () => uploader.renew(said)).then((failure) => events.onFailure(failure));
    },
  });
  if (earlier !== null) {
    const storageKey =
      earlier.storageKey ?? rememberedUploads(uploader.id()).find((entry) => entry.url === earlier.url)?.storageKey;
    upload.options.endpoint = null;
    upload.resumeFromPreviousUpload({
      size: file.size,
      metadata: {},
      creationTime: '',
      uploadUrl: new URL(earlier.url, location.origin).toString(),
      // Without a key the library stores the upload anew.
      urlStorageKey: (storageKey ?? null) as unknown as string,
      parallelUploadUrls: null,
    });
  }
  upload.start();
  return {
    stop: () => {
      stopped = true;
      void upload.abort(false).catch(() => undefined);
    },
    discard: async () => {
      stopped = false;
      if (upload.url !== null) await upload.abort(true).catch(() => undefined);
    },
  };
}

function fileIdFrom(location: string | null | undefined): string | null {
  return location?.split('/').filter(Boolean).at(-1) ?? null;
}

async function classify(error: Error | DetailedError, renew: () => Promise<boolean>): Promise<Failure> {
  const passing: Failure = { kind: 'passing', delay: null, asked: null };
  const response = error instanceof DetailedError ? error.originalResponse : null;
  if (response === null || response === undefined) {
    const cause = error instanceof DetailedError ? error.causingError : error;
    if (cause instanceof SignedOut || error instanceof SignedOut) return { kind: 'signed-out' };
    if (cause?.name === 'NotReadableError' || cause?.name === 'NotFoundError') {
      return { kind: 'final', reason: 'unreadable', detail: cause.message, requestId: null };
    }
    return passing;
  }
  const status = response.getStatus();
  const problem = readProblem(status, (name) => response.getHeader(name), response.getBody(), Date.now());
  if (status === 401) {
    try {
      return (await renew()) ? passing : { kind: 'signed-out' };
    } catch (cause) {
      return cause instanceof SignedOut ? { kind: 'signed-out' } : passing;
    }
  }
  return judge(problem);
}
