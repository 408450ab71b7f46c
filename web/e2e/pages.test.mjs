// Every page in both languages and both appearances, full, empty and failing: no accessibility violation (axe).
// With BEDEL_SHOTS=FOLDER, also a picture of each at 390 and 1440 pixels.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { LAPTOP, logIn, openApi, openBrowser, openCampus, openPage, PHONE } from './browser.mjs';

const AXE = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const SHOTS = process.env.BEDEL_SHOTS;
const PAGES = {
  home: '/',
  files: '/files',
  requests: '/files/requests',
  trash: '/files/trash',
  audit: '/files/audit',
  statistics: '/files/statistics',
  rooms: '/rooms',
  roomRequests: '/rooms/requests',
  roomMembers: '/rooms/members',
  roomAlerts: '/rooms/alerts',
  roomMetrics: '/rooms/metrics',
  grades: '/grades',
  gradeList: '/grades/list',
  backups: '/backups',
  backupNodes: '/backups/nodes',
  backupLog: '/backups/log',
  backupAlerts: '/backups/alerts',
  system: '/system',
  transfers: '/system/transfers',
  admin: '/admin',
  tokens: '/account/tokens',
};
const EMPTY = { items: [], next_cursor: null };
const NO_STATISTICS = {
  volume: { uploaded: 0, downloaded: 0 },
  transfers: 0,
  success_rate: null,
  recovered_after_interruption: { interrupted: 0, recovered: 0 },
  by_day: [],
  by_hour_of_day: Array.from({ length: 24 }, () => 0),
  top: [],
};
const NO_ROOMS = { semester: '2026-30', free_classrooms: 0, free_labs: 0, waiting: 0, rooms: [] };
const NO_TIMES = { count: 0, mean_ms: 0, min_ms: 0, p50_ms: 0, p99_ms: 0, max_ms: 0 };
const NO_HISTORY = { from: '2026-11-20T00:00:00Z', to: '2026-11-21T00:00:00Z', step_s: 360, servers: [] };
const NO_METRICS = {
  leader: null,
  requests: [],
  proposal: NO_TIMES,
  resolution: NO_TIMES,
  servers: [],
  refused: 0,
  refusals: [],
};

let campus;
let chromium;
/** Pages for people without an account. */
let links;

before(async () => {
  campus = await openCampus();
  chromium = await openBrowser();
  const api = await openApi(campus);
  if ((await api('/files')).items.length === 0) {
    for (const name of ['programa-so1.txt', 'guia-laboratorio.txt', 'horarios.csv']) {
      const query = new URLSearchParams({ name, category: 'Documentos', visibility: 'campus' });
      await api(`/files?${query}`, { method: 'PUT', body: `${name}: contenido de ejemplo\n` });
    }
  }
  if ((await api('/grades')).items.length === 0) {
    const body = JSON.stringify({
      carnet: 233233,
      nombre: 'Alumno 1',
      curso: 'SO1',
      nota: 90,
      semestre: '2S',
      year: 2023,
    });
    await api('/grades', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  }
  links = await makeLinks(api);
  if (SHOTS) await mkdir(SHOTS, { recursive: true });
});
after(async () => {
  await chromium?.close();
  await campus?.close();
});

async function makeLinks(api) {
  const post = (path, body) =>
    api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const [{ id }] = (await api('/files')).items;
  const shares = `/files/${id}/shares`;
  const soon = new Date(Date.now() + 86_400_000).toISOString();
  const [share, locked, voucher] = await Promise.all([
    post(shares, { note: 'Comisión de evaluación', expires_at: soon, max_downloads: 5 }),
    post(shares, { password: 'clave' }),
    post('/vouchers', { note: 'El contrato firmado y una copia de su identificación', max_bytes: 1e9 }),
  ]);
  return { share: share.url, locked: locked.url, unknown: '/s/unknown', voucher: voucher.url, lost: '/v/unknown' };
}

/** Makes the campus look as if it had nothing, or as if its services were away. */
async function stage(page, state) {
  if (state === 'full') return;
  await page.route(
    /\/api\/v1\/(files|users|tokens|transfers|vouchers|audit|statistics|quotas\/me|rooms\/[\w/]+|grades[\w/-]*|backups[\w/-]*)(\?|$)/,
    (route) =>
      state === 'empty'
        ? route.fulfill({ json: emptyOf(route.request().url()) })
        : route.fulfill({
            status: 503,
            contentType: 'application/problem+json',
            headers: { 'retry-after': '1', 'x-request-id': 'b7f1c2d4e5' },
            json: { type: 'about:blank', title: 'Unavailable', status: 503, detail: 'away', request_id: 'b7f1c2d4e5' },
          }),
  );
  if (state === 'failing') await page.route('**/api/v1/status', (route) => route.abort());
}

function emptyOf(url) {
  if (url.includes('/rooms/inventory')) return NO_ROOMS;
  if (url.includes('/grades/stats/passing')) return { passed: 0, failed: 0 };
  if (url.includes('/grades/stats/')) return [];
  if (url.includes('/grades/courses')) return { courses: ['SO1'], passing: 61 };
  if (url.includes('/rooms/metrics/history')) return NO_HISTORY;
  if (url.includes('/rooms/metrics')) return NO_METRICS;
  if (url.includes('/statistics')) return NO_STATISTICS;
  return url.includes('/quotas') ? { used: 0, reserved: 0, limit: 10e9 } : EMPTY;
}

async function settle(page) {
  await page.locator('h1').first().waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy=true], .mantine-Skeleton-root') === null);
  await page.evaluate(() =>
    Promise.all(document.getAnimations().map((animation) => animation.finished.catch(() => null))),
  );
}

