// A stub for worker, API or emulator: prints its ready line and runs until SIGTERM. Serves its settings over HTTP.
import http from 'node:http';

const [name] = process.argv.slice(2);
const ready = (line) => process.stdout.write(`ready ${line}\n`);
if (process.env.STUB_FAILS === name) {
  process.stderr.write(`${name}: the stub is configured to fail\n`);
  process.exit(Number(process.env.STUB_EXIT ?? 1));
}
if (name === 'worker') {
  setInterval(() => undefined, 1_000);
  ready('worker');
} else {
  const flag = process.argv.indexOf('--port');
  const port = Number(flag > 0 ? process.argv[flag + 1] : process.env.ECS_IMPORT_PORT);
  const { DATABASE_URL, ECS_ENDPOINT, ECS_IMPORT_STACK_FILE } = process.env;
  const temporal = Object.fromEntries(Object.entries(process.env).filter(([key]) => key.startsWith('TEMPORAL_')));
  http
    .createServer((_, answer) =>
      answer.end(JSON.stringify({ ...temporal, DATABASE_URL, ECS_ENDPOINT, ECS_IMPORT_STACK_FILE })),
    )
    .listen(port, '127.0.0.1', () => ready(`http://127.0.0.1:${port}`));
}
process.once('SIGTERM', () => process.exit(0));
