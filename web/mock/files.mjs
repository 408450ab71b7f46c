import { createHash, randomUUID } from 'node:crypto';
import { json, page, problem, readJson } from './http.mjs';
import { seedFiles } from './seed.mjs';

const TUS = { 'tus-resumable': '1.0.0' };

function metadata(header = '') {
  const found = {};
  for (const pair of header.split(',')) {
    const [key, value = ''] = pair.trim().split(' ');
    if (key) found[key] = Buffer.from(value, 'base64').toString('utf8');
  }
  return found;
}

/** Catalogue, contents and tus uploads, all in memory. */
export class Files {
  files = new Map();
  uploads = new Map();
  onTransfer = () => {};
  onComplete = () => {};
  /** How much `user` may still upload. */
  room = () => Number.POSITIVE_INFINITY;

  constructor({ accounts, empty }) {
    this.accounts = accounts;
    if (!empty) for (const file of seedFiles([...accounts.users.values()])) this.files.set(file.id, file);
  }

  async handle(req, res, rest, url, caller) {
    if (rest.startsWith('/transfers/')) return this.control(req, res, rest, caller);
    if (rest === '/transfers') return json(res, 200, page(this.transfers(caller), url));
    if (rest === '/uploads' || rest.startsWith('/uploads/')) return this.tus(req, res, rest.split('/')[2], caller);
    if (rest === '/files' && req.method === 'GET') return json(res, 200, page(this.list(url, caller), url));
    if (rest === '/files/archive' && req.method === 'POST') {
      const { ids } = await readJson(req);
      if (ids.some((id) => !this.find(id))) return problem(res, 404, 'not-found', 'There is no such file.');
      return json(res, 200, { url: `/api/v1/files/archive.zip?ids=${ids}&signature=${randomUUID()}` });
    }
    if (!rest.startsWith('/files/')) return false;
    const [, , id, view] = rest.split('/');
    const file = this.files.get(id);
    if (file === undefined || (file.deleted_at !== null && view !== 'restore' && req.method !== 'DELETE')) {
      return problem(res, 404, 'not-found', 'There is no such file.');
    }
    if (view === 'restore') {
      file.deleted_at = null;
      return json(res, 200, visible(file));
    }
    if (view === 'content') return this.content(req, res, rest, url);
    if (view === 'url') return json(res, 200, { url: `/api/v1/files/${id}/content?signature=${randomUUID()}` });
    if (req.method === 'DELETE') {
      if (url.searchParams.get('purge') === 'true') this.files.delete(id);
      else file.deleted_at ??= new Date().toISOString();
      return json(res, 204, null);
    }
    if (req.method === 'PATCH') Object.assign(file, await readJson(req));
    return json(res, 200, visible(file));
  }

  list(url, caller) {
    const want = Object.fromEntries(url.searchParams);
    const field = (want.sort ?? '-created_at').replace(/^-/, '');
    const sign = (want.sort ?? '-created_at').startsWith('-') ? -1 : 1;
    const soon = Date.now() + Number(want.expiring_within_days ?? 0) * 86_400_000;
    return [...this.files.values()]
      .filter((file) => (file.deleted_at !== null) === (want.trash === 'true'))
      .filter((file) => want.trash !== 'true' || caller.role === 'admin' || file.owner === caller.id)
      .filter((file) => !want.expiring_within_days || (file.expires_at && Date.parse(file.expires_at) < soon))
      .filter((file) => caller.role === 'admin' || file.visibility !== 'private' || file.owner === caller.id)
      .filter((file) => !want.q || `${file.name} ${file.title ?? ''}`.toLowerCase().includes(want.q.toLowerCase()))
      .filter((file) => !want.type || file.type.startsWith(want.type))
      .filter((file) => !want.category || file.category === want.category)
      .filter((file) => !want.classification || file.classification === want.classification)
      .filter((file) => !want.tag || file.tags.includes(want.tag))
      .filter(
        (file) => !want.owner || [file.owner, file.owner_name].includes(want.owner === 'me' ? caller.id : want.owner),
      )
      .sort((a, b) => sign * (a[field] > b[field] ? 1 : -1))
      .map(visible);
  }

  /** A file that is not in the trash. */
  find(id) {
    const file = this.files.get(id);
    return file?.deleted_at === null ? file : undefined;
  }

  control(req, res, rest, caller) {
    const [, , id, order] = rest.split('/');
    const upload = this.uploads.get(id);
    if (upload === undefined || (caller.role !== 'admin' && upload.user.id !== caller.id)) {
      return problem(res, 404, 'not-found', 'There is no such transfer.');
    }
    if (order !== undefined) upload.held = order === 'pause';
    if (order !== 'resume') upload.request?.destroy();
    if (req.method === 'DELETE') {
      this.uploads.delete(id);
      this.onTransfer({ ...this.transfer(upload), state: 'done' });
      return json(res, 204, null);
    }
    this.onTransfer(this.transfer(upload));
    return json(res, 200, this.transfer(upload));
  }

  transfers(user) {
    return [...this.uploads.values()]
      .filter((upload) => user.role === 'admin' || upload.user.id === user.id)
      .map((upload) => this.transfer(upload));
  }