async function violations(page) {
  // Through the debugger: the portal's content security policy refuses foreign scripts, as it should.
  await page.evaluate(AXE);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
    }),
  );
  return result.violations.map(
    (found) => `${found.id}: ${found.nodes.map((node) => `${node.target} ${node.failureSummary}`).join(' | ')}`,
  );
}

async function shoot(page, name, viewports) {
  if (!SHOTS) return;
  for (const viewport of viewports) {
    await page.setViewportSize(viewport);
    await settle(page);
    await page.screenshot({ path: join(SHOTS, `${name}-${viewport.width}.png`), animations: 'disabled' });
  }
  await page.setViewportSize(LAPTOP);
}

async function look(page, name, viewports = [LAPTOP, PHONE]) {
  await settle(page);
  const found = await violations(page);
  const text = await page.locator('#root').textContent();
  assert.doesNotMatch(
    text,
    /\b(share|voucher|guest|trash|audit|statistics|control|files|rooms|grades|backups|common)\.[a-z]+[A-Z]?\w*\b(?!\.)/,
    `${name}: a text is missing`,
  );
  await shoot(page, name, viewports);
  assert.deepEqual(found, [], name);
}

for (const language of ['es', 'en']) {
  for (const scheme of ['light', 'dark']) {
    for (const state of ['full', 'empty', 'failing']) {
      test(`${language}, ${scheme}, ${state}: no violation on any page`, async () => {
        const { context, page, complaints } = await openPage(chromium.browser, campus, { language, scheme });
        const name = (what) => `${what}-${state}-${language}-${scheme}`;
        await page.goto('/login');
        if (state === 'full') {
          for (const [what, path] of Object.entries(links)) {
            await page.goto(path);
            await look(page, name(what));
          }
          await page.goto('/login');
          await look(page, name('login'));
          await page.goto('/register');
          await look(page, name('register'));
        }
        await logIn(page, campus);
        await stage(page, state);
        for (const [what, path] of Object.entries(PAGES)) {
          await page.goto(path);
          await look(page, name(what));
        }
        if (state === 'full') await lookAtRooms(page, name);
        if (state === 'full') await lookAtGrades(page, name);
        if (state === 'full') await lookAtBackups(page, name);
        if (state === 'full') await lookAtOverlays(page, name);
        assert.deepEqual(complaints, []);
        await context.close();
      });
    }
  }
}

async function lookAtRooms(page, name) {
  await page.goto('/rooms');
  await page.locator('button[data-room]').first().waitFor();
  const taken = page.locator('button[data-room][data-use=assigned]').first();
  // A campus that nobody has asked yet has none.
  if ((await taken.count()) > 0) {
    await taken.click();
    await page.getByRole('complementary').locator('[data-request-details]').waitFor();
    await look(page, name('room'));
  }
  await page.goto('/rooms?ask=true');
  await page.getByRole('complementary').locator('form').waitFor();
  await look(page, name('room-ask'));
  await page.goto('/rooms/requests');
  await page.locator('h1').waitFor();
  await page.waitForFunction(() => document.querySelector('[aria-busy=true]') === null);
  const denied = page.locator('a[data-request][data-state=denied]').first();
  if ((await denied.count()) > 0) {
    await denied.click();
    await page.getByRole('complementary').locator('[data-shortage]').waitFor();
    await look(page, name('room-request'));
  }
}

