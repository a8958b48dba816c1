// Runs a built stack with stubs for worker, API and emulator: `run-stack.mjs DATA_DIR`. Prints the addresses as one line of JSON.
import path from 'node:path';
import { startStack } from '../../../../dist/local/supervisor/stack.js';

const stub = (name) => [process.execPath, path.join(import.meta.dirname, 'stub-part.mjs'), name];
const proxy = path.resolve(import.meta.dirname, '../../../../dist/local/temporal/proxy/main.js');
const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());
process.once('SIGINT', () => stopped.abort());

const stack = await startStack({
  dataDir: process.argv[2] ?? '',
  programs: {
    worker: stub('worker'),
    api: stub('api'),
    emulator: stub('emulator'),
    temporalProxy: [process.execPath, proxy],
  },
  env: process.env,
  emulator: { buckets: [] },
  say: (line) => process.stderr.write(`${line}\n`),
  signal: stopped.signal,
}).catch((error) => {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
const { apiUrl, emulatorUrl } = stack;
process.stdout.write(`${JSON.stringify({ apiUrl, emulatorUrl })}\n`);
if (!stopped.signal.aborted) {
  await new Promise((resolve) => stopped.signal.addEventListener('abort', resolve));
}
await stack.stop();
process.exit(0);
