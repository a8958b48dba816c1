/** Output through a pipe: complete for a slow reader, and quiet when the reader closes the pipe early. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { anImport, type FakeApi, startFakeApi } from '../support/client/fake-api.js';

const MAIN = path.resolve(import.meta.dirname, '../../cli/main.ts');
const ID = 'imp-00000000000000000000000001';
/** A pipe takes 65,536 bytes before a write to it has to wait for the reader. */
const PIPE_BYTES = 65_536;

const base = anImport();
const view = anImport({ id: ID, request: { ...base.request, description: 'x'.repeat(20_000) } });
const imports = Array.from({ length: 9 }, () => view);
const report = `# Report\n\n${'A line of the report.\n'.repeat(8_000)}`;
let api: FakeApi;

beforeAll(async () => {
  const list = JSON.stringify({ imports, nextCursor: null });
  api = await startFakeApi(({ url }, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(url.includes('/report') ? report : list);
  });
});
afterAll(() => api.close());

/** Runs `ecs-image-import ARGS | READER` in a shell; `stderr` has the errors of the command alone. */
async function piped(args: string, reader: string) {
  const command = `{ "$NODE" --import tsx "$MAIN" ${args} --api "$API"; echo "exit code $?" >&2; } | ${reader}`;
  const child = spawn('/bin/sh', ['-c', command], {
    env: { ...process.env, NODE: process.execPath, MAIN, API: api.url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  await once(child, 'close');
  return { stdout, stderr };
}

/** Reads one byte, and the rest when the command has had time to end. */
const SLOW_READER = '{ dd bs=1 count=1 2>/dev/null; sleep 1; cat; }';

test.each([
  ['list --json', `${JSON.stringify(imports)}\n`],
  [`report ${ID}`, `${report.trimEnd()}\n`],
  ['batch report bat-1', report],
])('%s writes its whole output before it ends, however slowly it is read', async (args, expected) => {
  const { stdout, stderr } = await piped(args, SLOW_READER);
  expect(expected.length).toBeGreaterThan(2 * PIPE_BYTES);
  expect(stdout.length).toBe(expected.length);
  expect(stdout).toBe(expected);
  expect(stderr).toBe('exit code 0\n');
});

test.each(['list --json', `report ${ID}`, 'batch report bat-1'])(
  '%s ends without an error when its reader closes the pipe early',
  async (args) => {
    const { stderr } = await piped(args, 'head -c 1');
    expect(stderr).toBe('exit code 0\n');
  },
);

test.each(['list --json', `report ${ID}`])('%s to a full disk → a message and exit code 1', async (args) => {
  const { stderr } = await piped(`${args} > /dev/full`, 'cat');
  expect(stderr).toMatch(/^The output could not be written: ENOSPC.*\nexit code 1\n$/);
});
