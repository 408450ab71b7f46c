// Files for and from people without an account: links with password and limit, and vouchers.
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

const open = () => openPage(chromium.browser, campus, { language: 'en' });

test('a link is made, opened with its password, used up and revoked', async () => {
  const { context, page, complaints } = await open();
  await logIn(page, campus);
  await page.goto('/files');
  await page.locator('h1').waitFor();
  const file = await makeFile(chromium.folder, `shared-${Date.now()}.bin`, MB);
  await dropFile(page, file);
  await page
    .locator('[data-upload=done]', { hasText: file.name })
    .getByRole('button', { name: /^See the file/ })
    .click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Create a link' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Who it is for/).fill('Library');
  await dialog.getByRole('textbox', { name: /^Password/ }).fill('open sesame');
  await dialog.getByLabel(/^Downloads allowed/).fill('1');
  await dialog.getByRole('button', { name: 'Create a link' }).click();
  const link = await dialog.locator('pre').textContent();
  assert.match(link, /\/s\/[\w-]+$/);
  await dialog.getByRole('button', { name: 'Done' }).click();
  const row = panel.locator('[data-share=open]', { hasText: 'Library' });
  await row.getByText('downloads: 0 of 1').waitFor();

  const other = await open();
  await other.page.goto(link);
  await other.page.getByRole('heading', { level: 1, name: file.name }).waitFor();
  await other.page.getByText(file.sha256).waitFor();
  const password = other.page.getByRole('textbox', { name: 'Password' });
  await password.fill('wrong');
  await other.page.getByRole('button', { name: 'Download' }).click();
  await other.page.getByText('That is not the password of this link.').waitFor();
  await password.fill('open sesame');
  const download = other.page.waitForEvent('download');
  await other.page.getByRole('button', { name: 'Download' }).click();
  assert.equal((await download).suggestedFilename(), file.name);
  await other.page.getByText('The download has begun.').waitFor();
  await other.page.reload();
  await other.page.getByRole('heading', { name: 'This link was used as often as it may be' }).waitFor();
  assert.deepEqual(other.complaints, []);
  await other.context.close();

  await page.reload();
  const used = panel.locator('[data-share=used_up]', { hasText: 'Library' });
  await used.getByRole('button', { name: 'Revoke: Library' }).click();
  await page.getByRole('button', { name: 'Revoke the link' }).click();
  await used.waitFor({ state: 'detached' });
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a guest uploads by a voucher, comes back after a reload and gets a receipt', async () => {
  const { context, page, complaints } = await open();
  await logIn(page, campus);
  await page.goto('/files/requests');
  await page.getByRole('button', { name: 'Ask for files' }).first().click();
  const dialog = page.getByRole('dialog');
  const note = `The signed contract ${Date.now()}`;
  await dialog.getByLabel('What you ask for, and why').fill(note);
  await dialog.getByLabel('Files at most').fill('1');
  await dialog.getByRole('button', { name: 'Create the link' }).click();
  const link = await dialog.locator('pre').textContent();
  assert.match(link, /\/v\/[\w-]+$/);
  await dialog.getByRole('button', { name: 'Done' }).click();
  const request = page.locator('[data-voucher]', { hasText: note });
  await request.getByText('0 of 1 files').waitFor();

  const other = await open();
  const guest = other.page;
  await guest.goto(link);
  await guest.getByText(note).waitFor();
  const file = await makeFile(chromium.folder, `contract-${Date.now()}.bin`, 24 * MB);
  await throttle(guest, 4 * MB);
  await dropFile(guest, file);
  const row = guest.locator('[data-upload]', { hasText: file.name });
  const percent = async (one) => Number(await one.getByRole('progressbar').getAttribute('aria-valuenow'));
  await guest.waitForFunction(() =>
    [...document.querySelectorAll('[data-upload] [role=progressbar]')].some(
      (bar) => Number(bar.getAttribute('aria-valuenow')) >= 10,
    ),
  );
  await row.getByRole('button', { name: /^Pause/ }).click();
  await guest.locator('[data-upload=paused]').waitFor();
  await row.getByRole('button', { name: /^Resume/ }).click();
  await guest.locator('[data-upload=sending]').getByText('/s').waitFor();
  await guest.reload();
  const unfinished = guest.locator('[data-upload=unfinished]', { hasText: file.name });
  await unfinished.waitFor();
  assert.ok((await percent(unfinished)) > 0, 'the campus kept what had arrived');
  await throttle(guest, -1);
  const chooser = guest.waitForEvent('filechooser');
  await unfinished.getByRole('button', { name: /^Continue/ }).click();
  await (await chooser).setFiles(file.path);
  const received = guest.locator('[data-received=done]', { hasText: file.name });
  await received.getByText(file.sha256).waitFor();
  await guest.getByText('All the files that this link takes have arrived.').waitFor();
  const receipt = guest.waitForEvent('download');
  await guest.getByRole('button', { name: 'Save the receipt' }).click();
  assert.equal((await receipt).suggestedFilename(), 'receipt.txt');
  assert.deepEqual(other.complaints, []);
  await other.context.close();

  await page.reload();
  await request.getByText('1 of 1 files').waitFor();
  await page.goto(`/files?q=${file.name}`);
  await page.locator('a[data-file]', { hasText: file.name }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
