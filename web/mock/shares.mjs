import { randomBytes, randomUUID } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const MINUTES = 10;

/** Links that open one file. */
export class Shares {
  shares = new Map();

  constructor({ files }) {
    this.files = files;
  }

  /** One for each state, so that the lists and the public page have something to show. */
  seed() {
    const [first] = this.files.files.values();
    if (first === undefined) return;
    const week = new Date(Date.now() + 7 * 86_400_000).toISOString();
    this.add(first.id, { note: 'Comisión de evaluación', expires_at: week, max_downloads: 20 }, 'mock-open');
    this.add(first.id, { password: 'clave', note: 'Biblioteca central' }, 'mock-locked');
    this.add(first.id, { expires_at: new Date(Date.now() - 3_600_000).toISOString() }, 'mock-expired');
    this.add(first.id, { max_downloads: 1 }, 'mock-used').downloads = 1;
    this.add(first.id, {}, 'mock-revoked').revoked = true;
  }

  add(file, asked, token = randomBytes(16).toString('hex')) {
    const share = {
      id: randomUUID(),
      file,
      token,
      expires_at: asked.expires_at ?? null,
      password: asked.password ?? null,
      max_downloads: asked.max_downloads ?? null,
      downloads: 0,
      note: asked.note ?? '',
      created_at: new Date().toISOString(),
      revoked: false,
    };
    this.shares.set(share.id, share);
    return share;
  }

  ended(share) {
    if (share.revoked || this.files.find(share.file) === undefined) return 'share-revoked';
    if (share.expires_at !== null && Date.parse(share.expires_at) <= Date.now()) return 'share-expired';
    return share.max_downloads !== null && share.downloads >= share.max_downloads ? 'share-used-up' : null;
  }

  view({ password, file: _, token: __, revoked: ___, ...share }) {
    const ended = this.ended(this.shares.get(share.id));
    const state = ended === null ? 'open' : ended === 'share-used-up' ? 'used_up' : 'expired';
    return { ...share, has_password: password !== null, state };
  }

  /** `/files/{id}/shares` and `DELETE /shares/{id}`, for whoever may write the file. */
  async handle(req, res, rest, url, readJson) {
    const ofFile = /^\/files\/([^/]+)\/shares$/.exec(rest);
    if (ofFile !== null && req.method === 'POST') {
      const asked = await readJson(req);
      if (asked.expires_at && Date.parse(asked.expires_at) <= Date.now()) {
        const error = { field: '/expires_at', code: 'past', message: 'a moment in the future is expected' };
        return problem(res, 422, 'invalid', 'expires_at', [error]);
      }
      const share = this.add(ofFile[1], asked);
      return json(res, 201, { ...this.view(share), token: share.token, url: `/s/${share.token}` });
    }
    if (ofFile !== null) {
      const found = [...this.shares.values()].filter((share) => share.file === ofFile[1] && !share.revoked);
      return json(
        res,
        200,
        page(
          found.map((share) => this.view(share)),
          url,
        ),
      );
    }
    const one = /^\/shares\/([^/]+)$/.exec(rest);
    const share = one === null ? undefined : this.shares.get(one[1]);
    if (share === undefined || req.method !== 'DELETE') return false;
    share.revoked = true;
    return json(res, 204, null);
  }

  /** `/shares/{token}` and `/shares/{token}/open`, for anybody. */
  async open(req, res, rest, readJson) {
    const [, token, action] = /^\/shares\/([^/]+)(\/open)?$/.exec(rest) ?? [];
    if (token === undefined || req.method === 'DELETE') return false;
    const share = [...this.shares.values()].find((one) => one.token === token);
    if (share === undefined) return problem(res, 404, 'not-found', 'There is nothing at this address.');
    const ended = this.ended(share);
    if (ended !== null) return problem(res, 410, ended, 'This link has ended.');
    const file = this.files.find(share.file);
    if (action === undefined) {
      const { name, size, type, title, description, sha256 } = file;
      const left = share.max_downloads === null ? null : share.max_downloads - share.downloads;
      const about = { name, size, type, title, description, sha256, has_password: share.password !== null };
      return json(res, 200, { ...about, expires_at: share.expires_at, downloads_left: left });
    }
    const { password } = await readJson(req);
    if (share.password !== null && password !== share.password) {
      return problem(res, 403, 'share-password', 'The password is wrong.');
    }
    share.downloads += 1;
    const expires_at = new Date(Date.now() + MINUTES * 60_000).toISOString();
    return json(res, 200, { url: `/api/v1/files/${file.id}/content?signature=${randomUUID()}`, expires_at });
  }
}
