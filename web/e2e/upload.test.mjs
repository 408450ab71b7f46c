// An upload's life: dropped, paused, resumed, interrupted by a reload, continued, found, looked at, deleted.
import assert from 'node:assert/strict';
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

const percent = async (row) => Number(await row.getByRole('progressbar').getAttribute('aria-valuenow'));

async function waitForPercent(page, row, least) {
  await page.waitForFunction(
    ([element, wanted]) => Number(element.querySelector('[role=progressbar]')?.getAttribute('aria-valuenow')) >= wanted,
    [await row.elementHandle(), least],
  );
}

test('a large file survives pause, resume and a reload', async () => {
  const { context, page, complaints } = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(page, campus);
  await page.goto('/files');
  await page.locator('h1').waitFor();
  const file = await makeFile(chromium.folder, `reload-${Date.now()}.bin`, 24 * MB);

  await throttle(page, 4 * MB);
  await dropFile(page, file);
  const row = page.locator('[data-upload]', { hasText: file.name });
  await waitForPercent(page, row, 5);

  await row.getByRole('button', { name: /^Pause/ }).click();
  await page.locator('[data-upload=paused]', { hasText: file.name }).waitFor();
  const paused = await percent(row);
  assert.ok(paused >= 5 && paused < 100, `paused at ${paused} %`);
  await row.getByRole('button', { name: /^Resume/ }).click();
  await waitForPercent(page, row, Math.min(95, paused + 10));
  assert.ok((await percent(row)) >= paused, 'progress does not go backwards');

  await page.reload();
  const unfinished = page
    .getByRole('region', { name: 'Uploads' })
    .locator('[data-upload=unfinished]', { hasText: file.name });
  await unfinished.waitFor();
  const kept = await percent(unfinished);
  assert.ok(kept > 0, 'the campus kept what had arrived');

  await throttle(page, -1);
  const sent = [];
  page.on('request', (request) => {
    if (request.method() === 'PATCH') sent.push(Number(request.headers()['upload-offset']));
  });
  const chooser = page.waitForEvent('filechooser');
  await unfinished.getByRole('button', { name: /^Continue/ }).click();
  await (await chooser).setFiles(file.path);
  const done = page.locator('[data-upload=done]', { hasText: file.name });
  await done.waitFor();
  assert.ok(sent[0] > 0, `the first request after the reload begins at ${sent[0]}`);

  await done.getByRole('button', { name: /^See the file/ }).click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByText(file.sha256).waitFor();
  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Download' }).click();
  assert.equal((await download).suggestedFilename(), file.name);

  await panel.getByRole('button', { name: 'Move to the trash' }).click();
  await panel.waitFor({ state: 'detached' });
  await page.getByRole('list').locator('a', { hasText: file.name }).waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('an upload waits out a campus that is away and goes on by itself', async () => {
  const { context, page } = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(page, campus);
  await page.goto('/files');
  await page.locator('h1').waitFor();
  const file = await makeFile(chromium.folder, `outage-${Date.now()}.bin`, 20 * MB);
  await throttle(page, 6 * MB);
  let refusals = 0;
  await page.route('**/api/v1/uploads/*', async (route) => {
    if (refusals > 0 && refusals < 3 && route.request().method() !== 'DELETE') {
      refusals += 1;
      await route.fulfill({ status: 503, headers: { 'retry-after': '1' }, body: '{}' });
    } else await route.fallback();
  });
  await dropFile(page, file);
  const row = page.locator('[data-upload]', { hasText: file.name });
  await waitForPercent(page, row, 10);
  refusals = 1;
  // The link is cut in the middle of a chunk.
  await page.context().setOffline(true);
  await row.getByText('No connection; it will resume by itself').waitFor();
  const before = await percent(row);
  await page.context().setOffline(false);
  await throttle(page, -1);
  const done = page.locator('[data-upload=done]', { hasText: file.name });
  await done.waitFor();
  assert.ok(refusals >= 2, 'the campus refused in between');
  assert.ok(before > 0);
  await done.getByRole('button', { name: /^See the file/ }).click();
  await page.getByRole('complementary', { name: 'Details' }).getByText(file.sha256).waitFor();
  await context.close();
});
