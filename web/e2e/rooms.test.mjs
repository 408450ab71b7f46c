// Rooms: asked for, proposed, answered, shown in the grid, given back; a shortage is explained; exports download.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { LAPTOP, logIn, openApi, openBrowser, openCampus, openPage } from './browser.mjs';

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

/** A semester of its own for each run, so that its rooms are free on a campus that is in use. */
const semester = `${2100 + Math.floor(Math.random() * 800)}-10`;

const post = (path, body) =>
  api(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
const wish = (more) => ({ faculty: 'faculty-02', program: 'program-02-3', semester, classrooms: 3, labs: 2, ...more });

async function enter(path) {
  const opened = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(opened.page, campus);
  await opened.page.goto(path);
  await opened.page.locator('h1').waitFor();
  return opened;
}

test('a request is made beside the grid, its proposal accepted, and its rooms given back', async () => {
  const { context, page, complaints } = await enter(`/rooms?semester=${semester}`);
  const panel = page.getByRole('complementary', { name: 'Details' });
  const held = (use) => page.locator(`button[data-room][data-use=${use}]`);
  await page.getByRole('button', { name: 'Ask for rooms' }).click();
  await panel.getByRole('button', { name: 'Ask', exact: true }).click();
  await panel.getByText('This is missing.').first().waitFor();
  await panel.getByRole('combobox', { name: 'Faculty' }).fill('faculty-02');
  await panel.getByRole('combobox', { name: 'Programme' }).fill('program-03-1');
  await panel.getByLabel('Classrooms').fill('3');
  await panel.getByLabel('Laboratories').fill('2');
  await panel.getByRole('button', { name: 'Ask', exact: true }).click();
  await panel.getByText('faculty-02 has no such programme').waitFor();
  await panel.getByRole('combobox', { name: 'Programme' }).fill('program-02-3');
  await page.keyboard.press('Tab');
  await panel.getByRole('button', { name: 'Ask', exact: true }).click();
  const card = panel.locator('[data-proposal]');
  await card.getByRole('timer').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[data-room][data-use=reserved]').length === 5);
  await card.getByRole('button', { name: 'Accept' }).click();
  await panel.locator('[data-request-details=accepted]').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[data-room][data-use=assigned]').length === 5);
  assert.equal(await held('reserved').count(), 0);
  await held('assigned').first().click();
  await panel.locator('[data-room-details=assigned]').getByText('Programme 02-3').first().waitFor();
  await panel.getByRole('button', { name: 'Give the rooms back' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Give back' }).click();
  await held('assigned').first().waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a shortage is explained, and who waits is served when rooms are given back', async () => {
  const all = await post('/rooms/requests', wish({ classrooms: 380, labs: 60, hold_s: 600 }));
  assert.equal(all.state, 'proposed');
  const { context, page } = await enter(`/rooms/requests?semester=${semester}`);
  const panel = page.getByRole('complementary', { name: 'Details' });
  const ask = async (wait) => {
    await page.getByRole('button', { name: 'Ask for rooms' }).click();
    await panel.getByRole('combobox', { name: 'Faculty' }).fill('faculty-04');
    await panel.getByRole('combobox', { name: 'Programme' }).fill('program-04-1');
    await page.keyboard.press('Tab');
    if (wait) await panel.getByLabel('If there are too few, wait in the list').check();
    await panel.getByRole('button', { name: 'Ask', exact: true }).click();
  };
  await ask(false);
  await panel.locator('[data-request-details=denied]').getByText('there were too few free rooms').waitFor();
  await panel.locator('[data-shortage]').getByText('0 classrooms and 0 laboratories').waitFor();
  await ask(true);
  const waits = panel.locator('[data-request-details=waiting]');
  await waits.waitFor();
  await page.locator('[data-request][data-state=waiting]').first().waitFor();
  await post(`/rooms/requests/${all.id}/ack`, { accept: false });
  await panel.locator('[data-proposal]').getByRole('button', { name: 'Reject' }).click();
  await panel.locator('[data-request-details=rejected]').waitFor();
  await page.goto('/rooms/alerts');
  await page.locator('[data-alert=rooms-exhausted]').filter({ hasText: semester }).first().waitFor();
  await context.close();
});

test('a proposal waits on the start page, and is answered there', async () => {
  const made = await post('/rooms/requests', wish({ classrooms: 1, labs: 0 }));
  const { context, page } = await enter('/');
  const card = page.locator(`[data-proposal="${made.id}"]`);
  await card.getByRole('button', { name: 'Accept' }).click();
  await card.waitFor({ state: 'detached' });
  assert.equal((await api(`/rooms/requests/${made.id}`)).state, 'accepted');
  await context.close();
});

test('what others do shows without a reload, and moves nothing in the list', async () => {
  const first = await post('/rooms/requests', wish({ classrooms: 1, labs: 0, hold_s: 600 }));
  const { context, page } = await enter(`/rooms/requests?semester=${semester}`);
  const row = page.locator(`[data-request="${first.id}"]`);
  await row.waitFor();
  const top = async () => (await page.locator('[data-request]').first().boundingBox()).y;
  await page.locator('#main h1').click();
  await post(`/rooms/requests/${first.id}/ack`, { accept: true });
  await page.locator(`[data-request="${first.id}"][data-state=accepted]`).waitFor();
  // The proposal above the list is gone by now; from here on nothing may move.
  await page.locator(`[data-proposal="${first.id}"]`).waitFor({ state: 'detached' });
  const before = await top();
  const second = await post('/rooms/requests', wish({ classrooms: 1, labs: 0, hold_s: 5 }));
  const fresh = page.getByRole('button', { name: 'Show new ones: 1' });
  await fresh.waitFor();
  assert.equal(await page.locator(`[data-request="${second.id}"]`).count(), 0);
  assert.equal(await top(), before);
  await fresh.click();
  await page.locator(`[data-request="${second.id}"]`).waitFor();
  await context.close();
});

test('requests are exported as filtered, as CSV and as JSON', async () => {
  const made = await post('/rooms/requests', wish({ classrooms: 1, labs: 0, hold_s: 1 }));
  const { context, page } = await enter(`/rooms/requests?semester=${semester}`);
  const save = async (what) => {
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export' }).click();
    await page.getByRole('menuitem', { name: what }).click();
    return readFile(await (await download).path(), 'utf8');
  };
  const csv = await save('CSV');
  assert.ok(csv.startsWith('id,request_id,faculty,program,semester'));
  const lines = csv.trim().split('\r\n').slice(1);
  assert.ok(lines.some((line) => line.startsWith(made.id)) && lines.every((line) => line.includes(semester)));
  const list = JSON.parse(await save('JSON'));
  assert.ok(list.some((one) => one.id === made.id) && list.every((one) => one.semester === semester));
  assert.equal(list.length, lines.length);
  await context.close();
});

test('the grid is walked by arrows, filtered, and found by the search box', async () => {
  const { context, page, complaints } = await enter(`/rooms?semester=${semester}`);
  const cells = page.locator('button[data-room]');
  await cells.first().focus();
  await page.keyboard.press('ArrowRight');
  const name = await cells.nth(1).getAttribute('data-room');
  assert.equal(await page.evaluate(() => document.activeElement.dataset.room), name);
  const under = await cells.nth(1).boundingBox();
  await page.keyboard.press('ArrowDown');
  const below = await page.evaluate(() => {
    const { left, top } = document.activeElement.getBoundingClientRect();
    return { left, top };
  });
  assert.ok(below.top > under.y && Math.abs(below.left - under.x) < 8, JSON.stringify({ under, below }));
  assert.equal(await page.locator('button[data-room][tabindex="0"]').count(), 1);
  await page.getByRole('button', { name: /^Kind/ }).click();
  await page.getByRole('menuitemradio', { name: 'Laboratory', exact: true }).click();
  await page.waitForFunction(() => document.querySelector('button[data-room^=S]') === null);
  assert.equal(
    await cells.count(),
    (await api(`/rooms/inventory?semester=${semester}`)).rooms.filter((one) => one.kind === 'lab').length,
  );
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).fill('L-07');
  await page.getByRole('option', { name: /^L-07/ }).click();
  await page.getByRole('complementary', { name: 'Details' }).getByRole('heading', { name: 'L-07' }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the metrics are pictures, tables and CSV', async () => {
  const { context, page, complaints } = await enter('/rooms/metrics');
  await page.setViewportSize(LAPTOP);
  const chart = page.locator('[data-chart=rooms-proposal]');
  await chart.locator('canvas').first().waitFor();
  const picture = page.waitForEvent('download');
  await chart.getByRole('button', { name: /^PNG/ }).click();
  assert.equal((await readFile(await (await picture).path())).subarray(1, 4).toString(), 'PNG');
  await chart.getByRole('button', { name: 'See the table' }).click();
  await chart.locator('tbody tr').first().waitFor();
  const table = page.waitForEvent('download');
  await chart.getByRole('button', { name: /^CSV/ }).click();
  assert.match(await readFile(await (await table).path(), 'utf8'), /p50,(p95,)?p99/);
  await page.locator('[data-chart=rooms-results] canvas').first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
