// tus-js-client: an upload whose process is killed in the middle goes on in another process.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import tus from 'tus-js-client';

// The client tells its progress every 100 ms: large enough that it does so several times.
const SIZE = 200_000_000;
const { BEDEL_URL, BEDEL_TOKEN, SCRATCH } = process.env;
const headers = { Authorization: `Bearer ${BEDEL_TOKEN}` };
const path = join(SCRATCH, 'file');

/** One process's life: uploads, and kills itself after `deadline` bytes. */
async function upload(deadline) {
  let from;
  let location;
  const done = await new Promise((resolve, reject) => {
    const upload = new tus.Upload(createReadStream(path), {
      endpoint: `${BEDEL_URL}/api/v1/uploads`,
      headers,
      metadata: { filename: 'tus-js.bin', filetype: 'application/octet-stream' },
      urlStorage: new tus.FileUrlStorage(join(SCRATCH, 'urls.json')),
      uploadSize: SIZE,
      retryDelays: null,
      onBeforeRequest: (request) => {
        if (request.getMethod() === 'PATCH') from = Number(request.getHeader('Upload-Offset'));
      },
      onProgress: (sent) => {
        if (sent > deadline) process.kill(process.pid, 'SIGKILL');
      },
      onAfterResponse: (_, response) => {
        location = response.getHeader('Content-Location') ?? location;
      },
      onSuccess: () => resolve(upload.url),
      onError: reject,
    });
    upload.findPreviousUploads().then((previous) => {
      if (previous.length > 0) upload.resumeFromPreviousUpload(previous[0]);
      upload.start();
    }, reject);
  });
  console.log(JSON.stringify({ from, url: done, location }));
}

async function run(deadline) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), String(deadline)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (piece) => (output += piece));
  const [code, signal] = await once(child, 'close');
  return { code, signal, output };
}

async function main() {
  const bytes = randomBytes(SIZE);
  writeFileSync(path, bytes);

  const first = await run(SIZE / 8);
  assert.equal(first.signal, 'SIGKILL', `the first process was to die: ${first.output}`);
  const second = await run(Infinity);
  assert.equal(second.code, 0, 'the second process failed');
  const { from, location } = JSON.parse(second.output);
  assert.ok(from > 0 && from < SIZE, `the second process went on at ${from}`);
  assert.match(location ?? '', /^\/api\/v1\/files\//, 'the last answer names the file');

  const answer = await fetch(new URL(`${location}/content`, BEDEL_URL), { headers });
  assert.equal(answer.status, 200);
  const sha256 = (data) => createHash('sha256').update(data).digest('base64');
  const back = Buffer.from(await answer.arrayBuffer());
  assert.equal(sha256(back), sha256(bytes));
  assert.equal(answer.headers.get('repr-digest'), `sha-256=:${sha256(bytes)}:`);
  console.log(`killed in the middle, went on at ${from} of ${SIZE}`);
}

await (process.argv[2] ? upload(Number(process.argv[2])) : main());
