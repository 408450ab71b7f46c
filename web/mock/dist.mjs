import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';

const DIST = new URL('../dist/', import.meta.url);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
/** What the portal role sends too, so that the tests meet its limits here. */
const POLICY =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "media-src 'self' blob:; connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'";

/** The built portal: a file of it, else its page, which routes by itself. */
export async function serveDist(_req, res, path) {
  const name = path === '/api/docs' ? 'docs.html' : path.slice(1);
  const file = extname(name) && !name.includes('..') ? await readFile(new URL(name, DIST)).catch(() => null) : null;
  if (file === null && path.startsWith('/assets/')) return res.writeHead(404).end();
  const type = file === null ? '.html' : extname(name);
  const body = file ?? (await readFile(new URL('index.html', DIST)));
  res.writeHead(200, { 'content-type': TYPES[type] ?? 'application/octet-stream', 'content-security-policy': POLICY });
  res.end(body);
}
