import { randomBytes, randomUUID } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const LIFE = 600;
const NAMES = [
  'María López',
  'José Hernández',
  'Ana Lucía Méndez',
  'Carlos Barrios',
  'Sofía Castillo',
  'Luis Fernando Ajú',
  'Gabriela Morales',
  'Diego Ramírez',
  'Valeria Ortiz',
  'Andrés Xicará',
  'Paola Estrada',
  'Marco Tulio Sic',
];

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export class Accounts {
  users = new Map();
  refreshTokens = new Map();
  tokens = [];

  constructor({ empty }) {
    this.add({ username: 'admin', name: 'Administración', role: 'admin', password: 'bedel-mock' });
    this.add({ username: 'estudiante', name: 'Sara Estudiante', role: 'student', password: 'bedel-mock' });
    if (empty) return;
    NAMES.forEach((name, index) => {
      const username = name.split(' ')[0].normalize('NFD').replace(/\W/g, '').toLowerCase() + index;
      this.add({
        username,
        name,
        role: ['professor', 'student', 'student', 'staff'][index % 4],
        password: randomUUID(),
      });
    });
    this.tokens.push(
      this.token('Respaldo del laboratorio', ['files:read'], '2027-03-01T00:00:00Z', '2026-11-20T18:30:00Z'),
      this.token('Carga de notas', ['files:write'], '2026-12-24T00:00:00Z', null),
    );
  }

  add({ username, name, role, password, email, carnet = null, courses = [] }) {
    const user = {
      id: randomUUID(),
      username,
      name: name ?? username,
      email: email ?? `${username}@campus.example`,
      role,
      carnet,
      courses,
      created_at: new Date(Date.now() - this.users.size * 86_400_000 * 9).toISOString(),
      password,
    };
    this.users.set(user.id, user);
    return user;
  }

  token(name, scopes, expires_at, last_used_at) {
    const hint = `bdl_…${randomBytes(3).toString('hex')}`;
    return { id: randomUUID(), name, hint, scopes, created_at: new Date().toISOString(), expires_at, last_used_at };
  }

  grant(user) {
    const refresh_token = randomBytes(24).toString('base64url');
    this.refreshTokens.set(refresh_token, user.id);
    const iat = Math.floor(Date.now() / 1000);
    const claims = {
      sub: user.id,
      username: user.username,
      role: user.role,
      courses: user.courses,
      iat,
      exp: iat + LIFE,
    };
    const access_token = `${encode({ alg: 'none' })}.${encode(claims)}.mock`;
    return { access_token, token_type: 'Bearer', expires_in: LIFE, refresh_token };
  }

  verify(token) {
    try {
      const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString('utf8'));
      return claims.exp > Date.now() / 1000 ? (this.users.get(claims.sub) ?? null) : null;
    } catch {
      return null;
    }
  }

  caller(req) {
    const header = req.headers.authorization ?? '';
    return header.startsWith('Bearer ') ? this.verify(header.slice(7)) : null;
  }

  async handle(req, res, rest, url, readJson) {
    if (req.method === 'POST' && rest.startsWith('/auth/')) return this.auth(res, rest.slice(6), await readJson(req));
    if (!/^\/(me|users|tokens)(\/|$)/.test(rest)) return false;
    const caller = this.caller(req);
    if (caller === null) return problem(res, 401, 'unauthorized', 'A valid token is needed.');
    if (rest === '/me') return json(res, 200, visible(caller));
    if (rest.startsWith('/tokens')) return this.handleTokens(req, res, rest, url, readJson);
    if (caller.role !== 'admin') return problem(res, 403, 'forbidden', 'Only administrators may do this.');
    return this.handleUsers(req, res, rest, url, readJson);
  }

  auth(res, what, body) {
    if (what === 'login') {
      const user = [...this.users.values()].find((one) => one.username === body.username);
      if (user === undefined || user.password !== body.password) {
        return problem(res, 401, 'wrong-credentials', 'The user name or password is wrong.');
      }
      return json(res, 200, this.grant(user));
    }
    if (what === 'refresh') {
      const user = this.users.get(this.refreshTokens.get(body.refresh_token));
      this.refreshTokens.delete(body.refresh_token);
      if (user === undefined) return problem(res, 401, 'unauthorized', 'The session is over.');
      return json(res, 200, this.grant(user));
    }
    if (what === 'logout') {
      this.refreshTokens.delete(body.refresh_token);
      return json(res, 204, null);
    }
    if (what === 'register') return this.create(res, { ...body, role: 'student' });
    return problem(res, 404, 'not-found', 'There is no such endpoint.');
  }

  create(res, body) {
    if ([...this.users.values()].some((user) => user.username === body.username)) {
      return problem(res, 409, 'conflict', 'The user name is taken.');
    }
    if (!/^[a-z0-9._-]{2,64}$/i.test(body.username ?? '')) {
      return problem(res, 422, 'invalid', 'A field is invalid.', [
        { field: '/username', code: 'format', message: 'Use 2–64 letters, digits, dots, dashes.' },
      ]);
    }
    return json(res, 201, visible(this.add(body)));
  }

  async handleUsers(req, res, rest, url, readJson) {
    const id = rest.split('/')[2];
    if (id === undefined && req.method === 'POST') return this.create(res, await readJson(req));
    if (id === undefined) {
      const q = (url.searchParams.get('q') ?? '').toLowerCase();
      const found = [...this.users.values()].filter((user) =>
        `${user.username} ${user.name}`.toLowerCase().includes(q),
      );
      return json(res, 200, page(found.map(visible), url));
    }
    const user = this.users.get(id);
    if (user === undefined) return problem(res, 404, 'not-found', 'There is no such user.');
    if (req.method === 'DELETE') {
      this.users.delete(id);
      return json(res, 204, null);
    }
    if (req.method === 'PATCH') Object.assign(user, await readJson(req));
    return json(res, 200, visible(user));
  }

  async handleTokens(req, res, rest, url, readJson) {
    const id = rest.split('/')[2];
    if (req.method === 'POST') {
      const body = await readJson(req);
      const ends = new Date(Date.now() + (body.expires_in_days ?? 90) * 86_400_000).toISOString();
      const made = this.token(body.name, body.scopes, ends, null);
      this.tokens.unshift(made);
      return json(res, 201, { ...made, token: `bdl_${randomBytes(24).toString('base64url')}` });
    }
    if (req.method === 'DELETE') {
      this.tokens = this.tokens.filter((token) => token.id !== id);
      return json(res, 204, null);
    }
    return json(res, 200, page(this.tokens, url));
  }
}

function visible({ password: _, ...user }) {
  return user;
}
