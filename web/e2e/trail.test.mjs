// What happens to files over time: the trash, the filters, the audit trail, the statistics, an administrator's hand.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { dropFile, logIn, makeFile, openBrowser, openCampus, openPage, throttle } from './browser.mjs';

const MB = 1_000_000;
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

async function enter(path) {
  const opened = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(opened.page, campus);
  await opened.page.goto(path);
  await opened.page.locator('h1').waitFor();
  return opened;
}

test('a file goes to the trash, comes back by undo and from there, and is deleted for good', async () => {
  const { context, page, complaints } = await enter('/files');
  const file = await makeFile(chromium.folder, `trash-${Date.now()}.bin`, MB);
  await dropFile(page, file);
  const row = page.locator('a[data-file]', { hasText: file.name });
  const panel = page.getByRole('complementary', { name: 'Details' });
  const throwAway = async () => {
    await row.click();
    await panel.getByRole('button', { name: 'Move to the trash' }).click();
    await row.waitFor({ state: 'detached' });
  };
  await throwAway();
  await page.getByRole('button', { name: 'Undo' }).click();
  await row.waitFor();
  await throwAway();
  await page.getByRole('link', { name: 'Trash' }).click();
  const trashed = page.locator('[data-trashed]', { hasText: file.name });
  await trashed.getByRole('button', { name: /^Restore/ }).click();
  await trashed.waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Catalogue' }).click();
  await throwAway();
  await page.getByRole('link', { name: 'Trash' }).click();
  await trashed.getByRole('button', { name: /^Delete/ }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await trashed.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the catalogue is filtered by chips, and the chosen view stays', async () => {
  const { context, page } = await enter('/files');
  const file = await makeFile(chromium.folder, `filtered-${Date.now()}.bin`, 10_000);
  await dropFile(page, file);
  const row = page.locator('a[data-file]', { hasText: file.name });
  await row.click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Edit' }).click();
  const tag = `tag${Date.now()}`;
  await panel.getByLabel('Tags').fill(`first, ${tag}`);
  await panel.getByLabel('Ends').fill('2099-01-31');
  await panel.getByRole('button', { name: 'Save changes' }).click();
  await panel.getByRole('link', { name: tag }).click();
  await page.getByRole('button', { name: `Tag: ${tag}` }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('a[data-file]').length === 1);
  await page.getByRole('button', { name: 'Remove the filter: Tag' }).click();
  await page.getByRole('button', { name: /^Type/ }).click();
  await page.getByRole('menuitemradio', { name: 'Video' }).click();
  await row.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Show as thumbnails' }).click();
  await page.reload();
  await page.locator('button[aria-pressed=true][aria-label="Show as thumbnails"]').waitFor();
  await context.close();
});

test('the trail tells an upload, and is downloaded as filtered', async () => {
  const { context, page } = await enter('/files');
  const file = await makeFile(chromium.folder, `audited-${Date.now()}.bin`, MB);
  await dropFile(page, file);
  await page.locator('[data-upload=done]', { hasText: file.name }).waitFor();
  await page.getByRole('link', { name: 'Audit trail' }).click();
  const entry = page.locator('[data-audit=done]', { hasText: file.name });
  await entry.getByText('Upload').waitFor();
  await page.getByLabel('Direction').selectOption({ label: 'Download' });
  await entry.waitFor({ state: 'detached' });
  await page.getByLabel('Direction').selectOption({ label: 'Upload' });
  await entry.waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  assert.ok(csv.includes(file.name) && csv.includes(file.sha256));
  assert.ok(!csv.includes(',download,'));
  await context.close();
});

test('each chart is a picture, a table and a CSV', async () => {
  const { context, page, complaints } = await enter('/files/statistics');
  const chart = page.locator('[data-chart=transfers]');
  await chart.locator('canvas').waitFor();
  const picture = page.waitForEvent('download');
  await chart.getByRole('button', { name: /^PNG/ }).click();
  const png = await readFile(await (await picture).path());
  assert.equal(png.subarray(1, 4).toString(), 'PNG');
  await chart.getByRole('button', { name: 'See the table' }).click();
  assert.equal(await chart.locator('tbody tr').count(), 30);
  const table = page.waitForEvent('download');
  await chart.getByRole('button', { name: /^CSV/ }).click();
  const csv = await readFile(await (await table).path(), 'utf8');
  assert.equal(csv.trim().split('\r\n').length, 31);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a transfer is paused, let go on and ended from the page of transfers', async () => {
  const { context, page } = await enter('/system/transfers');
  const file = await makeFile(chromium.folder, `held-${Date.now()}.bin`, 40 * MB);
  await throttle(page, 2 * MB);
  await dropFile(page, file);
  const row = page.locator('[data-transfer]', { hasText: file.name });
  await row.getByRole('button', { name: /^Pause/ }).click();
  await page.locator('[data-transfer=paused]', { hasText: file.name }).waitFor();
  await page.locator('[data-upload=retrying]').getByText('Paused at the campus').waitFor();
  await row.getByRole('button', { name: /^Resume/ }).click();
  await page.locator('[data-transfer=paused]', { hasText: file.name }).waitFor({ state: 'detached' });
  await row.getByRole('button', { name: /^End/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('will be lost').waitFor();
  await dialog.getByRole('button', { name: 'End the transfer' }).click();
  await row.waitFor({ state: 'detached' });
  await context.close();
});

test('an upload that does not fit into the quota says how much is left', async () => {
  const { context, page } = await enter('/files');
  await page.route('**/api/v1/uploads', (route) =>
    route.fulfill({
      status: 507,
      contentType: 'application/problem+json',
      json: { type: '/problems/quota', title: 'The quota is full', status: 507, detail: '1500000 bytes are left' },
    }),
  );
  await page.route('**/api/v1/quotas/me', (route) =>
    route.fulfill({ json: { used: 8_500_000, reserved: 0, limit: 10_000_000 } }),
  );
  await dropFile(page, await makeFile(chromium.folder, `large-${Date.now()}.bin`, 2 * MB));
  await page.locator('[data-upload=failed]').getByText('It does not fit into your quota: 1.5 MB are left.').waitFor();
  await context.close();
});
