// Grades: the dashboard follows what is recorded, says when it does not, and heals; grades are entered, corrected,
// brought as a table and taken as one; students see their own.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dropFile, logIn, openApi, openBrowser, openCampus, openPage } from './browser.mjs';

let campus;
let chromium;
let api;

before(async () => {
  campus = await openCampus();
  chromium = await openBrowser();
  api = await openApi(campus);
});
after(async () => {
  await chromium?.close();
  await campus?.close();
});

/** A year and students of their own for each run, so that a campus in use does not matter. */
const year = 2100 + Math.floor(Math.random() * 90);
let student = 500_000_000 + Math.floor(Math.random() * 400_000_000);
const aGrade = (more) => {
  student += 1;
  return { carnet: student, nombre: `Alumno ${student}`, curso: 'SO1', nota: 90, semestre: '1S', year, ...more };
};
const post = (record) =>
  api('/grades', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(record) });
const stored = async () => {
  const { passed, failed } = await api('/grades/stats/passing');
  return passed + failed;
};

async function enter(path, options = {}) {
  const opened = await openPage(chromium.browser, campus, { language: 'en', ...options });
  await logIn(opened.page, campus);
  await opened.page.goto(path);
  await opened.page.locator('h1').waitFor();
  return opened;
}

/** Waits until the large number is `count`, without a reload. */
async function shows(page, figure, count) {
  await page.waitForFunction(
    ([name, wanted]) =>
      Number(document.querySelector(`[data-figure=${name}] p`)?.textContent.replace(/\D/g, '')) === wanted,
    [figure, count],
  );
}

test('the total, the selection, the newest and the charts follow what is recorded', async () => {
  await post(aGrade());
  const { context, page, complaints } = await enter(`/grades?curso=SO1&semestre=1S&year=${year}`);
  await page.locator('[data-standing=live]').first().waitFor();
  const before = await stored();
  await shows(page, 'total', before);
  await shows(page, 'count', 1);
  const records = [aGrade(), aGrade({ nota: 50 }), aGrade({ curso: 'BD1' })];
  for (const record of records) await post(record);
  await shows(page, 'total', before + 3);
  await shows(page, 'count', 3);
  await page.getByRole('cell', { name: records[2].nombre }).waitFor();
  const passing = page.locator('[data-chart=grades-passing]');
  await passing.getByRole('button', { name: 'See the table' }).click();
  await passing.getByRole('row', { name: /^Failed 1$/ }).waitFor();
  await passing.getByRole('row', { name: /^Passed 2$/ }).waitFor();
  const courses = page.locator('[data-chart=grades-courses]');
  await courses.getByRole('button', { name: 'See the table' }).click();
  await courses.getByRole('row', { name: /^SO1 3$/ }).waitFor();
  await page.locator('[data-route=grpc]').first().getByText('Route 1').waitFor();
  await page.locator('[data-route=redis]').first().getByText('Route 2').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the filters change what is counted, and can be shared as an address', async () => {
  await post(aGrade({ curso: 'LFP', semestre: '2S' }));
  const { context, page } = await enter(`/grades?year=${year}`);
  await page.getByRole('button', { name: /^Course/ }).click();
  await page.getByRole('menuitemradio', { name: 'LFP' }).click();
  await page.getByRole('button', { name: /^Semester/ }).click();
  await page.getByRole('menuitemradio', { name: 'Second semester' }).click();
  await shows(page, 'count', 1);
  const address = new URL(page.url());
  assert.deepEqual(Object.fromEntries(address.searchParams), { curso: 'LFP', semestre: '2S', year: String(year) });
  await page.getByRole('button', { name: 'Remove the filter: Course' }).click();
  await page.waitForURL((url) => !url.searchParams.has('curso'));
  await context.close();
});

