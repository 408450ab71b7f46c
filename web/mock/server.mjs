// A campus in one process and in memory, for developing the portal and for its browser tests.
//   node mock/server.mjs [--port N] [--empty]     user admin, password "bedel-mock"
import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { Accounts } from './accounts.mjs';
import { Backups } from './backups.mjs';
import { Campus } from './campus.mjs';
import { serveDist } from './dist.mjs';
import { Files } from './files.mjs';
import { Grades } from './grades.mjs';
import { problem, readJson } from './http.mjs';
import { Live } from './live.mjs';
import { Members } from './members.mjs';
import { Rooms } from './rooms.mjs';
import { Shares } from './shares.mjs';
import { Trail } from './trail.mjs';
import { Vouchers } from './vouchers.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string', default: '8080' }, empty: { type: 'boolean', default: false } },
});

const accounts = new Accounts({ empty: values.empty });
const campus = new Campus();
const files = new Files({ accounts, empty: values.empty });
const rooms = new Rooms({ empty: values.empty });
const members = new Members({ empty: values.empty });
const grades = new Grades({ empty: values.empty });
const backups = new Backups({ empty: values.empty });
const shares = new Shares({ files });
const vouchers = new Vouchers({ files, accounts });
const trail = new Trail({ files, accounts, empty: values.empty });
if (!values.empty) {
  shares.seed();
  vouchers.seed();
}
files.onComplete = (file, user) => trail.uploaded(file, user);
files.room = (user) => {
  const { used, reserved, limit } = trail.quota(user);
  return limit - used - reserved;
};

const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://mock.invalid');
  res.setHeader('x-request-id', req.headers['x-request-id'] ?? crypto.randomUUID());
  route(req, res, url).catch((error) => {
    console.error(error);
    if (!res.headersSent) problem(res, 500, 'internal', 'The mock made an error.');
  });
});
const live = new Live(server, { accounts, campus, files, rooms, grades, backups });

async function route(req, res, url) {
  const path = url.pathname;
  if (path === '/mock/kill' && req.method === 'POST') {
    campus.kill(url.searchParams.get('replica') ?? 'files-2');
    return res.writeHead(204).end();
  }
  if (path === '/mock/live' && req.method === 'POST') {
    live.stalled = url.searchParams.get('stalled') === 'true';
    if (url.searchParams.get('cut') === 'true') live.cut();
    return res.writeHead(204).end();
  }
  if (!path.startsWith('/api/v1/')) return serveDist(req, res, path);
  const rest = path.slice('/api/v1'.length);
  if (await accounts.handle(req, res, rest, url, readJson)) return;
  if (rest.startsWith('/files/') && url.searchParams.has('signature')) return files.content(req, res, rest, url);
  if (await shares.open(req, res, rest, readJson)) return;
  if (await vouchers.open(req, res, rest)) return;
  if (await backups.open(req, res, rest, url)) return;
  const caller = accounts.caller(req);
  if (rest === '/status') return campus.answer(res, caller);
  if (caller === null) return problem(res, 401, 'unauthorized', 'A valid token is needed.');
  if (rest === '/presence')
    return res.setHeader('content-type', 'application/json').end('{"items":[],"next_cursor":null}');
  if (await shares.handle(req, res, rest, url, readJson)) return;
  if (await vouchers.handle(req, res, rest, url, caller, readJson)) return;
  if (await members.handle(req, res, rest, url, caller, readJson)) return;
  if (await rooms.handle(req, res, rest, url, caller, readJson)) return;
  if (await grades.handle(req, res, rest, url, caller, readJson)) return;
  if (await backups.handle(req, res, rest, url, caller, readJson)) return;
  if (trail.handle(res, rest, url, caller)) return;
  if (await files.handle(req, res, rest, url, caller)) return;
  problem(res, 404, 'not-found', `There is no ${path}.`);
}

server.listen(Number(values.port), '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    live.close();
    rooms.close();
    backups.close();
    server.close();
    server.closeAllConnections();
    process.exit(0);
  });
}
