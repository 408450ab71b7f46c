// Fails if what a browser must load before it can show a page, gzip-compressed, is above the budget.
import { readFile, stat } from 'node:fs/promises';

const BUDGET = 250 * 1024;
const DIST = new URL('../dist/', import.meta.url);
const PAGES = {
  'log-in': 'src/features/session/LoginPage.tsx',
  home: 'src/features/home/HomePage.tsx',
  files: 'src/features/files/FilesPage.tsx',
  rooms: 'src/features/rooms/RoomsPage.tsx',
  'room requests': 'src/features/rooms/RequestsPage.tsx',
  'room metrics': 'src/features/rooms/MetricsPage.tsx',
  faculties: 'src/features/rooms/MembersPage.tsx',
  grades: 'src/features/grades/Dashboard.tsx',
  transcript: 'src/features/grades/Transcript.tsx',
  'grade list': 'src/features/grades/GradeListPage.tsx',
  backups: 'src/features/backups/BackupsPage.tsx',
  'one backup': 'src/features/backups/BackupPage.tsx',
  'backup log': 'src/features/backups/LogPage.tsx',
  system: 'src/features/system/SystemPage.tsx',
  'shared link': 'src/features/shares/SharePage.tsx',
  voucher: 'src/features/vouchers/GuestPage.tsx',
  trash: 'src/features/trash/TrashPage.tsx',
  statistics: 'src/features/statistics/StatisticsPage.tsx',
  administration: 'src/features/users/UsersPage.tsx',
};

const manifest = JSON.parse(await readFile(new URL('.vite/manifest.json', DIST), 'utf8'));

/** Every file that loading `key` makes the browser fetch. */
function closure(key, seen = new Set()) {
  const chunk = manifest[key];
  if (chunk === undefined) throw new Error(`${key} is not in the build's manifest`);
  if (seen.has(chunk.file)) return seen;
  seen.add(chunk.file);
  for (const css of chunk.css ?? []) seen.add(css);
  for (const next of chunk.imports ?? []) closure(next, seen);
  return seen;
}

async function size(file, suffix) {
  const compressed = await stat(new URL(file + suffix, DIST)).catch(() => null);
  return (compressed ?? (await stat(new URL(file, DIST)))).size;
}

async function total(files, suffix) {
  let sum = 0;
  for (const file of files) sum += await size(file, suffix);
  return sum;
}

let failed = false;
for (const [name, key] of Object.entries(PAGES)) {
  const files = closure('index.html');
  closure('src/i18n/es.ts', files);
  closure(key, files);
  const gz = await total(files, '.gz');
  const br = await total(files, '.br');
  const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
  console.log(`first load of ${name.padEnd(14)} gzip ${kb(gz).padStart(9)}   brotli ${kb(br).padStart(9)}`);
  if (gz > BUDGET) {
    failed = true;
    console.error(`  above the budget of ${kb(BUDGET)}`);
  }
}
if (failed) process.exit(1);
