// @tus/server with its file store on a free port of this machine; prints its address, ends with SIGTERM.
//   node server.mjs FOLDER [EXPIRY_SECONDS] [STALL_SECONDS]
import http from 'node:http';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [directory, expiry = '0', stall = '0'] = process.argv.slice(2);
const tus = new Server({
  path: '/files',
  datastore: new FileStore({ directory, expirationPeriodInMilliseconds: Number(expiry) * 1000 }),
  maxSize: 2 ** 40,
  relativeLocation: true,
});
const timeouts = Number(stall) ? { requestTimeout: Number(stall) * 1000, connectionsCheckingInterval: 500 } : {};
const server = http.createServer(timeouts, tus.handle.bind(tus));
server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}/files`);
});
// Left alone it dies of some refused bodies (an error thrown between its HTTP adapter and Node's streams). The comparison
// is of answers, so the process goes on; the report counts these lines.
process.on('uncaughtException', (error) => console.error(`would have died: ${error.message}`));
process.on('SIGTERM', () => {
  server.close(() => process.exit(0));
  server.closeAllConnections();
});
