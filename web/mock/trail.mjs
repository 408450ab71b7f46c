import { randomUUID } from 'node:crypto';
import { json, page, problem } from './http.mjs';

const HOUR = 3_600_000;
const ENTRIES = 180;
const QUOTA = 10 << 20;

/** Who moved what, what it amounts to, and how much room is left. */
export class Trail {
  entries = [];

  constructor({ files, accounts, empty }) {
    this.files = files;
    if (!empty) this.seed([...accounts.users.values()], [...files.files.values()]);
  }

  seed(users, files) {
    for (let index = 0; index < ENTRIES; index += 1) {
      const file = files[(index * 7) % files.length];
      const user = users[(index * 5) % users.length];
      const started = Date.now() - index * 4 * HOUR - ((index * 37) % 60) * 60_000;
      const breaks = index % 6 === 0 ? 1 + (index % 3) : 0;
      const outcome = index === 1 ? 'open' : index % 23 === 0 ? 'abandoned' : index % 41 === 0 ? 'refused' : 'done';
      this.entries.push({
        id: randomUUID(),
        user: index % 11 === 0 ? null : user.id,
        user_name: index % 11 === 0 ? '' : user.username,
        file: outcome === 'refused' ? null : file.id,
        name: file.name,
        direction: index % 3 === 0 ? 'upload' : 'download',
        via: index % 11 === 0 ? 'share' : index % 13 === 0 ? 'voucher' : index % 4 === 0 ? 'signed' : 'user',
        address: `10.4.${index % 7}.${20 + (index % 200)}`,
        started_at: new Date(started).toISOString(),
        ended_at: outcome === 'open' ? null : new Date(started + 90_000).toISOString(),
        bytes: outcome === 'done' ? file.size : Math.round(file.size / 3),
        size: file.size,
        interruptions: breaks,
        resumes: outcome === 'abandoned' ? 0 : breaks,
        sha256: outcome === 'done' ? file.sha256 : null,
        outcome,
      });
    }
  }

  /** What the campus writes down when an upload is complete. */
  uploaded(file, user) {
    const now = new Date().toISOString();
    this.entries.unshift({
      id: randomUUID(),
      user: user.id,
      user_name: user.username,
      file: file.id,
      name: file.name,
      direction: 'upload',
      via: file.voucher === null ? 'user' : 'voucher',
      address: '127.0.0.1',
      started_at: now,
      ended_at: now,
      bytes: file.size,
      size: file.size,
      interruptions: 0,
      resumes: 0,
      sha256: file.sha256,
      outcome: 'done',
    });
  }

  found(url, caller) {
    const want = Object.fromEntries(url.searchParams);
    return this.entries
      .filter((one) => caller.role === 'admin' || one.user === caller.id)
      .filter((one) => !want.user || one.user_name === want.user || one.user === want.user)
      .filter((one) => !want.file || one.file === want.file)
      .filter((one) => !want.direction || one.direction === want.direction)
      .filter((one) => !want.outcome || one.outcome === want.outcome)
      .filter((one) => !want.from || one.started_at >= want.from)
      .filter((one) => !want.until || one.started_at < want.until);
  }

  handle(res, rest, url, caller) {
    if (rest === '/audit') return json(res, 200, page(this.found(url, caller), url));
    if (rest === '/audit.csv') {
      const names = Object.keys(this.entries[0] ?? { id: '' });
      const lines = this.found(url, caller).map((one) => names.map((name) => one[name] ?? '').join(','));
      res.writeHead(200, { 'content-type': 'text/csv; charset=utf-8' });
      res.end([names.join(','), ...lines, ''].join('\r\n'));
      return true;
    }
    if (rest === '/statistics') return this.statistics(res, url, caller);
    if (rest === '/quotas/me') return json(res, 200, this.quota(caller));
    return false;
  }

  quota(caller) {
    const sum = (map, size) =>
      [...map.values()]
        .filter((one) => one.owner === caller.id || one.user?.id === caller.id)
        .reduce((total, one) => total + size(one), 0);
    const used = sum(this.files.files, (file) => file.size);
    const reserved = sum(this.files.uploads, (upload) => upload.size);
    const limit = caller.role === 'admin' ? Math.round(used * 1.2) + 200e6 : QUOTA;
    return { used, reserved, limit };
  }

  statistics(res, url, caller) {
    const mine = url.searchParams.get('mine') === 'true';
    if (!mine && !['admin', 'staff'].includes(caller.role)) {
      return problem(res, 403, 'forbidden', 'Staff may see the whole campus.');
    }
    const days = Number(url.searchParams.get('days') ?? 30);
    const today = new Date().toISOString().slice(0, 10);
    const names = Array.from({ length: days }, (_, index) =>
      new Date(Date.parse(today) - (days - 1 - index) * 24 * HOUR).toISOString().slice(0, 10),
    );
    const ended = this.entries.filter(
      (one) =>
        one.ended_at !== null && names.includes(one.started_at.slice(0, 10)) && (!mine || one.user === caller.id),
    );
    const bytes = (list, direction) =>
      list.filter((one) => one.direction === direction).reduce((sum, one) => sum + one.bytes, 0);
    const broken = ended.filter((one) => one.interruptions > 0);
    const hours = Array.from({ length: 24 }, () => 0);
    for (const one of ended) hours[new Date(one.started_at).getUTCHours()] += 1;
    const top = [...this.files.files.values()]
      .filter((file) => file.downloads > 0 && (!mine || file.owner === caller.id))
      .sort((a, b) => b.downloads - a.downloads)
      .slice(0, 10);
    return json(res, 200, {
      volume: { uploaded: bytes(ended, 'upload'), downloaded: bytes(ended, 'download') },
      transfers: ended.length,
      success_rate: ended.length === 0 ? null : ended.filter((one) => one.outcome === 'done').length / ended.length,
      recovered_after_interruption: {
        interrupted: broken.length,
        recovered: broken.filter((one) => one.outcome === 'done').length,
      },
      by_day: names.map((day) => {
        const list = ended.filter((one) => one.started_at.startsWith(day));
        return {
          day,
          uploaded: bytes(list, 'upload'),
          downloaded: bytes(list, 'download'),
          transfers: list.length,
        };
      }),
      by_hour_of_day: hours,
      top: top.map(({ id, name, downloads, size }) => ({ id, name, downloads, bytes: downloads * size })),
    });
  }
}
