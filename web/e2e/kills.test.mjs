// Grades come in by both routes while one replica of every role after the other is killed with `kill -9`, and the
// dashboard stays open. When it is quiet again, every number on it is what the database itself counts.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { logIn, openApi, openBrowser, openCampus, openPage } from './browser.mjs';

const run = promisify(execFile);
/** Of the load's records: see `bedel bench grades`. */
const YEAR = 2023;
const PASSING = 61;
const PATIENCE = 90_000;
const { BEDEL, BEDEL_DATA, BEDEL_SQL__URL: SQL = 'sqlite' } = process.env;

let campus;
let chromium;

before(async () => {
  campus = await openCampus();
  chromium = await openBrowser();
});
after(async () => {
  await chromium?.close();
  await campus?.close();
});

/** What `read` gives, as soon as it is what is wanted. */
async function until(what, read, wanted) {
  let seen;
  for (const end = Date.now() + PATIENCE; Date.now() < end; await sleep(100)) {
    seen = await read();
    if (wanted(seen)) return seen;
  }
  throw new Error(`never came: ${what}; last ${JSON.stringify(seen)}`);
}

const PYTHON = `import sqlite3, sys
for row in sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=10).execute(sys.argv[2]): print(*row, sep="\\t")`;

/** Asks the database, past every process of the campus. */
async function ask(sql) {
  const url = SQL === 'sqlite' ? null : new URL(SQL);
  const [program, ...words] = url
    ? [
        'mariadb',
        '--no-defaults',
        '--batch',
        '--skip-column-names',
        `--host=${url.hostname}`,
        `--port=${url.port}`,
      ].concat([`--user=${url.username}`, `--password=${url.password}`, '--execute', sql, url.pathname.slice(1)])
    : ['python3', '-c', PYTHON, join(BEDEL_DATA, 'sql/grades.db'), sql];
  const { stdout } = await run(program, words);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

const count = async () => Number((await ask('SELECT COUNT(*) FROM grades_records'))[0][0]);

async function replicas() {
  const { stdout } = await run(BEDEL, ['status', '--json', '--data', BEDEL_DATA]);
  const { roles } = JSON.parse(stdout);
  return roles.filter(({ desired }) => desired > 0);
}

const ready = (role) => role.replicas.filter(({ state }) => state === 'ready');
const whole = (roles) => roles.every((role) => ready(role).length >= role.desired);

/** Sends grades until it is told to end; what was answered. */
function load(token) {
  let going = true;
  const told = { created: 0, repeated: 0, failed: 0, routes: new Set() };
  const send = async () => {
    for (let turn = 1; going; turn += 1) {
      const words = `bench grades --json --url ${campus.url} --rate 150 --connections 16 --seconds 3 --warm-up 0`.split(
        ' ',
      );
      const env = { ...process.env, BEDEL_TOKEN: token };
      // It ends with 1 when a request failed, which kills make some do.
      const report = await run(BEDEL, [...words, '--seed', String(turn * 1_000_003)], { env }).catch(
        (failed) => failed,
      );
      const { routes } = JSON.parse(report.stdout || assert.fail(report.stderr));
      for (const key of ['created', 'repeated', 'failed']) told[key] += routes.all[key];
      for (const route of Object.keys(routes)) told.routes.add(route);
    }
    return told;
  };
  const sending = send();
  return {
    end: () => {
      going = false;
      return sending;
    },
  };
}

const figure = (page, name) =>
  page.evaluate((one) => {
    const text = document.querySelector(`[data-figure=${one}] p`)?.textContent.replace(/\D/g, '');
    return text ? Number(text) : null;
  }, name);

/** The rows of a chart's table, a list of texts each. */
const rowsOf = (page, chart) =>
  page.evaluate(
    (name) =>
      [...document.querySelectorAll(`[data-chart=${name}] tbody tr`)].map((row) =>
        [...row.children].map((cell) => cell.textContent),
      ),
    chart,
  );

async function shows(page, what, read, wanted) {
  const text = JSON.stringify(wanted);
  await until(
    `${what} ${text}`,
    () => read(page),
    (seen) => JSON.stringify(seen) === text,
  );
}

const english = (number) => number.toLocaleString('en-US');

/** The dashboard of a class, with its charts as tables. */
async function openBoard(page, { curso, semestre }) {
  await page.goto(`/grades?curso=${curso}&semestre=${semestre}&year=${YEAR}`);
  for (const chart of ['passing', 'courses', 'students']) {
    await page.locator(`[data-chart=grades-${chart}]`).getByRole('button', { name: 'See the table' }).click();
  }
}

if (BEDEL !== undefined && process.env.BEDEL_URL !== undefined) {
  test('after kills of every role under load, the dashboard says what the database counts', {
    timeout: 900_000,
  }, async () => {
    const api = await openApi(campus);
    const json = { method: 'POST', headers: { 'content-type': 'application/json' } };
    const body = JSON.stringify({ name: `kills-${Date.now()}`, scopes: ['grades:write'] });
    const { token } = await api('/tokens', { ...json, body });
    await until('the whole campus', replicas, whole);
    const first = { curso: 'SO1', semestre: '1S' };
    const grade = { carnet: 100_000_001, nombre: 'Alumno 1', nota: 90, year: YEAR, ...first };
    await api('/grades', { ...json, body: JSON.stringify(grade) });
    const { context, page, complaints } = await openPage(chromium.browser, campus, { language: 'en' });
    page.setDefaultTimeout(60_000);
    await logIn(page, campus);
    await openBoard(page, first);
    const before = await count();
    const sending = load(token);
    await until(
      'grades on the screen',
      () => figure(page, 'total'),
      (total) => total > before,
    );

    const killed = [];
    for (const { role } of await replicas()) {
      const [victim] = await until(
        `a replica of ${role}`,
        async () => ready((await replicas()).find((one) => one.role === role)),
        (all) => all.length > 0,
      );
      process.kill(victim.pid, 'SIGKILL');
      const then = await count();
      killed.push(victim.id);
      await until(`grades after ${victim.id} was killed`, count, (now) => now >= then + 100);
    }
    const told = await sending.end();
    await until('the whole campus', replicas, whole);
    const total = await count();
    console.log(
      `${killed.length} killed (${killed.join(', ')}); ${JSON.stringify({ ...told, routes: [...told.routes] })}; ${total} in SQL`,
    );
    assert.ok(total - before >= told.created, `${told.created} were acknowledged, ${total - before} are there`);
    assert.ok(
      total - before <= told.created + told.repeated + told.failed,
      `${total - before} are there, more than were sent`,
    );
    assert.ok(told.routes.has('grpc') && told.routes.has('redis'), 'both routes were used');

    // The page that was open all the time, without a reload.
    await page.locator('[data-standing=live]').first().waitFor();
    await shows(page, 'the total', (one) => figure(one, 'total'), total);
    const classes = await ask(
      `SELECT curso, semestre, COUNT(*), SUM(CASE WHEN nota >= ${PASSING} THEN 1 ELSE 0 END) FROM grades_records WHERE year = ${YEAR} GROUP BY curso, semestre`,
    );
    const students = await ask(
      'SELECT r.carnet, s.nombre, AVG(r.nota) FROM grades_records r JOIN grades_students s ON s.carnet = r.carnet GROUP BY r.carnet, s.nombre ORDER BY AVG(r.nota) DESC, COUNT(*) DESC, MAX(r.changed_at), r.carnet LIMIT 5',
    );
    const best = students.map(([carnet, nombre, average]) => [carnet, nombre, Number(average).toFixed(1)]);
    await shows(page, 'the best students', (one) => rowsOf(one, 'grades-students'), best);
    const checked = async ([curso, semestre, grades, passed]) => {
      await shows(page, `${curso} ${semestre}`, (one) => figure(one, 'count'), Number(grades));
      await shows(page, `passed in ${curso} ${semestre}`, (one) => rowsOf(one, 'grades-passing'), [
        ['Passed', english(Number(passed))],
        ['Failed', english(grades - passed)],
      ]);
      const largest = classes
        .filter((one) => one[1] === semestre)
        .map((one) => [one[0], Number(one[2])])
        .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
        .slice(0, 3);
      const rows = largest.map(([name, number]) => [name, english(number)]);
      await shows(page, `courses of ${semestre}`, (one) => rowsOf(one, 'grades-courses'), rows);
    };
    const open = classes.find(([curso, semestre]) => curso === first.curso && semestre === first.semestre);
    await checked(open);
    assert.equal(classes.length, 10, 'grades of every course and semester');
    for (const one of classes.filter((other) => other !== open)) {
      await openBoard(page, { curso: one[0], semestre: one[1] });
      await shows(page, 'the total', (board) => figure(board, 'total'), total);
      await checked(one);
    }
    assert.equal(await count(), total, 'nothing came later');
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
