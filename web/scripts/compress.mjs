// Writes NAME.br and NAME.gz beside every asset that compression helps, so that no replica compresses at run time.
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const DIST = new URL('../dist/', import.meta.url).pathname;
const COMPRESSIBLE = /\.(js|css|html|svg|json|txt|map)$/;
/** Below this, headers cost more than compression saves. */
const SMALLEST = 512;

const brotli = promisify(brotliCompress);
const gz = promisify(gzip);

for (const entry of await readdir(DIST, { recursive: true })) {
  const path = join(DIST, entry);
  if (!COMPRESSIBLE.test(entry) || entry.startsWith('.vite') || !(await stat(path)).isFile()) continue;
  const bytes = await readFile(path);
  if (bytes.length < SMALLEST) continue;
  const [asBrotli, asGzip] = await Promise.all([
    brotli(bytes, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    }),
    gz(bytes, { level: 9 }),
  ]);
  if (asBrotli.length < bytes.length) await writeFile(`${path}.br`, asBrotli);
  if (asGzip.length < bytes.length) await writeFile(`${path}.gz`, asGzip);
}
