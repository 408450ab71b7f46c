// Every language has the same keys and the same placeholders, and every key is used somewhere.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createServer } from 'vite';

const SRC = new URL('../src/', import.meta.url).pathname;

function flatten(strings, prefix = '', found = new Map()) {
  for (const [key, value] of Object.entries(strings)) {
    if (typeof value === 'string') found.set(prefix + key, value);
    else flatten(value, `${prefix}${key}.`, found);
  }
  return found;
}

const placeholders = (text) =>
  [...text.matchAll(/{{(\w+)}}/g)]
    .map((match) => match[1])
    .sort()
    .join();

const server = await createServer({
  server: { middlewareMode: true, hmr: false, ws: false },
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
});
const PARTS = {
  '': null,
  '.admin': 'admin',
  '.backups': 'backups',
  '.grades': 'grades',
  '.rooms': 'rooms',
  '.sharing': 'sharing',
  '.trail': 'trail',
};
async function textsOf(language) {
  const found = new Map();
  for (const [ending, name] of Object.entries(PARTS)) {
    flatten((await server.ssrLoadModule(`/src/i18n/${language}${ending}.ts`))[name ?? language], '', found);
  }
  return found;
}
const es = await textsOf('es');
const en = await textsOf('en');
await server.close();

const complaints = [];
for (const key of new Set([...es.keys(), ...en.keys()])) {
  const [spanish, english] = [es.get(key), en.get(key)];
  if (spanish === undefined || english === undefined) complaints.push(`${key}: missing in ${spanish ? 'en' : 'es'}`);
  else if (placeholders(spanish) !== placeholders(english)) complaints.push(`${key}: other placeholders`);
}

let code = '';
for (const entry of await readdir(SRC, { recursive: true })) {
  if (/\.tsx?$/.test(entry) && !/^i18n\/(es|en)\b.*\.ts$/.test(entry)) code += await readFile(join(SRC, entry), 'utf8');
}
// `system.state.${state}` uses every key that begins with "system.state." and ends as the template does.
const patterns = [...code.matchAll(/`([a-z][\w.]*\.)\$\{[^}]+\}(\w*)`/g)].map(([, start, end]) => [start, end]);
for (const key of es.keys()) {
  const literal = code.includes(`'${key}'`);
  const built = patterns.some(
    ([start, end]) => key.startsWith(start) && key.endsWith(end) && !key.slice(start.length).includes('.'),
  );
  if (!literal && !built) complaints.push(`${key}: not used`);
}

for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);
console.log(`${es.size} texts in Spanish and English`);
