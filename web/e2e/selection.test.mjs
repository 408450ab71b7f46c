// Several files at once: picked, downloaded as one archive, moved to the trash and taken back.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { logIn, openApi, openBrowser, openCampus, openPage } from './browser.mjs';

const LIST =
  'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(*z.namelist(), sep="\\n")';

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

test('files are picked and downloaded as one archive, go to the trash together and come back', async () => {
  const api = await openApi(campus);
  const names = ['acta-1.txt', 'acta-2.txt'];
  if (!campus.mock) {
    for (const name of names) await api(`/files?name=${name}`, { method: 'PUT', body: `${name}\n`.repeat(50) });
  }
  const { context, page } = await openPage(chromium.browser, campus);
  await logIn(page, campus);
  await page.goto('/files');
  const rows = page.locator('li[class*=item]');
  await rows.first().waitFor();
  const boxes = campus.mock
    ? [rows.nth(0).getByRole('checkbox'), rows.nth(1).getByRole('checkbox')]
    : names.map((name) => page.getByRole('checkbox', { name: `Elegir «${name}»` }));
  for (const box of boxes) await box.check();
  const bar = page.getByRole('region', { name: 'Archivos elegidos' });
  assert.match(await bar.getByRole('status').textContent(), /^Elegidos: 2 · /);

  if (!campus.mock) {
    const [started] = await Promise.all([
      page.waitForEvent('download'),
      bar.getByRole('button', { name: 'Descargar ZIP' }).click(),
    ]);
    const archive = join(chromium.folder, 'archive.zip');
    await started.saveAs(archive);
    const { stdout } = await promisify(execFile)('python3', ['-c', LIST, archive]);
    assert.deepEqual(stdout.trim().split('\n').sort(), names);
  }

  const titles = await Promise.all(boxes.map((box) => box.getAttribute('aria-label')));
  const gone = titles.map((title) => page.getByRole('checkbox', { name: title, exact: true }));
  await bar.getByRole('button', { name: 'Mover a la papelera' }).click();
  await page.getByText('Archivos movidos a la papelera: 2.').waitFor();
  for (const row of gone) await row.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Deshacer' }).click();
  await page.getByText('Archivos restaurados: 2.').waitFor();
  for (const row of gone) await row.first().waitFor();
  await context.close();
});