  transfer(upload) {
    const busy = upload.request !== null;
    return {
      id: upload.id,
      file_id: upload.offset === upload.size ? upload.id : null,
      user: upload.user.id,
      user_name: upload.user.username,
      name: metadata(upload.metadata).filename ?? '',
      direction: 'upload',
      state: upload.offset === upload.size ? 'done' : busy ? 'transferring' : upload.held ? 'paused' : 'disconnected',
      offset: upload.offset,
      size: upload.size,
      bytes_per_s: busy ? Math.round((upload.fresh * 1000) / Math.max(1, Date.now() - upload.since)) : 0,
      resume: { method: 'PATCH', url: `/api/v1/uploads/${upload.id}`, offset: upload.offset },
    };
  }

  async tus(req, res, id, user, voucher = null) {
    if (req.method === 'POST') {
      const room = this.room(user);
      if (Number(req.headers['upload-length']) > room) {
        return problem(res, 507, 'quota', `${room} bytes are left of the quota.`, [], TUS);
      }
      const upload = {
        id: randomUUID(),
        user,
        voucher,
        held: false,
        size: Number(req.headers['upload-length']),
        offset: 0,
        chunks: [],
        request: null,
        metadata: req.headers['upload-metadata'] ?? '',
        fresh: 0,
        since: Date.now(),
      };
      this.uploads.set(upload.id, upload);
      if (upload.size === 0) this.complete(upload);
      return empty(res, 201, { ...TUS, location: `/api/v1/uploads/${upload.id}`, 'upload-offset': '0' });
    }
    const upload = this.uploads.get(id);
    if (upload === undefined) return problem(res, 404, 'not-found', 'There is no such upload.', [], TUS);
    if (req.method === 'DELETE') {
      this.uploads.delete(id);
      upload.request?.destroy();
      return empty(res, 204, TUS);
    }
    if (req.method === 'HEAD') {
      upload.request?.destroy();
      return empty(res, 200, {
        ...TUS,
        'upload-offset': String(upload.offset),
        'upload-length': String(upload.size),
        'upload-metadata': upload.metadata,
        'cache-control': 'no-store',
      });
    }
    return this.patch(req, res, upload);
  }

  async patch(req, res, upload) {
    upload.request?.destroy();
    if (upload.held) {
      req.resume();
      return problem(res, 409, 'held', 'It was paused.', [], { ...TUS, 'retry-after': '30' });
    }
    if (Number(req.headers['upload-offset']) !== upload.offset) {
      req.resume();
      return problem(res, 409, 'conflict', 'The offset is another.', [], TUS);
    }
    Object.assign(upload, { request: req, fresh: 0, since: Date.now() });
    try {
      for await (const part of req) {
        if (upload.request !== req) return true;
        upload.chunks.push(part);
        upload.offset += part.length;
        upload.fresh += part.length;
        this.throttledTell(upload);
      }
    } catch {
      // The link broke: what arrived is kept.
    } finally {
      if (upload.request === req) upload.request = null;
    }
    if (req.errored || res.destroyed) {
      this.onTransfer(this.transfer(upload));
      return true;
    }
    const headers = { ...TUS, 'upload-offset': String(upload.offset) };
    if (upload.offset === upload.size) {
      this.complete(upload);
      headers['content-location'] = `/api/v1/files/${upload.id}`;
    }
    this.onTransfer(this.transfer(upload));
    return empty(res, 204, headers);
  }

  throttledTell(upload) {
    if (Date.now() - (upload.told ?? 0) < 100) return;
    upload.told = Date.now();
    this.onTransfer(this.transfer(upload));
  }

  complete(upload) {
    const bytes = Buffer.concat(upload.chunks);
    const about = metadata(upload.metadata);
    this.uploads.delete(upload.id);
    const file = {
      id: upload.id,
      name: about.filename ?? 'archivo',
      title: about.title ?? '',
      description: '',
      category: about.category ?? '',
      classification: '',
      tags: [],
      type: about.filetype ?? 'application/octet-stream',
      size: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
      owner: upload.user.id,
      owner_name: upload.user.username,
      visibility: about.visibility ?? 'private',
      created_at: new Date().toISOString(),
      state: 'ready',
      downloads: 0,
      expires_at: about.expires_at ?? null,
      deleted_at: null,
      voucher: upload.voucher,
      bytes,
    };
    this.files.set(upload.id, file);
    this.onComplete(file, upload.user);
  }

  content(req, res, rest) {
    const file = this.files.get(rest.split('/')[2]);
    if (file === undefined) return problem(res, 404, 'not-found', 'There is no such file.');
    const { bytes } = file;
    const headers = {
      'content-type': file.type,
      'accept-ranges': 'bytes',
      'x-content-type-options': 'nosniff',
      etag: `"${file.id}-1"`,
      'content-security-policy': 'sandbox',
    };
    const range = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '');
    if (range === null) {
      res.writeHead(200, { ...headers, 'content-length': bytes.length });
      return res.end(bytes);
    }
    const start = Number(range[1]);
    const end = Math.min(bytes.length - 1, range[2] ? Number(range[2]) : bytes.length - 1);
    if (start >= bytes.length) return res.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    res.writeHead(206, {
      ...headers,
      'content-length': end - start + 1,
      'content-range': `bytes ${start}-${end}/${bytes.length}`,
    });
    return res.end(bytes.subarray(start, end + 1));
  }
}

function empty(res, status, headers) {
  res.writeHead(status, headers);
  res.end();
  return true;
}

function visible({ bytes: _, voucher: __, ...file }) {
  return file;
}
