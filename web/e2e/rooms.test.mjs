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

test('the other server is told to lead, and requests go on', async () => {
  const { context, page } = await enter('/rooms/metrics');
  const before = (await api('/rooms/metrics')).leader;
  await page.getByRole('button', { name: 'Hand over' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('No request is lost').waitFor();
  await dialog.getByRole('button', { name: 'Hand over' }).click();
  await page.getByText(/^The other server leads, in epoch/).waitFor();
  await dialog.waitFor({ state: 'detached' });
  const leads = page.locator('dl dd').first();
  await leads.filter({ hasNotText: before.server }).waitFor();
  const after = (await api('/rooms/metrics')).leader;
  assert.notEqual(after.server, before.server);
  assert.ok(after.epoch > before.epoch, JSON.stringify({ before, after }));
  const made = await post('/rooms/requests', wish({ classrooms: 1, labs: 0 }));
  assert.equal(made.state, 'proposed');
  await context.close();
});

test('who waits in the list is served first come first, and may leave it', async () => {
  const crowded = `${Number(semester.slice(0, 4)) + 1}-20`;
  const all = await post('/rooms/requests', wish({ semester: crowded, classrooms: 380, labs: 60, hold_s: 600 }));
  const waits = (program) =>
    post('/rooms/requests', wish({ semester: crowded, program, classrooms: 380, labs: 0, wait: true, hold_s: 600 }));
  const first = await waits('program-02-1');
  const second = await waits('program-02-2');
  assert.deepEqual([first.state, second.state], ['waiting', 'waiting']);
  const { context, page } = await enter(`/rooms/requests?semester=${crowded}&state=waiting`);
  await page.locator(`[data-request="${second.id}"]`).click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Leave the waiting list' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Leave the list' }).click();
  await panel.locator('[data-request-details=rejected]').waitFor();
  await post(`/rooms/requests/${all.id}/ack`, { accept: false });
  await page.goto(`/rooms/requests?semester=${crowded}&request=${first.id}`);
  await panel.locator('[data-request-details=proposed]').waitFor();
  assert.equal((await api(`/rooms/requests/${second.id}`)).state, 'rejected');
  await context.close();
});

test('a faculty and its programme get keys that are shown once, lose them and go', async () => {
  const name = `taller-${Date.now()}`;
  const { context, page, complaints } = await enter('/rooms/members');
  const panel = page.getByRole('complementary', { name: 'Details' });
  const dialog = page.getByRole('dialog');
  const make = async (what, title) => {
    await dialog.getByLabel('Name of the key').fill(what);
    await dialog.getByLabel('Name for people (optional)').fill(title);
    await dialog.getByRole('button', { name: 'Add', exact: true }).click();
    await dialog.locator('[data-key-file]').waitFor();
    const download = page.waitForEvent('download');
    await dialog.getByRole('button', { name: `Save ${what}.key` }).click();
    const saved = await download;
    assert.equal(saved.suggestedFilename(), `${what}.key`);
    assert.match(await readFile(await saved.path(), 'utf8'), /^\S{40}\n\S{40}\n?$/);
    await dialog.getByRole('button', { name: 'Done' }).click();
  };
  await page.getByRole('button', { name: 'Add a faculty' }).click();
  await make(name, `Taller ${name}`);
  await page.getByRole('button', { name: `Add a programme to Taller ${name}` }).click();
  await make(`${name}-p1`, '');
  const row = page.locator(`[data-member="${name}-p1"]`);
  await row.getByText('Admitted').waitFor();
  await panel.getByRole('button', { name: 'Revoke' }).click();
  await dialog.getByRole('button', { name: 'Revoke the key' }).click();
  await row.getByText('Revoked').waitFor();
  await panel.getByRole('button', { name: 'Admit again' }).click();
  await row.getByText('Admitted').waitFor();
  await page.locator(`[data-member="${name}"]`).click();
  await panel.getByRole('button', { name: 'Remove the faculty' }).click();
  await dialog.getByText('Its programmes go with it.').waitFor();
  await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByText(`The key of ${name}-p1 was revoked`).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the history of the servers is drawn, also over a month', async () => {
  const { context, page, complaints } = await enter('/rooms/metrics');
  const cpu = page.locator('[data-chart=rooms-history-cpu]');
  await cpu.locator('canvas').waitFor();
  await page.getByLabel('Period', { exact: true }).selectOption('720');
  await cpu.getByRole('button', { name: 'See the table' }).click();
  await cpu.locator('tbody tr').first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a window that becomes narrower keeps what is being written beside the list', async () => {
  const { context, page } = await enter(`/rooms/requests?semester=${semester}&ask=true`);
  const programme = page.getByRole('combobox', { name: 'Programme' });
  await programme.fill('program-02-3');
  await page.getByLabel('Classrooms').fill('9');
  await page.setViewportSize({ width: 1000, height: 800 });
  await page.getByRole('dialog', { name: 'Ask for rooms for a programme' }).waitFor();
  assert.equal(await programme.inputValue(), 'program-02-3');
  assert.equal(await page.getByLabel('Classrooms').inputValue(), '9');
  assert.equal(await page.getByLabel('Classrooms').evaluate((one) => one === document.activeElement), true);
  await page.setViewportSize(LAPTOP);
  await page.getByRole('complementary', { name: 'Details' }).waitFor();
  assert.equal(await page.getByLabel('Classrooms').inputValue(), '9');
  await context.close();
});
