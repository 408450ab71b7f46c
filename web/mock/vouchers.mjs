import { randomBytes, randomUUID } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const DAY = 86_400_000;

/** Invitations to upload for a member. */
export class Vouchers {
  vouchers = new Map();

  constructor({ files, accounts }) {
    this.files = files;
    this.accounts = accounts;
  }

  seed() {
    const [admin] = this.accounts.users.values();
    const note = 'Por favor suba el contrato firmado y una copia de su identificación.';
    this.add(admin, { note, max_bytes: 1e9 }, 'mock-open-voucher-1');
    const old = this.add(admin, { note: 'Fotografías del acto de graduación' }, 'mock-ended-voucher-1');
    old.expires_at = new Date(Date.now() - DAY).toISOString();
  }

  add(owner, asked, token = randomBytes(16).toString('hex')) {
    const voucher = {
      id: randomUUID(),
      token,
      owner: owner.id,
      owner_name: owner.username,
      note: asked.note ?? '',
      expires_at: asked.expires_at ?? new Date(Date.now() + 14 * DAY).toISOString(),
      max_files: asked.max_files ?? 10,
      max_bytes: asked.max_bytes ?? null,
      created_at: new Date().toISOString(),
      revoked: false,
    };
    this.vouchers.set(voucher.id, voucher);
    return voucher;
  }

  /** Uploads and files made with it, the oldest first. */
  things(voucher) {
    const of = (map) => [...map.values()].filter((one) => one.voucher === voucher.id);
    return { uploads: of(this.files.uploads), files: of(this.files.files) };
  }

  counted(voucher) {
    const { uploads, files } = this.things(voucher);
    const all = [...uploads, ...files];
    return { files: all.length, bytes: all.reduce((sum, one) => sum + one.size, 0) };
  }

  state(voucher) {
    if (voucher.revoked) return 'revoked';
    return Date.parse(voucher.expires_at) <= Date.now() ? 'expired' : 'open';
  }

  view({ token: _, revoked: __, ...voucher }) {
    const whole = this.vouchers.get(voucher.id);
    return { ...voucher, ...this.counted(whole), state: this.state(whole) };
  }

  async handle(req, res, rest, url, caller, readJson) {
    if (rest === '/vouchers' && req.method === 'POST') {
      const voucher = this.add(caller, await readJson(req));
      return json(res, 201, { ...this.view(voucher), token: voucher.token, url: `/v/${voucher.token}` });
    }
    if (rest === '/vouchers') {
      const own = [...this.vouchers.values()].filter(
        (one) => !one.revoked && (caller.role === 'admin' || one.owner === caller.id),
      );
      return json(
        res,
        200,
        page(
          own.reverse().map((one) => this.view(one)),
          url,
        ),
      );
    }
    const one = /^\/vouchers\/([^/]+)$/.exec(rest);
    const voucher = one === null ? undefined : this.vouchers.get(one[1]);
    if (voucher === undefined || req.method !== 'DELETE') return false;
    voucher.revoked = true;
    for (const upload of this.things(voucher).uploads) this.files.uploads.delete(upload.id);
    return json(res, 204, null);
  }

  byToken(token) {
    return [...this.vouchers.values()].find((one) => one.token === token);
  }

  /** What a guest may ask for without an account. */
  async open(req, res, rest) {
    const receipt = /^\/vouchers\/([^/]+)\/receipt$/.exec(rest);
    if (receipt !== null) return this.receipt(res, this.byToken(receipt[1]));
    const token = req.headers['x-bedel-voucher'];
    if (token === undefined || !rest.startsWith('/uploads')) return false;
    const voucher = this.byToken(token);
    if (voucher === undefined) return problem(res, 401, 'unauthenticated', 'There is no such voucher.');
    if (req.method === 'POST') {
      const { files, bytes } = this.counted(voucher);
      const length = Number(req.headers['upload-length']);
      const refused =
        this.state(voucher) !== 'open'
          ? `voucher-${this.state(voucher)}`
          : files >= voucher.max_files
            ? 'voucher-files'
            : voucher.max_bytes !== null && bytes + length > voucher.max_bytes
              ? 'voucher-bytes'
              : null;
      if (refused !== null) return problem(res, 403, refused, 'The voucher does not take it.');
    }
    await this.files.tus(req, res, rest.split('/')[2], this.accounts.users.get(voucher.owner), voucher.id);
    return true;
  }

  receipt(res, voucher) {
    if (voucher === undefined) return problem(res, 404, 'not-found', 'There is nothing at this address.');
    const { uploads, files } = this.things(voucher);
    const counted = this.counted(voucher);
    const items = [
      ...files.map((file) => ({
        id: file.id,
        name: file.name,
        size: file.size,
        offset: file.size,
        state: file.deleted_at === null ? 'done' : 'removed',
        sha256: file.sha256,
        completed_at: file.created_at,
        resume: null,
      })),
      ...uploads.map((upload) => ({
        id: upload.id,
        name: this.files.transfer(upload).name,
        size: upload.size,
        offset: upload.offset,
        state: 'open',
        sha256: null,
        completed_at: null,
        resume: this.files.transfer(upload).resume,
      })),
    ];
    return json(res, 200, {
      note: voucher.note,
      from: voucher.owner_name,
      state: this.state(voucher),
      expires_at: voucher.expires_at,
      files_left: Math.max(0, voucher.max_files - counted.files),
      bytes_left: voucher.max_bytes === null ? null : Math.max(0, voucher.max_bytes - counted.bytes),
      items,
    });
  }
}
