import { randomBytes, randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { json, page, problem } from './http.mjs';
import { entriesOf, seedBackups } from './tree.mjs';

const KEPT = 10;
/** How long an attempt is queued, and then under way. */
const STEP = 400;
const nodeOf = ({ host, port }) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
const now = () => new Date().toISOString();

/** Nodes, their paths and backups, and everything that was ever tried. */
export class Backups {
  nodes = [];
  targets = [];
  backups = [];
  log = [];
  alerts = [];
  agents = [];
  signatures = new Set();
  timers = new Set();
  /** Told what changed: items of the live topic, or `null` when something went. */
  onChange = () => {};

  constructor({ empty }) {
    if (!empty) seedBackups(this);
  }

  node({ host, port }, more = {}) {
    const known = this.nodes.find((one) => one.host === host && one.port === port);
    if (known) return known;
    const made = { id: randomUUID(), host, port, agent: null, used: 0, quota: null, created_at: now(), ...more };
    this.nodes.push(made);
    return made;
  }

  target({ host, port, path, every_minutes, pin_last_good = false }, more = {}) {
    const made = {
      id: randomUUID(),
      host,
      port,
      path,
      every_minutes,
      next_at: now(),
      failures: 0,
      created_at: now(),
      pin_last_good,
      last_good_at: null,
      last_proof_at: null,
      ...more,
    };
    this.node(made);
    this.targets.push(made);
    return made;
  }

  of(target) {
    return this.backups.filter((one) => nodeOf(one) === nodeOf(target) && one.path === target.path);
  }

  openAlerts() {
    return this.alerts.filter((alert) => alert.cleared_at === null);
  }

  view(target) {
    const node = this.node(target);
    const about = (alert) =>
      alert.host === target.host && alert.port === target.port && (alert.path ?? target.path) === target.path;
    const kept = this.of(target)
      .filter((one) => one.kept)
      .map(({ id, at, size, content_size, entries, warnings, proof }) => ({
        id,
        at,
        size,
        content_size,
        entries,
        warnings,
        proof,
      }));
    const { id, used, quota } = node;
    return { ...target, kept, node: { id, used, quota }, alerts: this.openAlerts().filter(about) };
  }

  item(target) {
    const under = this.log.find((one) => one.target === target.id && one.ended_at === null);
    const { id, host, port, path, every_minutes, next_at, failures, last_good_at, last_proof_at } = target;
    const [last] = this.of(target);
    const { used, quota } = this.node(target);
    return {
      id: `target:${id}`,
      kind: 'target',
      target: id,
      ...{ host, port, path, every_minutes, next_at, failures, last_good_at, last_proof_at, used, quota },
      last_backup: last ? { id: last.id, at: last.at, size: last.size, proof: last.proof } : null,
      running: under
        ? {
            attempt: under.id,
            kind: under.kind,
            outcome: under.outcome,
            started_at: under.started_at,
            sent: under.sent,
            entries: under.entries,
          }
        : null,
    };
  }

  items() {
    return [
      ...this.targets.map((target) => this.item(target)),
      ...this.openAlerts().map((alert) => ({ id: `alert:${alert.id}`, kind: 'alert', alert })),
      { id: 'now', kind: 'server', leader: 'backup-server-1', at: now() },
    ];
  }

  attempt(of, more = {}) {
    const made = {
      id: randomUUID(),
      kind: 'backup',
      target: of.target ?? of.id,
      host: of.host,
      port: of.port,
      path: of.path,
      outcome: 'queued',
      started_at: now(),
      ended_at: null,
      backup: null,
      reason: null,
      detail: null,
      warnings: [],
      warnings_total: 0,
      sent: 0,
      entries: 0,
      ...more,
    };
    this.log.unshift(made);
    return made;
  }

  backup(target, more = {}) {
    const made = {
      id: randomUUID(),
      host: target.host,
      port: target.port,
      path: target.path,
      at: now(),
      size: 18_400_000,
      content_size: 61_200_000,
      entries: 812,
      warnings: 0,
      kept: true,
      proof: null,
      ...more,
    };
    this.backups.unshift(made);
    const kept = this.of(target).filter((one) => one.kept);
    for (const old of kept.slice(KEPT)) old.kept = false;
    return made;
  }

  later(step) {
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      step();
    }, STEP);
    this.timers.add(timer);
  }

  /** Queued, under way, done: told at each step. */
  play(attempt, target, end) {
    const tell = () => this.onChange(target ? [this.item(target)] : null);
    tell();
    this.later(() => {
      Object.assign(attempt, { outcome: 'running', sent: 4_200_000, entries: 300 });
      tell();
      this.later(() => {
        end();
        attempt.ended_at = now();
        tell();
      });
    });
    return attempt;
  }

  run(target) {
    const under = this.log.find((one) => one.target === target.id && one.ended_at === null);
    if (under) return under;
    const attempt = this.attempt(target);
    return this.play(attempt, target, () => {
      const made = this.backup(target);
      Object.assign(attempt, { outcome: 'done', backup: made.id, sent: 9_100_000, entries: made.entries });
      const next_at = new Date(Date.now() + target.every_minutes * 60_000).toISOString();
      Object.assign(target, { last_good_at: made.at, failures: 0, next_at });
      this.node(target).used += 9_100_000;
    });
  }

  rehearse(backup) {
    const target = this.targets.find((one) => nodeOf(one) === nodeOf(backup) && one.path === backup.path);
    const attempt = this.attempt({ ...backup, target: target?.id ?? null }, { kind: 'rehearsal', backup: backup.id });
    return this.play(attempt, target, () => {
      backup.proof = { good: true, at: now(), detail: null };
      if (target) target.last_proof_at = backup.proof.at;
      Object.assign(attempt, { outcome: 'proven', sent: backup.content_size, entries: backup.entries });
    });
  }

  filtered(all, url) {
    const [node, path] = ['node', 'path'].map((name) => url.searchParams.get(name));
    return all.filter((one) => (!node || one.host === node || nodeOf(one) === node) && (!path || one.path === path));
  }

  /** What a signed address opens: no header is needed. */
  async open(_req, res, rest, url) {
    const match = /^\/backups\/([^/]+)\/(archive\.tgz|content)$/.exec(rest);
    if (match === null || !url.searchParams.has('signature')) return false;
    if (!this.signatures.has(url.searchParams.get('signature'))) return problem(res, 401, 'unauthorized', 'Expired.');
    const archive = match[2] === 'archive.tgz';
    const bytes = archive ? gzipSync('a tar stream') : Buffer.from(`${url.searchParams.get('name')}\n`);
    res.writeHead(200, {
      'content-type': archive ? 'application/gzip' : 'application/octet-stream',
      'content-disposition': archive ? `attachment; filename="backup-${match[1]}.tgz"` : 'attachment',
      'content-length': bytes.length,
    });
    res.end(bytes);
    return true;
  }

  async handle(req, res, rest, url, caller, readJson) {
    if (!/^\/backups(\/|$)/.test(rest)) return false;
    if (caller.role !== 'admin') return problem(res, 403, 'forbidden', 'Only administrators may do this.');
    const [, , what, id, then] = rest.split('/').map(decodeURIComponent);
    const body = ['POST', 'PATCH'].includes(req.method) ? await readJson(req) : {};
    const missing = () => problem(res, 404, 'not-found', 'There is no such thing.');
    const found = (list, key = id) => list.find((one) => one.id === key);
    switch (what) {
      case undefined:
        return json(res, 200, page(this.filtered(this.backups, url), url));
      case 'targets':
        return this.onTargets(req, res, url, id, then, body, missing);
      case 'nodes': {
        const counted = (node) => ({
          ...node,
          targets: this.targets.filter((one) => nodeOf(one) === nodeOf(node)).length,
        });
        if (id === undefined) return json(res, 200, page(this.filtered(this.nodes, url).map(counted), url));
        const node = found(this.nodes);
        if (!node) return missing();
        node.quota = body.quota;
        this.onChange(null);
        return json(res, 200, counted(node));
      }
      case 'agents': {
        if (id === undefined) return json(res, 200, page(this.agents, url));
        const agent = found(this.agents);
        if (!agent) return missing();
        agent.revoked_at ??= now();
        return json(res, 204, null);
      }
      case 'enroll-tokens':
        return json(res, 201, {
          id: randomUUID(),
          secret: randomBytes(32).toString('hex'),
          ca: randomBytes(32).toString('hex'),
          expires_at: new Date(Date.now() + 900_000).toISOString(),
        });
      case 'alerts': {
        const open = url.searchParams.get('open');
        const fits = (alert) => open === null || (alert.cleared_at === null) === (open === 'true');
        if (id === undefined) return json(res, 200, page(this.alerts.filter(fits), url));
        const alert = found(this.alerts);
        if (!alert) return missing();
        if (!['shrunk', 'changed'].includes(alert.kind)) return problem(res, 409, 'conflict', 'It clears by itself.');
        alert.cleared_at = now();
        this.onChange(null);
        return json(res, 200, alert);
      }
      case 'log': {
        if (id !== undefined) return found(this.log) ? json(res, 200, found(this.log)) : missing();
        const [outcome, kind] = ['outcome', 'kind'].map((name) => url.searchParams.get(name));
        const fits = (one) => (!outcome || one.outcome === outcome) && (!kind || one.kind === kind);
        return json(res, 200, page(this.filtered(this.log, url).filter(fits), url));
      }
      default:
        return this.onBackup(req, res, url, found(this.backups, what), id, body, missing);
    }
  }

  onTargets(req, res, url, id, then, body, missing) {
    if (id === undefined && req.method === 'GET') {
      return json(
        res,
        200,
        page(
          this.filtered(this.targets, url).map((one) => this.view(one)),
          url,
        ),
      );
    }
    if (id === undefined) {
      if (/\s/.test(body.host) || body.host === 'nowhere..') {
        const message = 'a host name or an IP address is expected, such as web-1 or 10.0.0.5';
        return problem(res, 422, 'invalid', 'A field is wrong.', [{ field: '/host', code: 'value', message }]);
      }
      if (this.targets.some((one) => nodeOf(one) === nodeOf(body) && one.path === body.path)) {
        return problem(res, 409, 'conflict', 'This path of this node is registered already.');
      }
      const made = this.target(body);
      this.run(made);
      return json(res, 201, this.view(made));
    }
    const target = this.targets.find((one) => one.id === id);
    if (!target) return missing();
    if (then === 'run') return json(res, 202, this.run(target));
    if (req.method === 'PATCH') {
      Object.assign(target, body);
      this.onChange([this.item(target)]);
      return json(res, 200, this.view(target));
    }
    this.targets = this.targets.filter((one) => one !== target);
    this.onChange(null);
    return json(res, 204, null);
  }

  onBackup(_req, res, url, backup, what, body, missing) {
    if (!backup || (what !== undefined && !backup.kept)) return missing();
    if (what === undefined) return json(res, 200, backup);
    if (what === 'rehearse') return json(res, 202, this.rehearse(backup));
    if (what === 'entries') {
      const all = entriesOf(url.searchParams.get('folder') ?? '');
      const from = url.searchParams.get('from');
      const start = from === null ? 0 : all.findIndex((entry) => entry.name === from);
      const items = all.slice(start, start + 500);
      return json(res, 200, { items, next_from: all[start + 500]?.name ?? null });
    }
    if (what !== 'url') return missing();
    const signature = randomBytes(12).toString('base64url');
    this.signatures.add(signature);
    const path = body.name === undefined ? 'archive.tgz?' : `content?name=${encodeURIComponent(body.name)}&`;
    return json(res, 200, {
      url: `/api/v1/backups/${backup.id}/${path}signature=${signature}`,
      expires_at: new Date(Date.now() + 600_000).toISOString(),
    });
  }

  close() {
    for (const timer of this.timers) clearTimeout(timer);
  }
}
