import { json } from './http.mjs';

const ROLES = {
  gateway: 2,
  portal: 1,
  accounts: 1,
  files: 3,
  'rooms-server': 2,
  'rooms-faculty': 1,
  'grades-grpc-client': 2,
  'grades-grpc-server': 2,
  'grades-redis': 3,
  'backup-server': 2,
};

/** Roles and replicas that look alive; one can be killed and comes back. */
export class Campus {
  replicas = [];
  listeners = new Set();

  constructor() {
    for (const [role, count] of Object.entries(ROLES)) {
      for (let index = 1; index <= count; index += 1) {
        this.replicas.push({
          role,
          id: `${role}-${index}`,
          started: Date.now() - 3_600_000 * (index + 1),
          state: 'ready',
          restarts: 0,
          pid: 4000 + this.replicas.length,
          base: 6 + index * 3,
        });
      }
    }
  }

  kill(id) {
    const replica = this.replicas.find((one) => one.id === id);
    if (replica === undefined) return;
    replica.state = 'backoff';
    setTimeout(() => {
      Object.assign(replica, {
        state: 'starting',
        started: Date.now(),
        restarts: replica.restarts + 1,
        pid: replica.pid + 100,
      });
      this.tell();
    }, 600);
    setTimeout(() => {
      replica.state = 'ready';
      this.tell();
    }, 1_200);
    this.tell();
  }

  tell() {
    for (const listener of this.listeners) listener();
  }

  status(role) {
    const replicas = (name) =>
      this.replicas
        .filter((one) => one.role === name)
        .map(({ role: _, started, base, pid, ...one }, index) => ({
          ...one,
          ...(role === 'admin' ? { pid } : {}),
          node: 'campus-1',
          address: one.state === 'backoff' ? null : `127.0.0.1:${40_000 + pid}`,
          leader: ['accounts', 'rooms-server', 'backup-server'].includes(name) && index === 0,
          cpu_percent: one.state === 'ready' ? base / 4 + (Math.floor(Date.now() / 1000 + base) % 5) : 0,
          memory_bytes: one.state === 'backoff' ? 0 : (9 + base) * 1_000_000,
          uptime_ms: one.state === 'backoff' ? 0 : Date.now() - started,
        }));
    const roles = Object.entries(ROLES).map(([name, desired]) => {
      const list = replicas(name);
      const ready = list.some((one) => one.state === 'ready');
      return role === null ? { role: name, ready } : { role: name, ready, desired, replicas: list };
    });
    const all = this.replicas.every((one) => one.state === 'ready');
    return { node: 'campus-1', ready: all, operating: true, endpoints: { http: '127.0.0.1:8080' }, roles };
  }

  answer(res, caller) {
    return json(res, 200, this.status(caller?.role ?? null));
  }
}
