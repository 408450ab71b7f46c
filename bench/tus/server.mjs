// @tus/server with its file store, as its documentation starts it, on a port of this machine.
//   node server.mjs FOLDER PORT
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

// The conformance tests' installation of it.
const { resolve } = createRequire(new URL('../../conformance/peers/package.json', import.meta.url));
const load = (name) => import(pathToFileURL(resolve(name)).href);
const [{ Server }, { FileStore }] = await Promise.all([load('@tus/server'), load('@tus/file-store')]);

const [directory, port] = process.argv.slice(2);
const tus = new Server({ path: '/files', datastore: new FileStore({ directory }), relativeLocation: true });
tus.listen({ host: '127.0.0.1', port: Number(port) });