async function lookAtGrades(page, name) {
  await page.goto('/rooms/members');
  const member = page.locator('a[data-member]').first();
  await member.waitFor();
  await member.click();
  await page.getByRole('complementary').locator('[data-member-details]').waitFor();
  await look(page, name('member'));
  await page.goto('/grades?wall=true');
  await page.getByRole('dialog').locator('[data-figure=total] p').waitFor();
  await look(page, name('grades-wall'));
  await page.goto('/grades/list');
  await page.locator('a[data-grade]').first().click();
  await page.getByRole('complementary').locator('dl').waitFor();
  await look(page, name('grade'));
  await page.goto('/grades/list');
  await page.locator('a[data-grade]').first().waitFor();
  await page.locator('#main button:has(.tabler-icon-plus)').click();
  await page.getByRole('dialog').locator('form').waitFor();
  await look(page, name('grade-enter'));
  await page.keyboard.press('Escape');
  await page.locator('#main button:has(.tabler-icon-file-import)').click();
  const table = 'carnet;nombre;curso;nota;semestre;year\n1;Ana López;SO1;90;1S;2023\n2;Luis Ajú;XX;900;1S;2023\n';
  await page.locator('input[type=file][accept*=csv]').setInputFiles({
    name: 'notas-so1.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(table),
  });
  await page.locator('[data-bad-lines]').waitFor();
  await look(page, name('grade-import'));
}

async function lookAtBackups(page, name) {
  await page.goto('/backups');
  await settle(page);
  await page.locator('#main button:has(.tabler-icon-plus)').first().click();
  await page.getByRole('dialog').locator('form').waitFor();
  await look(page, name('backup-register'));
  await page.keyboard.press('Escape');
  await page.locator('#main button:has(.tabler-icon-plug-connected)').first().click();
  await page.getByRole('dialog').locator('button[type=submit]').click();
  await page.locator('[data-line]').first().waitFor();
  await look(page, name('backup-enrol'));
  await page.goto('/backups');
  await settle(page);
  const target = page.locator('a[data-target]').first();
  // A campus on which no agent runs has none.
  if ((await target.count()) === 0) return;
  await target.click();
  await page.getByRole('complementary').locator('[data-target-details]').waitFor();
  await look(page, name('backup-path'));
  const backup = page.locator('[data-backup] a').first();
  if ((await backup.count()) === 0) return;
  await backup.click();
  await page.locator('[data-entry]').first().waitFor();
  await look(page, name('backup'));
}

async function lookAtOverlays(page, name) {
  await page.goto('/files');
  const first = page.locator('a[data-file]').first();
  await first.click();
  await page.getByRole('complementary').locator('dl').waitFor();
  await look(page, name('details'));
  await page.goto('/files/requests');
  await page.locator('#main button').first().click();
  await page.getByRole('dialog').locator('form').waitFor();
  await look(page, name('create-voucher'));
  await page.goto('/files');
  await first.waitFor();
  await page.locator('#main [aria-pressed]').nth(1).click();
  await look(page, name('tiles'));
  await page.locator('#main [aria-pressed]').first().click();
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').waitFor();
  await look(page, name('search'));
  await page.keyboard.press('Escape');
  await page.locator('nav button[aria-haspopup="menu"]').click();
  await page.getByRole('menu').waitFor();
  await look(page, name('menu'), [LAPTOP]);
  await page.keyboard.press('Escape');
  await page.goto('/admin');
  await page.locator('table').waitFor();
  await page.locator('#main header button, #main button').first().click();
  await page.getByRole('dialog').waitFor();
  await look(page, name('create-user'));
  await page.goto('/files');
  await first.click();
  await page.locator('section[aria-labelledby=share-heading] button').first().click();
  await page.getByRole('dialog').locator('form').waitFor();
  await look(page, name('create-share'));
}