test('on a wall there are the figures alone, and Escape leaves it', async () => {
  await post(aGrade());
  const { context, page, complaints } = await enter('/grades');
  await page.getByRole('button', { name: 'Full screen' }).click();
  const wall = page.getByRole('dialog', { name: 'Grades' });
  await wall.locator('[data-figure=total] p').waitFor();
  await shows(page, 'total', await stored());
  const size = await wall
    .locator('[data-figure=total] p')
    .evaluate((one) => Number.parseFloat(getComputedStyle(one).fontSize));
  assert.ok(size >= 80, `${size} px can be read from across a room`);
  await wall.getByRole('button', { name: 'Leave full screen' }).click();
  await wall.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('without a network it says as of when the figures are, and heals with the truth', async () => {
  await post(aGrade());
  const { context, page } = await enter('/grades');
  await page.locator('[data-standing=live]').first().waitFor();
  const before = await stored();
  await shows(page, 'total', before);
  await context.setOffline(true);
  await page
    .locator('[data-standing=offline]')
    .first()
    .getByText(/^Offline; figures of \d+:\d\d/)
    .waitFor();
  await post(aGrade());
  await post(aGrade());
  await context.setOffline(false);
  await page.locator('[data-standing=live]').first().waitFor();
  await shows(page, 'total', before + 2);
  await context.close();
});

test('while the campus does not answer it says so, and keeps what it knew', async () => {
  await post(aGrade());
  const { context, page } = await enter('/grades');
  await page.locator('[data-standing=live]').first().waitFor();
  const before = await stored();
  await shows(page, 'total', before);
  await page.route('**/api/v1/grades/**', (route) => route.abort());
  await page
    .locator('[data-standing=reconnecting]')
    .first()
    .getByText(/^Reconnecting; figures of/)
    .waitFor();
  await shows(page, 'total', before);
  await page.unroute('**/api/v1/grades/**');
  await page.locator('[data-standing=live]').first().waitFor();
  await context.close();
});

// The live store of a real campus is cut in the tests of its own.
if (process.env.BEDEL_URL === undefined) {
  test('live that stands still is found out by asking the records', async () => {
    const stall = (stalled) => fetch(`${campus.url}/mock/live?stalled=${stalled}`, { method: 'POST' });
    await post(aGrade());
    const { context, page } = await enter('/grades');
    await page.locator('[data-standing=live]').first().waitFor();
    const before = await stored();
    await shows(page, 'total', before);
    await stall(true);
    await post(aGrade());
    await shows(page, 'total', before + 1);
    await page.locator('[data-standing=asking]').first().waitFor({ timeout: 60_000 });
    await stall(false);
    await post(aGrade());
    await page.locator('[data-standing=live]').first().waitFor();
    await shows(page, 'total', before + 2);
    await context.close();
  });
}

test('grades are entered one after the other, and what is there already is said before it is corrected', async () => {
  const record = aGrade();
  const { context, page, complaints } = await enter(`/grades/list?curso=SO1&semestre=1S&year=${year}`);
  await page.getByRole('button', { name: 'Record a grade' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Record', exact: true }).click();
  await dialog.getByText('Write a whole number from 0 to 100.').waitFor();
  const fill = async (nota) => {
    await dialog.getByLabel('Student number').fill(String(record.carnet));
    await dialog.getByLabel('Name').fill(record.nombre);
    await dialog.getByLabel('Grade').fill(String(nota));
  };
  await fill(80);
  await dialog.getByRole('button', { name: 'Record', exact: true }).click();
  await dialog.getByText(`Recorded: ${record.nombre}, SO1, 80.`).waitFor();
  assert.equal(await dialog.getByLabel('Student number').evaluate((one) => one === document.activeElement), true);
  await fill(95);
  await dialog.getByText(`${record.nombre} already has 80 in this course.`).waitFor();
  await dialog.getByRole('button', { name: 'Record', exact: true }).click();
  await dialog.getByText('now 95').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const row = page.getByRole('row').filter({ hasText: String(record.carnet) });
  await row.getByText('95', { exact: true }).waitFor();
  await row.getByRole('link').click();
  const panel = page.getByRole('complementary', { name: 'Details of the grade' });
  await panel.getByText('80 → 95').waitFor();
  await panel.getByLabel('Corrected grade').fill('61');
  await panel.getByRole('button', { name: 'Correct the grade' }).click();
  await panel.getByText('95 → 61').waitFor();
  await row.getByText('61', { exact: true }).waitFor();
  const found = await api(`/grades?carnet=${record.carnet}`);
  assert.equal(found.items.length, 1);
  assert.equal(found.items[0].nota, 61);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a table with bad lines is refused line by line, and a right one is kept whole', async () => {
  const good = [aGrade({ nombre: 'José Ajú' }), aGrade({ nota: 40 }), aGrade({ curso: 'SA' })];
  const lineOf = (one) => [one.carnet, one.nombre, one.curso, one.nota, one.semestre, one.year].join(';');
  const head = 'carnet;nombre;curso;nota;semestre;year';
  const bad = [lineOf(good[0]), lineOf({ ...good[1], nota: 400 }), lineOf({ ...good[2], curso: 'XX' })];
  const save = async (name, text, encoding = 'utf8') => {
    const path = join(chromium.folder, name);
    await writeFile(path, Buffer.from(text, encoding));
    return { path, name };
  };
  const { context, page, complaints } = await enter(`/grades/list?year=${year}`);
  await dropFile(page, await save('bad.csv', [head, ...bad, ''].join('\n')));
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Lines with errors: 2. Nothing was kept.').waitFor();
  const report = dialog.locator('[data-bad-lines="2"]');
  await report.getByRole('row', { name: /^3 nota 400/ }).waitFor();
  await report.getByRole('row', { name: /^4 curso XX/ }).waitFor();
  const download = page.waitForEvent('download');
  await report.getByRole('button', { name: 'Download the report' }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  assert.match(csv, /^3,nota,400,/m);
  assert.equal((await api(`/grades?carnet=${good[0].carnet}`)).items.length, 0);
  // As an old spreadsheet saves it: the accents survive.
  const right = await save('right.csv', [head, ...good.map(lineOf), ''].join('\r\n'), 'latin1');
  await dropFile(page, right);
  await dialog.getByText('WINDOWS-1252').waitFor();
  await dialog.getByRole('cell', { name: 'José Ajú' }).waitFor();
  await dialog.getByRole('button', { name: 'Import 3 grades' }).click();
  await dialog.getByText('The table was imported').waitFor();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await page.getByRole('link', { name: 'José Ajú' }).waitFor();
  assert.equal((await api(`/grades?carnet=${good[0].carnet}`)).items[0].nombre, 'José Ajú');
  const table = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const taken = await readFile(await (await table).path(), 'utf8');
  assert.ok(taken.startsWith('carnet,nombre,curso,nota,semestre,year'));
  assert.ok(good.every((one) => taken.includes(String(one.carnet))) && !taken.includes(',2023'));
  assert.deepEqual(complaints, []);
  await context.close();
});

/** Somebody new, whose page is opened in English. */
async function enterAs(body) {
  const username = `e2e-${body.role}-${Date.now()}`;
  const password = 'una-clave-larga-8';
  const json = JSON.stringify({ username, password, ...body });
  await api('/users', { method: 'POST', headers: { 'content-type': 'application/json' }, body: json });
  const opened = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(opened.page, { ...campus, username, password });
  return opened;
}

test('students see their own grades and nobody else’s', async () => {
  const mine = aGrade({ nota: 77 });
  const others = aGrade();
  for (const record of [mine, { ...mine, curso: 'BD1', nota: 41 }, others]) await post(record);
  const { context, page, complaints } = await enterAs({ role: 'student', carnet: mine.carnet });
  await page.goto('/grades');
  await page.getByRole('heading', { name: 'My transcript' }).waitFor();
  await page.getByText(mine.nombre).waitFor();
  const semester = page.getByRole('region', { name: `1S ${year}` });
  await semester.getByRole('row', { name: /^BD1 .* 41 failed$/ }).waitFor();
  await semester.getByRole('row', { name: /^SO1 .* 77 passed$/ }).waitFor();
  assert.equal(await semester.getByRole('row').count(), 3);
  assert.equal(await page.getByRole('link', { name: 'Recorded grades' }).count(), 0);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('professors see and enter the grades of their courses', async () => {
  for (const curso of ['SO1', 'SA']) await post(aGrade({ curso, semestre: '2S' }));
  const { context, page } = await enterAs({ role: 'professor', courses: ['SA'] });
  await page.goto(`/grades/list?year=${year}&semestre=2S`);
  await page.getByRole('cell', { name: 'SA', exact: true }).first().waitFor();
  assert.equal(await page.getByRole('cell', { name: 'SO1', exact: true }).count(), 0);
  await page.getByRole('button', { name: 'Record a grade' }).click();
  const courses = page.getByRole('dialog').getByLabel('Course');
  await courses.waitFor();
  assert.deepEqual(await courses.locator('option').allTextContents(), ['SA']);
  await context.close();
});
