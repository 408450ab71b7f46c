// What every browser test needs: Debian's Chromium, a logged-in page, files to upload.

import { spawn } from 'node:child_process';
import { createHash, randomFillSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

export const PHONE = { width: 390, height: 844 };
export const LAPTOP = { width: 1440, height: 900 };

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** The campus under test: the one that the environment names, else, or if that cannot have what is wanted, a mock of its own. */
export async function openCampus({ mock = false } = {}) {
  if (process.env.BEDEL_URL && !mock) {
    return {
      url: process.env.BEDEL_URL.replace(/\/$/, ''),
      username: process.env.BEDEL_USERNAME ?? 'admin',
      password: process.env.BEDEL_PASSWORD ?? '',
      mock: false,
      close: async () => undefined,
    };
  }
  const server = new URL('../mock/server.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [server, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise((resolve, reject) => {
    child.stdout.once('data', (line) => resolve(String(line).trim()));
    child.once('exit', (code) => reject(new Error(`the mock ended with ${code}`)));
  });
  return {
    url,
    username: 'admin',
    password: 'bedel-mock',
    mock: true,
    close: () =>
      new Promise((resolve) => {
        child.once('exit', resolve);
        child.kill('SIGTERM');
      }),
  };
}

export async function openBrowser() {
  const folder = await mkdtemp(join(tmpdir(), 'bedel-e2e-'));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
    ignoreDefaultArgs: ['--headless=old'],
  });
  return {
    browser,
    folder,
    close: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export async function openPage(browser, campus, options = {}) {
  const { language = 'es', scheme = 'light', viewport = LAPTOP } = options;
  const context = await browser.newContext({
    baseURL: campus.url,
    viewport,
    locale: language === 'es' ? 'es-GT' : 'en-US',
    colorScheme: scheme,
    ignoreHTTPSErrors: true,
    acceptDownloads: true,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  // Interception begins some time after a listener is added: from the start, so that no chooser slips through.
  page.on('filechooser', () => undefined);
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && /content security policy/i.test(message.text())) complaints.push(message.text());
  });
  return { context, page, complaints };
}

export async function logIn(page, campus) {
  await page.goto('/login');
  await page.locator('input[name=username]').fill(campus.username);
  await page.locator('input[name=password]').fill(campus.password);
  await page.locator('button[type=submit]').click();
  await page.locator('#main h1').waitFor();
}

/** A file of random bytes on disk, with its digest. */
export async function makeFile(folder, name, size) {
  const bytes = randomFillSync(Buffer.alloc(size));
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { path, name, size, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/** Drops a file that is on disk onto the window, through the browser's own drag events. */
export async function dropFile(page, file) {
  const client = await page.context().newCDPSession(page);
  const data = { items: [], files: [file.path], dragOperationsMask: 1 };
  const drag = (type) => client.send('Input.dispatchDragEvent', { type, x: 500, y: 300, data });
  await drag('dragEnter');
  await drag('dragOver');
  await page.locator('[data-drop]').waitFor();
  await drag('dragOver');
  await drag('drop');
  await client.detach();
}

/** Limits what this page sends, in bytes per second; -1 lifts the limit. */
export async function throttle(page, uploadThroughput) {
  const client = await page.context().newCDPSession(page);
  await client.send('Network.enable');
  await client.send('Network.emulateNetworkConditions', {
    offline: false,
    latency: 0,
    downloadThroughput: -1,
    uploadThroughput,
  });
  return client;
}

/** A client of the API with the tested user's token. */
export async function openApi(campus) {
  const call = async (path, options = {}, token = null) => {
    const headers = { ...options.headers, ...(token ? { authorization: `Bearer ${token}` } : {}) };
    const response = await fetch(`${campus.url}/api/v1${path}`, { ...options, headers });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const { access_token } = await call('/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: campus.username, password: campus.password }),
  });
  return (path, options) => call(path, options, access_token);
}

/** Kills a replica as `kill -9` does. */
export async function killReplica(campus, role) {
  if (campus.mock) {
    await fetch(`${campus.url}/mock/kill?replica=${role}-2`, { method: 'POST' });
    return `${role}-2`;
  }
  const api = await openApi(campus);
  const { roles } = await api('/status');
  const replica = roles.find((one) => one.role === role).replicas.find((one) => one.state === 'ready');
  process.kill(replica.pid, 'SIGKILL');
  return replica.id;
}
