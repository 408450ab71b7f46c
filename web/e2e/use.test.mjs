// What a person does besides uploading: by keyboard alone, with each kind of preview, and while a replica dies.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { dropFile, killReplica, logIn, makeFile, openBrowser, openCampus, openPage, throttle } from './browser.mjs';

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

/** Presses Tab until the focus is on what `wanted` finds; what cannot be reached fails. */
async function tabTo(page, wanted) {
  for (let step = 0; step < 60; step += 1) {
    if (await wanted.evaluateAll((elements) => elements.includes(document.activeElement))) {
      const outline = await page.evaluate(() => {
        const style = getComputedStyle(document.activeElement);
        const wrapper = document.activeElement.closest('[data-active], .mantine-Input-wrapper, label');
        return style.outlineStyle !== 'none' || style.borderColor !== '' || wrapper !== null;
      });
      assert.ok(outline, 'the focus can be seen');
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`Tab never reaches ${wanted}`);
}

/** Media that the browser itself makes, so that it is sure to play them. */
async function makeMedia(page, folder) {
  const made = await page.evaluate(async () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 180 });
    const context = canvas.getContext('2d');
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm' });
    const parts = [];
    recorder.ondataavailable = (event) => parts.push(event.data);
    const stopped = new Promise((resolve) => {
      recorder.onstop = resolve;
    });
    recorder.start();
    for (let frame = 0; frame < 30; frame += 1) {
      context.fillStyle = `hsl(${frame * 12} 60% 45%)`;
      context.fillRect(0, 0, 320, 180);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
    recorder.stop();
    await stopped;
    const text = (blob) =>
      new Promise((resolve) => {
        const reader = new FileReader();
        reader.onload = () => resolve(String(reader.result).split(',')[1]);
        reader.readAsDataURL(blob);
      });
    const png = await new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
    return { webm: await text(new Blob(parts)), png: await text(png) };
  });
  const stamp = Date.now();
  const files = {
    video: { name: `clip-${stamp}.webm`, bytes: Buffer.from(made.webm, 'base64') },
    img: { name: `picture-${stamp}.png`, bytes: Buffer.from(made.png, 'base64') },
    pre: { name: `notes-${stamp}.txt`, bytes: Buffer.from('Primera línea\nSegunda línea\n') },
  };
  for (const file of Object.values(files)) {
    file.path = join(folder, file.name);
    await writeFile(file.path, file.bytes);
  }
  return files;
}

test('video, image and text are shown in the page', async () => {
  const { context, page, complaints } = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(page, campus);
  await page.goto('/files');
  await page.locator('h1').waitFor();
  for (const [kind, file] of Object.entries(await makeMedia(page, chromium.folder))) {
    await dropFile(page, file);
    const done = page.locator('[data-upload=done]', { hasText: file.name });
    await done.getByRole('button', { name: /^See the file/ }).click();
    const panel = page.getByRole('complementary', { name: 'Details' });
    const shown = panel.locator(kind);
    await shown.waitFor();
    if (kind === 'video') {
      await shown.evaluate((video) => {
        video.muted = true;
        return video.play();
      });
      await page.waitForFunction((video) => video.currentTime > 0, await shown.elementHandle());
    } else if (kind === 'img') {
      await page.waitForFunction((image) => image.complete && image.naturalWidth === 320, await shown.elementHandle());
    } else assert.match(await shown.textContent(), /Segunda línea/);
    await panel.getByRole('button', { name: 'Move to the trash' }).click();
    await panel.waitFor({ state: 'detached' });
  }
  assert.deepEqual(complaints, []);
  await context.close();
});

test('everything is reached by keyboard', async () => {
  const { context, page } = await openPage(chromium.browser, campus, { language: 'en' });
  await page.goto('/login');
  await tabTo(page, page.locator('input[name=username]'));
  await page.keyboard.type(campus.username);
  await tabTo(page, page.locator('input[name=password]'));
  await page.keyboard.type(campus.password);
  await page.keyboard.press('Enter');
  await page.locator('#main h1').waitFor();

  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search' }).waitFor();
  await page.keyboard.type('fil');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Files' }).waitFor();
  await page.locator('main:focus').waitFor();

  const path = join(chromium.folder, `keyboard-${Date.now()}.txt`);
  await writeFile(path, 'by keyboard');
  await tabTo(page, page.getByRole('button', { name: 'Upload files' }));
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(path);
  const row = page.locator('a[data-file]', { hasText: 'keyboard-' }).first();
  await row.waitFor();

  await tabTo(page, row);
  await page.keyboard.press('Enter');
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByText('by keyboard').waitFor();
  await tabTo(page, panel.getByRole('button', { name: 'Edit' }));
  await page.keyboard.press('Enter');
  await tabTo(page, panel.getByRole('textbox', { name: 'Title' }));
  await page.keyboard.type('Written by hand');
  await page.keyboard.press('Enter');
  await panel.getByRole('heading', { name: 'Written by hand' }).waitFor();
  await tabTo(page, panel.getByRole('button', { name: 'Move to the trash' }));
  await page.keyboard.press('Enter');
  await panel.waitFor({ state: 'detached' });

  await tabTo(page, page.getByRole('button', { name: /^Search/ }).first());
  await page.keyboard.press('Enter');
  await page.getByRole('combobox', { name: 'Search' }).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('button:focus', { hasText: 'Search' }).waitFor();
  await tabTo(page, page.getByRole('link', { name: 'System' }));
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'System' }).waitFor();
  await context.close();
});

test('language and appearance are the person’s to choose, and stay', async () => {
  const { context, page } = await openPage(chromium.browser, campus, { language: 'es', scheme: 'light' });
  await logIn(page, campus);
  const choose = async (name) => {
    await page.locator('nav button[aria-haspopup="menu"]').click();
    await page.getByRole('menuitemradio', { name }).click();
  };
  await choose('English');
  await page.getByRole('link', { name: 'Files', exact: true }).waitFor();
  await choose('Dark');
  await page.reload();
  await page.getByRole('link', { name: 'Files', exact: true }).waitFor();
  assert.equal(await page.locator('html').getAttribute('data-mantine-color-scheme'), 'dark');
  assert.equal(await page.locator('html').getAttribute('lang'), 'en');
  await context.close();
});

test('a replica that dies in the middle of an upload is seen dying and coming back, and the file arrives whole', async () => {
  const { context, page } = await openPage(chromium.browser, campus, { language: 'en' });
  await logIn(page, campus);
  await page.goto('/system');
  await page.getByText('All services are ready · Live').waitFor();
  const file = await makeFile(chromium.folder, `kill-${Date.now()}.bin`, 30_000_000);
  await throttle(page, 5_000_000);
  await dropFile(page, file);
  await page.locator('[data-upload=sending]', { hasText: file.name }).getByText('/s').waitFor();

  const id = await killReplica(campus, 'files');
  await page.locator(`[data-replica="${id}"]:is(:not([data-state=ready]), [data-fresh=true])`).waitFor();
  await page.locator(`[data-replica="${id}"][data-state=ready]`).waitFor();
  await page.getByText(`${id} was restarted`).waitFor();
  await throttle(page, -1);
  const done = page.locator('[data-upload=done]', { hasText: file.name });
  await done.getByRole('button', { name: /^See the file/ }).click();
  const panel = page.getByRole('complementary', { name: 'Details' });
  await panel.getByText(file.sha256).waitFor();
  await context.close();
});
