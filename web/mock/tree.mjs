const MINUTE = 60_000;
const ago = (minutes) => new Date(Date.now() - minutes * MINUTE).toISOString();
const ahead = (minutes) => ago(-minutes);

const entry = (name, kind = name.endsWith('/') ? 'folder' : 'file', size = 0, target = null) => ({
  name,
  kind,
  size: kind === 'file' ? size : 0,
  modified_at: ago(name.length * 977),
  target,
});

const PHOTOS = Array.from({ length: 640 }, (_, index) =>
  entry(`fotos/graduación-${String(index).padStart(4, '0')}.jpg`, 'file', 2_400_000 + index * 1_013),
);
const TREE = {
  '': [
    entry('.htaccess', 'file', 412),
    entry('actas/'),
    entry('config.toml', 'file', 1_873),
    entry('fotos/'),
    entry('latest', 'symlink', 0, 'publicado/2026-11'),
    entry('publicado/'),
    entry('run.fifo', 'pipe'),
    entry('vacía/'),
    entry('índice.html', 'file', 48_211),
  ],
  'actas/': [
    entry('actas/2025/'),
    entry('actas/acta-14-2026.pdf', 'file', 1_204_000),
    entry('actas/copia.pdf', 'hardlink', 0, 'actas/acta-14-2026.pdf'),
  ],
  'actas/2025/': [entry('actas/2025/acta-01-2025.pdf', 'file', 904_113)],
  'fotos/': PHOTOS,
  'publicado/': [entry('publicado/2026-11/')],
};

/** What lies in a folder, as every backup of the mock has it. */
export function entriesOf(folder) {
  return TREE[folder] ?? [];
}

const DAMAGED = 'actas/acta-14-2026.pdf: BLAKE3 differs; 1 of 812 entries differs';

/** A campus of four nodes: one well, one not proven yet, one that fails, one that is new. */
export function seedBackups(backups) {
  const agent = (id, nodes, more = {}) =>
    backups.agents.push({
      id,
      enrolled_at: ago(60 * 24 * 40),
      expires_at: ahead(60 * 24 * 325),
      revoked_at: null,
      nodes,
      ...more,
    });
  agent('01k9a1c7e2m4p6r8t0v2x4z6b8', ['web-1:9750']);
  agent('01k9a1c7e2m4p6r8t0v2x4z6b9', ['db-1.campus.example:9750']);
  agent('01k9a1c7e2m4p6r8t0v2x4z6c0', [], { revoked_at: ago(60 * 24 * 3) });

  const add = (registration, more) => {
    const target = backups.target(registration, more);
    const node = backups.node(target);
    node.agent ??= '01k9a1c7e2m4p6r8t0v2x4z6b8';
    return target;
  };
  const make = (target, count, every, shape) => {
    for (let index = count - 1; index >= 0; index -= 1) {
      const at = ago(index * every + 12);
      const made = backups.backup(target, { at, size: 18_400_000 + index * 310_000, ...shape(index) });
      const warnings = Array.from({ length: Math.min(made.warnings, 4) }, (_, place) =>
        place % 2 === 0
          ? { kind: 'unstable', name: `sesiones/${place}.sqlite` }
          : { kind: 'unreadable', name: `privado/llave-${place}` },
      );
      backups.attempt(target, {
        outcome: 'done',
        started_at: made.at,
        ended_at: new Date(Date.parse(made.at) + 7_400).toISOString(),
        backup: made.id,
        sent: 2_100_000 + index * 40_000,
        entries: made.entries,
        warnings,
        warnings_total: made.warnings,
      });
    }
  };
  const proof = (minutes) => ({ good: true, at: ago(minutes), detail: null });

  const web = add(
    { host: 'web-1', port: 9750, path: '/srv/sitio', every_minutes: 60 },
    { next_at: ahead(48), last_good_at: ago(12), last_proof_at: ago(60 * 9) },
  );
  make(web, 12, 60, (index) => ({
    proof: index > 1 && index % 3 !== 0 ? proof(60 * 9 + index) : null,
    warnings: index === 0 ? 6 : 0,
  }));
  const logs = add(
    { host: 'web-1', port: 9750, path: '/var/log', every_minutes: 360 },
    { next_at: ahead(200), last_good_at: ago(160) },
  );
  make(logs, 4, 360, () => ({}));
  Object.assign(backups.node(web), { used: 18_700_000_000, quota: 20_000_000_000 });

  const database = add(
    { host: 'db-1.campus.example', port: 9750, path: '/var/backups/mysql', every_minutes: 1440, pin_last_good: true },
    { next_at: ahead(4), failures: 3, last_good_at: ago(60 * 54), last_proof_at: ago(60 * 80) },
  );
  make(database, 3, 1440, (index) => ({
    at: ago(60 * 54 + index * 1440),
    proof: index === 1 ? { good: false, at: ago(60 * 8), detail: DAMAGED } : index === 2 ? proof(60 * 80) : null,
  }));
  backups.node(database).used = 6_400_000_000;
  for (const minutes of [130, 70, 8]) {
    backups.attempt(database, {
      outcome: minutes === 8 ? 'failed' : 'unreachable',
      started_at: ago(minutes),
      ended_at: ago(minutes),
      reason: minutes === 8 ? 'hook' : 'unreachable',
      detail:
        minutes === 8
          ? 'the hook pre ended with 1: mysqldump: Got error: 2002'
          : 'no answer from db-1.campus.example:9750: connection refused',
    });
  }
  add({ host: 'lab-3', port: 9751, path: '/home/investigación', every_minutes: 15 }, { next_at: ahead(1) });

  const raise = (kind, target, minutes, detail, more = {}) =>
    backups.alerts.unshift({
      id: `01kb${String(backups.alerts.length).padStart(22, '0')}`,
      kind,
      host: target?.host ?? null,
      port: target?.port ?? null,
      path: target?.path ?? null,
      backup: null,
      detail,
      raised_at: ago(minutes),
      cleared_at: null,
      ...more,
    });
  const last = (target) => backups.of(target)[1].id;
  raise('store_full', null, 60 * 24 * 9, '93 % of the disk is used', { cleared_at: ago(60 * 24 * 8) });
  raise('failing', logs, 60 * 24 * 3, '3 attempts in a row failed', { cleared_at: ago(60 * 24 * 3 - 85) });
  raise('rehearsal_failed', database, 60 * 8, DAMAGED, { backup: last(database) });
  raise('shrunk', logs, 161, '40 of 3,112 files are left', { backup: last(logs) });
  raise('quota_near', web, 90, '18.7 GB of 20 GB are used', { path: null });
  raise('overdue', database, 55, 'the last good backup is 54 hours old; one is due every 24 hours');
  backups.log.sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}
