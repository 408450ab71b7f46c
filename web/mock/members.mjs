import { randomBytes } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const Z85 = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#';
const TITLES = ['Ingeniería', 'Medicina', 'Derecho', 'Arquitectura'];
const two = (value) => String(value).padStart(2, '0');
const newKey = () => Array.from(randomBytes(40), (byte) => Z85[byte % 85]).join('');

/** Faculties, programmes and their keys. */
export class Members {
  members = new Map();
  changes = [];

  constructor({ empty }) {
    if (empty) return;
    for (let faculty = 1; faculty <= 10; faculty += 1) {
      const name = `faculty-${two(faculty)}`;
      this.put({ name, title: TITLES[faculty - 1] ?? '' });
      for (let program = 1; program <= 5; program += 1) {
        this.put({ name: `program-${two(faculty)}-${program}`, faculty: name });
      }
    }
    this.members.get('program-02-4').admitted = false;
    this.note('revoke', 'program-02-4', 'admin');
    this.note('rename', 'faculty-01', 'admin', 'Ingeniería');
  }

  put({ name, faculty = null, title = '', public_key }, by = 'bedel') {
    const changed = { changed_at: new Date(Date.now() - 86_400_000).toISOString(), changed_by: by };
    this.members.set(name, { name, faculty, title, public_key: public_key ?? newKey(), admitted: true, ...changed });
    return this.members.get(name);
  }

  note(action, member, user, detail = '') {
    const at = new Date().toISOString();
    this.changes.unshift({ id: `01k${this.changes.length}`, at, user, action, member, detail });
    const found = this.members.get(member);
    if (found) Object.assign(found, { changed_at: at, changed_by: user });
  }

  issue(member, given) {
    return { member, key_file: given ? null : `${member.public_key}\n${newKey()}\n` };
  }

  async handle(req, res, rest, url, caller, readJson) {
    if (rest === '/rooms/metrics/history') return json(res, 200, history(url, this.members.size > 0));
    if (!/^\/rooms\/(members|audit)(\/|$)/.test(rest)) return false;
    if (!['admin', 'staff'].includes(caller.role)) return problem(res, 403, 'forbidden', 'Staff may do this.');
    if (rest === '/rooms/audit') return json(res, 200, page(this.changes, url));
    const [, , , name, key] = rest.split('/').map(decodeURIComponent);
    if (name === undefined && req.method === 'GET') {
      const all = [...this.members.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      return json(res, 200, page(all, url));
    }
    if (caller.role !== 'admin') return problem(res, 403, 'forbidden', 'Only administrators may do this.');
    const body = ['POST', 'PUT', 'PATCH'].includes(req.method) ? await readJson(req) : {};
    if (name === undefined) {
      if (this.members.has(body.name)) return problem(res, 409, 'conflict', 'The name is taken.');
      const made = this.put(body, caller.username);
      this.note('create', body.name, caller.username);
      return json(res, 201, this.issue(made, body.public_key));
    }
    const member = this.members.get(name);
    if (member === undefined) return problem(res, 404, 'not-found', 'There is no such member.');
    if (key === undefined && req.method === 'PATCH') {
      member.title = body.title;
      this.note('rename', name, caller.username, body.title);
      return json(res, 200, member);
    }
    if (key === undefined) {
      for (const one of [...this.members.values()]) {
        if (one.name === name || one.faculty === name) this.members.delete(one.name);
      }
      this.note('remove', name, caller.username);
      return json(res, 204, null);
    }
    if (req.method === 'DELETE') {
      member.admitted = false;
      this.note('revoke', name, caller.username);
      return json(res, 200, member);
    }
    Object.assign(member, { admitted: true, public_key: body.public_key ?? newKey() });
    this.note('admit', name, caller.username);
    return json(res, 200, this.issue(member, body.public_key));
  }
}

/** Hours that look as hours do: busier by day, one hand-over. */
function history(url, some) {
  const hours = Number(url.searchParams.get('hours') ?? 24);
  const points = Number(url.searchParams.get('points') ?? 240);
  const step = (hours * 3600) / points;
  const to = Date.now();
  const from = to - hours * 3_600_000;
  const point = (index, leading) => {
    const busy = leading ? Math.round(14 + 12 * Math.sin(index / 19)) : 0;
    return {
      at: new Date(from + index * step * 1000).toISOString(),
      leading,
      proposals: busy,
      proposal_mean_ms: busy ? 2.2 + Math.sin(index / 7) * 0.6 : null,
      proposal_max_ms: busy ? 7 + Math.abs(Math.sin(index / 5)) * 9 : null,
      resolutions: busy,
      resolution_mean_ms: busy ? 1.5 + Math.sin(index / 6) * 0.4 : null,
      resolution_max_ms: busy ? 4 + Math.abs(Math.cos(index / 5)) * 6 : null,
      refused: 0,
      cpu_percent: leading ? 3 + busy / 4 : 0.6,
      memory_bytes: (leading ? 22 : 17) * 1_000_000 + index * 4_000,
    };
  };
  const half = points / 2;
  const server = (name, leads) => ({
    server: name,
    points: some ? Array.from({ length: points }, (_, index) => point(index, leads(index))) : [],
  });
  return {
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    step_s: step,
    servers: [server('rooms-server-1', (index) => index >= half), server('rooms-server-2', (index) => index < half)],
  };
}
