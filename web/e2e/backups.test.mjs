// Backups: what is registered, run, browsed, proven and fetched; what is wrong is said, and live says what changes.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { logIn, openApi, openBrowser, openCampus, openPage, PHONE } from './browser.mjs';

let campus;
let chromium;
let api;

before(async () => {
  // Agents are not to be had in a browser's test: this one always speaks to the mock.
  campus = await openCampus({ mock: true });
  chromium = await openBrowser();
  api = await openApi(campus);
});
after(async () => {
  await chromium?.close();
  await campus?.close();
});

async function enter(path, options = {}) {
  const opened = await openPage(chromium.browser, campus, { language: 'en', ...options });
  await logIn(opened.page, campus);
  await opened.page.goto(path);
  await opened.page.locator('h1').waitFor();
  return opened;
}

const targetOf = async (path) => (await api('/backups/targets')).items.find((one) => one.path === path);
const row = (page, path) => page.locator('li[data-health]', { hasText: path });

test('a path is registered, its wrong fields are named, and its first backup shows without a reload', async () => {
  const { context, page, complaints } = await enter('/backups');
  await page.locator('[data-standing=live]').waitFor();
  await page.getByRole('button', { name: 'Register a path' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Port').fill('70000');
  await dialog.getByLabel('Every how many minutes').fill('0');
  await dialog.getByRole('button', { name: 'Register', exact: true }).click();
  for (const told of ['Give a name or an IP address', '1 to 65535', 'Give an absolute path', '1 to 525600 minutes']) {
    await dialog.getByText(told).waitFor();
  }
  await dialog.getByLabel("Node's address").fill('nowhere..');
  await dialog.getByLabel('Port').fill('9750');
  await dialog.getByLabel('Path').fill('/srv/new');
  await dialog.getByRole('button', { name: '6 hr' }).click();
  await dialog.getByRole('button', { name: 'Register', exact: true }).click();
  // What only the campus knows stands at its field too.
  await dialog.getByText('a host name or an IP address is expected').waitFor();
  await dialog.getByLabel("Node's address").fill('web-1');
  await dialog.getByLabel('Path').fill('/srv/sitio');
  await dialog.getByRole('button', { name: 'Register', exact: true }).click();
  await dialog.getByText('This path of this node is registered already.').waitFor();
  await dialog.getByLabel('Path').fill('/srv/new');
  await dialog.getByRole('button', { name: 'Register', exact: true }).click();
  await dialog.waitFor({ state: 'detached' });
  await row(page, '/srv/new').and(page.locator('[data-health=unproven]')).waitFor();
  assert.equal((await targetOf('/srv/new')).every_minutes, 360);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a backup that is asked for is shown as it goes on, and a row is green only when proven', async () => {
  const { context, page } = await enter('/backups');
  const lab = row(page, '/home/investigación');
  assert.equal(await lab.getAttribute('data-health'), 'never');
  await page.locator('[data-standing=live]').waitFor();
  await lab.getByRole('button', { name: /^Back up now/ }).click();
  await lab.and(page.locator('[data-health=running]')).waitFor();
  await lab.and(page.locator('[data-health=unproven]')).waitFor();
  await lab.getByRole('img', { name: '1 of 10 backups kept, 0 proven' }).waitFor();
  await row(page, '/srv/sitio').and(page.locator('[data-health=proven]')).waitFor();
  await row(page, '/var/backups/mysql').and(page.locator('[data-health=damaged]')).waitFor();
  await context.close();
});

test('a path is no longer backed up, keeps what it has, and can be taken back', async () => {
  const { context, page } = await enter('/backups');
  const before = await targetOf('/var/log');
  await row(page, '/var/log').locator('a').click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Stop backing up' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('Those that are kept and the log stay.').waitFor();
  await dialog.getByRole('button', { name: 'Stop backing up' }).click();
  await row(page, '/var/log').waitFor({ state: 'detached' });
  assert.equal((await api('/backups?node=web-1&path=/var/log')).items.length, before.kept.length);
  await page.getByRole('button', { name: 'Undo' }).click();
  await row(page, '/var/log').waitFor();
  assert.equal((await targetOf('/var/log')).every_minutes, before.every_minutes);
  await context.close();
});

test('how often, and what is held, are changed beside the list', async () => {
  const { context, page } = await enter('/backups');
  await row(page, '/srv/sitio').locator('a').click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByRole('button', { name: 'Edit' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Every how many minutes').fill('x');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await dialog.getByText('1 to 525600 minutes').waitFor();
  await dialog.getByLabel('Every how many minutes').fill('30');
  await dialog.getByLabel('Hold the last good backup').check();
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await panel.getByText('30 min').waitFor();
  await panel.getByText('The last good one is held').waitFor();
  // Twelve were made, ten are kept: the others stay in the list.
  assert.equal(await panel.locator('[data-backup][data-kept=true]').count(), 10);
  assert.equal(await panel.locator('[data-backup][data-kept=false]').count(), 2);
  await context.close();
});

test('a backup is browsed like a folder, by keyboard and page after page, and one file is fetched', async () => {
  const { id } = (await targetOf('/srv/sitio')).kept[0];
  const { context, page, complaints } = await enter(`/backups/${id}`);
  await page.getByText('symbolic link → publicado/2026-11').waitFor();
  await page.locator('[data-warnings="6"]').getByText('and 2 more that are not listed').waitFor();
  await page.getByRole('link', { name: 'fotos' }).focus();
  await page.keyboard.press('Enter');
  const photos = page.locator('[data-entry=file]');
  await photos.first().waitFor();
  assert.equal(await photos.count(), 500);
  await page.getByRole('button', { name: 'Show more' }).click();
  await photos.nth(639).waitFor();
  const download = page.waitForEvent('download');
  await photos
    .first()
    .getByRole('button', { name: /^Download/ })
    .click();
  assert.equal(await readFile(await (await download).path(), 'utf8'), 'fotos/graduación-0000.jpg\n');
  await page.getByRole('navigation', { name: 'Folder' }).getByRole('link', { name: 'sitio' }).click();
  await page.getByRole('link', { name: 'vacía' }).click();
  await page.getByText('This folder is empty').waitFor();
  await page.reload();
  await page.getByText('This folder is empty').waitFor();
  const whole = page.waitForEvent('download');
  await page.getByRole('button', { name: /^Download \.tgz/ }).click();
  assert.equal((await whole).suggestedFilename(), `backup-${id}.tgz`);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('a backup is proven on demand, and says so', async () => {
  const { id } = (await targetOf('/srv/sitio')).kept.find((one) => one.proof === null);
  const { context, page } = await enter(`/backups/${id}`);
  await page.locator('[data-proof=unproven]').waitFor();
  await page.getByRole('button', { name: 'Prove it now' }).click();
  await page.locator('[data-rehearsal=proven]').waitFor();
  await page.locator('[data-proof=proven]').waitFor();
  await page.goto('/backups/log?kind=rehearsal');
  await page.locator('[data-attempt=proven]').first().getByText('Proof of restore').waitFor();
  await context.close();
});

test('the log is filtered by node, path and outcome, and says why', async () => {
  const { context, page } = await enter('/backups/log');
  await page.getByLabel('Node').fill('db-1.campus.example');
  await page.getByLabel('Outcome').selectOption({ label: 'Failed' });
  await page.locator('[data-attempt=failed]').getByText('mysqldump').waitFor();
  await page.waitForFunction(() => document.querySelectorAll('[data-attempt]').length === 1);
  await page.getByLabel('Path').fill('/elsewhere');
  await page.getByText('No attempt matches').waitFor();
  await page.getByRole('button', { name: 'Remove filters' }).click();
  await page.locator('[data-attempt=done]').first().waitFor();
  assert.equal(await page.getByLabel('Path').inputValue(), '');
  await context.close();
});

test('alerts wait on the start page; one that was meant so is dismissed into the history', async () => {
  const { context, page } = await enter('/');
  const block = page.locator('[data-backup-alerts]');
  await block.locator('[data-alert=overdue]').getByText('/var/backups/mysql').waitFor();
  await block.getByRole('link', { name: 'See the backups' }).click();
  await page
    .locator('[data-alert=shrunk]')
    .getByRole('button', { name: /^This is right/ })
    .click();
  await page.locator('[data-alert=shrunk]').waitFor({ state: 'detached' });
  await page.getByRole('link', { name: 'Backup alerts' }).click();
  await page
    .locator('[data-alert=shrunk][data-cleared=true]')
    .getByText(/settled after/)
    .waitFor();
  await context.close();
});

test('a node gets its token once, in the lines that use it, and a limit', async () => {
  const { context, page } = await enter('/backups/nodes');
  await page.getByRole('button', { name: 'Add a node' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Folder that the node lets be backed up').fill('/srv/my data');
  await dialog.getByRole('button', { name: 'Make the token' }).click();
  const [agent, register] = await dialog.locator('[data-line]').allTextContents();
  const word = /--allow '\/srv\/my data' --enroll bedel-([\w-]+)$/.exec(agent)?.[1];
  assert.equal(JSON.parse(Buffer.from(word, 'base64url')).url, campus.url);
  assert.match(register, /^bedel backup register NODE:9750 '\/srv\/my data' --every 60$/);
  await dialog.getByRole('button', { name: 'Done' }).click();
  const lab = page.locator('[data-node="lab-3:9751"]');
  await lab.getByRole('button', { name: /^Change limit/ }).click();
  await dialog.getByLabel('Most space').fill('much');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await dialog.getByText('Give a number').waitFor();
  await dialog.getByLabel('Most space').fill('1,5');
  await dialog.getByRole('button', { name: 'Save changes' }).click();
  await lab.getByText('of 1.5 GB used').waitFor();
  await lab.getByRole('button', { name: /^Change limit/ }).click();
  await dialog.getByRole('button', { name: 'Take the limit away' }).click();
  await lab.getByText('without a limit').waitFor();
  await page
    .locator('[data-agent]')
    .first()
    .getByRole('button', { name: /^Revoke/ })
    .click();
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await page.locator('[data-agent][data-revoked=true]').nth(1).waitFor();
  await context.close();
});

test('Ctrl-K finds nodes and paths', async () => {
  const { context, page } = await enter('/');
  await page.keyboard.press('Control+k');
  await page.getByRole('dialog').getByRole('combobox').fill('mysql db-1');
  await page.getByRole('option', { name: 'db-1.campus.example:9750 /var/backups/mysql' }).waitFor();
  await page.keyboard.press('Enter');
  await page.locator('[data-target-details]').waitFor();
  await context.close();
});

test('without a network the figures say as of when they are, and go on by themselves', async () => {
  const { context, page } = await enter('/backups', { viewport: PHONE });
  await page.locator('[data-standing=live]').waitFor();
  await context.setOffline(true);
  await page
    .locator('[data-standing=offline]')
    .getByText(/figures of/)
    .waitFor();
  await row(page, '/srv/sitio').waitFor();
  await context.setOffline(false);
  await page.locator('[data-standing=live]').waitFor();
  await context.close();
});

test('who is no administrator is not shown what they may not see', async () => {
  const { context, page } = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(page, { username: 'estudiante', password: 'bedel-mock' });
  assert.equal(await page.getByRole('link', { name: 'Backups' }).count(), 0);
  await page.goto('/backups');
  await page.getByText('Your account is not allowed to see this.').first().waitFor();
  await context.close();
});
