/** Failures of the host during a conversion are attention with codes of their own, never a fault of the image. */
import { execFile } from 'node:child_process';
import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hostFailure, programFailure } from '../../../domain/errors/index.js';
import { runLimited } from '../../../images/convert/limited-process.js';
import { createCache } from '../../../sources/scratch-cache.js';

const signal = new AbortController().signal;
const LIMITS = { memoryBytes: 2 * 1024 ** 3, cpuSeconds: 60, fileBytes: 0 };
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'host-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(command: string, args: readonly string[], limits = LIMITS, stallMs = 60_000) {
  const input = await open('/dev/null');
  const onOutput = async (output: AsyncIterable<Buffer>) => {
    for await (const _ of output);
  };
  return await runLimited({ command, args, limits, stallMs, input: input.fd, signal, onOutput }).finally(() =>
    input.close(),
  );
}
const shell = (script: string) => run('/bin/sh', ['-c', script]);

describe('a program that', () => {
  test.each([
    ['finds the disk full', 'echo "qemu-img: error while writing: No space left on device" >&2; exit 1', 'DiskFull'],
    ['exceeds the quota', 'echo "write error: Disk quota exceeded" >&2; exit 1', 'DiskFull'],
    ['really finds the disk full', 'head -c 9 /dev/zero > /dev/full', 'DiskFull'],
    ['cannot write', 'echo "qemu-img: error while writing at byte 0: Input/output error" >&2; exit 1', 'DiskError'],
    ['cannot read', 'echo "gzip: stdin: Input/output error" >&2; exit 1', 'DiskError'],
    ['gets no memory', 'echo "xz: (stdin): Cannot allocate memory" >&2; exit 1', 'OutOfMemory'],
    [
      'gets no memory, by zstd',
      'echo "zstd: error 11 : Allocation error : not enough memory" >&2; exit 11',
      'OutOfMemory',
    ],
    ['gets no processes', 'echo "sh: 1: Cannot fork" >&2; exit 2', 'ProcessLimit'],
    ['is killed', 'kill -KILL $$', 'ProcessKilled'],
    ['starts a missing program', 'exec no-such-program', 'ProgramMissing'],
  ])('%s → Host.%s', async (_name, script, code) => {
    await expect(shell(script)).rejects.toMatchObject({ failure: { code: `Host.${code}`, class: 'attention' } });
  });

  test('is stopped while it works → ended, and the step starts it again', async () => {
    const busy = 'while :; do :; done';
    // As SIGSTOP from outside, once it has worked for longer than the limit.
    const script = `(sleep 1.5; kill -STOP $$) & ${busy}`;
    const startedAt = performance.now();
    const stopped = run('/bin/sh', ['-c', script], LIMITS, 700);
    await expect(stopped).rejects.toMatchObject({ failure: { code: 'Host.ProcessStalled', class: 'transient' } });
    expect(performance.now() - startedAt).toBeGreaterThan(1_500);
  });

  test('cannot be started because too many files are open → Host.ProcessLimit', async () => {
    const script = `
      import { openSync } from 'node:fs';
      import { runLimited } from '${path.resolve('images/convert/limited-process.ts')}';
      const limits = { memoryBytes: 1e9, cpuSeconds: 9, fileBytes: 0 };
      const signal = new AbortController().signal;
      const open = [];
      try {
        for (;;) open.push(openSync('/dev/null'));
      } catch {}
      const codeOf = (error) => error.failure?.code ?? String(error);
      const run = runLimited({ command: 'true', args: [], limits, input: 0, signal, onOutput: async () => {} });
      console.log(await run.catch(codeOf));
      process.exit(0);`;
    const { stdout } = await promisify(execFile)('/bin/sh', [
      '-c',
      'ulimit -n 60; exec "$@"',
      'limited',
      ...[process.execPath, '--import', 'tsx', '--input-type=module', '-e', script],
    ]);
    expect(stdout.trim()).toBe('Host.ProcessLimit');
  });

  test('is missing → Host.ProgramMissing, with its name', async () => {
    await expect(run('no-such-program', [])).rejects.toMatchObject({
      failure: { code: 'Host.ProgramMissing', message: expect.stringContaining('no-such-program') },
    });
  });

  test.each([
    ['rejects its input', 'echo "qemu-img: Could not open: Image is corrupt" >&2; exit 1', 1],
    ['finds a damaged cluster', 'echo "qemu-img: error while reading at byte 0: Input/output error" >&2; exit 1', 1],
    ['crashes', 'kill -SEGV $$', 139],
  ])('%s → its exit code', async (_name, script, code) => {
    expect(await shell(script)).toMatchObject({ code });
  });

  test('exceeds its processor time → its exit code, not Host.ProcessKilled', async () => {
    const end = await run('/bin/sh', ['-c', 'while :; do :; done'], { ...LIMITS, cpuSeconds: 1 });
    expect(end.code).toBe(152);
  });
});

test('a full disk while the cache is written → Host.DiskFull, and no draft remains', async () => {
  const cache = createCache({ folder: path.join(folder, 'cache'), limitBytes: 1024 ** 2 });
  const making = cache.obtain('disk', 1024, signal, () => writeFile('/dev/full', 'bytes'));
  await expect(making).rejects.toMatchObject({ failure: { code: 'Host.DiskFull', class: 'attention' } });
  expect(await readdir(path.join(folder, 'cache'))).toEqual([]);
});

test('system errors → the codes of the host; errors about the file itself → none', () => {
  const error = (code: string) => Object.assign(new Error(`${code}: write`), { code });
  const codeOf = (code: string) => hostFailure(error(code), 'disk.raw cannot be written')?.failure.code ?? null;
  expect(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'ENOMEM', 'EMFILE', 'EAGAIN'].map(codeOf)).toEqual([
    ...['Host.DiskFull', 'Host.DiskFull', 'Host.DiskError', 'Host.DiskError'],
    ...['Host.OutOfMemory', 'Host.ProcessLimit', 'Host.ProcessLimit'],
  ]);
  expect(['ENOENT', 'EACCES', 'ABORT_ERR'].map(codeOf)).toEqual([null, null, null]);
  expect(programFailure({ program: 'xz', code: 0, errorText: 'No space left on device' })).toBeNull();
});
