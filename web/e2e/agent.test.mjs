// Backups of a node with a real agent: enrolled from the page, backed up, browsed, fetched, proven, and told when it is gone.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { logIn, openBrowser, openCampus, openPage } from './browser.mjs';

const run = promisify(execFile);
const { BEDEL, BEDEL_URL } = process.env;
const PATIENCE = 60_000;

let campus;
let chromium;
let folder;
let agent;

/** A port that was free a moment ago: it must be known before the agent listens. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** An agent, once it listens. */
async function startAgent(port, words = []) {
  const flags = ['--listen', `127.0.0.1:${port}`, '--allow', join(folder, 'srv'), '--state', join(folder, 'state')];
  const child = spawn(BEDEL, ['agent', ...flags, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  await new Promise((resolve, reject) => {
    child.stdout.on('data', (text) => {
      said += text;
      if (said.includes('Waiting for the campus')) resolve();
    });
    child.once('exit', (code) => reject(new Error(`the agent ended with ${code}: ${said}`)));
  });
  return child;
}

async function stopAgent() {
  if (agent === undefined || agent.exitCode !== null || agent.signalCode !== null) return;
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill('SIGTERM');
  await ended;
}

before(async () => {
  campus = await openCampus();
  chromium = await openBrowser();
  folder = await mkdtemp(join(tmpdir(), 'bedel-agent-'));
});
after(async () => {
  await stopAgent();
  await chromium?.close();
  await campus?.close();
  await rm(folder, { recursive: true, force: true });
});

const row = (page, path) => page.locator('li[data-health]', { hasText: path });

if (BEDEL !== undefined && BEDEL_URL !== undefined) {
  test('a node is added, backed up, browsed, fetched, proven, and missed when it is gone', {
    timeout: 300_000,
  }, async () => {
    const data = join(folder, 'srv/data');
    await mkdir(join(data, 'fotos y más'), { recursive: true });
    await writeFile(join(data, 'fotos y más/año nuevo.txt'), 'feliz\n');
    await writeFile(join(data, 'acta.txt'), 'first\n');
    await symlink('fotos y más/año nuevo.txt', join(data, 'atajo'));
    const { context, page, complaints } = await openPage(chromium.browser, campus, { language: 'en' });
    page.setDefaultTimeout(PATIENCE);
    await logIn(page, campus);

    // The lines that the page shows make a node of this machine.
    await page.goto('/backups/nodes');
    await page.getByRole('button', { name: 'Add a node' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Folder that the node lets be backed up').fill(join(folder, 'srv'));
    await dialog.getByRole('button', { name: 'Make the token' }).click();
    const line = await dialog.locator('[data-line]').first().textContent();
    const token = /--enroll (bedel-[\w-]+)$/.exec(line)?.[1] ?? assert.fail(line);
    const port = await freePort();
    agent = await startAgent(port, ['--enroll', token]);
    await dialog.getByRole('button', { name: 'Done' }).click();

    // Registered on the page; what becomes of it shows by itself, a path that is not there too. Nights begin when a
    // campus does: whether it is proven already when it is first seen is chance.
    await page.goto('/backups');
    await page.locator('[data-standing=live]').waitFor();
    for (const path of [data, join(folder, 'srv/nothing')]) {
      await page.getByRole('button', { name: 'Register a path' }).click();
      await dialog.getByLabel("Node's address").fill('127.0.0.1');
      await dialog.getByLabel('Port').fill(String(port));
      await dialog.getByLabel('Path').fill(path);
      await dialog.getByRole('button', { name: 'Register', exact: true }).click();
      await dialog.waitFor({ state: 'detached' });
    }
    await row(page, 'srv/nothing').and(page.locator('[data-health=failing]')).waitFor();
    await row(page, data)
      .getByRole('img', { name: /^1 of 10 backups kept/ })
      .waitFor();

    // Looked into, and one file of it fetched.
    await row(page, data).locator('a').first().click();
    await page.locator('[data-backup][data-kept=true] a').first().click();
    await page.getByText('symbolic link → fotos y más/año nuevo.txt').waitFor();
    await page.getByRole('link', { name: 'fotos y más' }).click();
    const one = page.locator('[data-entry=file]');
    const fetched = page.waitForEvent('download');
    await one.getByRole('button', { name: /^Download/ }).click();
    const file = await fetched;
    assert.equal(file.suggestedFilename(), 'año nuevo.txt');
    assert.equal(await readFile(await file.path(), 'utf8'), 'feliz\n');

    // The whole of it, as tar sees it.
    const whole = page.waitForEvent('download');
    await page.getByRole('button', { name: /^Download \.tgz/ }).click();
    const archive = join(folder, 'whole.tgz');
    await (await whole).saveAs(archive);
    const { stdout } = await run('tar', ['--extract', '--gzip', '--to-stdout', '--file', archive, 'acta.txt']);
    assert.equal(stdout, 'first\n');

    // Proven on demand: then its row is green.
    await page.getByRole('button', { name: 'Prove it now' }).click();
    await page.locator('[data-rehearsal=proven]').waitFor();
    await page.goto('/backups');
    await row(page, data).and(page.locator('[data-health=proven]')).waitFor();

    // What changed makes another backup; the log tells how each attempt ended.
    await writeFile(join(data, 'acta.txt'), 'second\n');
    await row(page, data)
      .getByRole('button', { name: /^Back up now/ })
      .click();
    await row(page, data)
      .getByRole('img', { name: /^2 of 10 backups kept/ })
      .waitFor();
    await stopAgent();
    await row(page, data)
      .getByRole('button', { name: /^Back up now/ })
      .click();
    await row(page, data).and(page.locator('[data-health=failing]')).waitFor();
    await page.goto(`/backups/log?node=127.0.0.1:${port}`);
    for (const [outcome, path] of [
      ['unreachable', data],
      ['done', data],
      ['proven', data],
      ['failed', join(folder, 'srv/nothing')],
    ]) {
      await page.locator(`[data-attempt=${outcome}]`, { hasText: path }).first().waitFor();
    }

    // Back again, it is called without anybody's asking.
    agent = await startAgent(port);
    await page.goto('/backups');
    await row(page, data).and(page.locator('[data-health=proven]')).waitFor();
    for (const path of [data, join(folder, 'srv/nothing')]) {
      await row(page, path).locator('a').first().click();
      await page
        .getByRole('complementary', { name: 'Details' })
        .getByRole('button', { name: 'Stop backing up' })
        .click();
      await dialog.getByRole('button', { name: 'Stop backing up' }).click();
      await row(page, path).waitFor({ state: 'detached' });
    }
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
