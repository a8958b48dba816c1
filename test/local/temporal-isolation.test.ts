import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findIsolation, type Isolation, type NoIsolation } from '../../local/temporal/isolation.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'isolation test '));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** The check of the proxy runs from the sources elsewhere; here, a program that does nothing stands for it. */
const find = (env: NodeJS.ProcessEnv = process.env, cwd = folder, program = 'true') =>
  findIsolation(cwd, [program], '/bin/true', env);

/** A folder for PATH with one program that prints a line and fails. */
async function failing(name: string, line: string): Promise<string> {
  const bin = path.join(folder, `bin-${name}`);
  await mkdir(bin);
  await writeFile(path.join(bin, name), `#!/bin/sh\necho '${line}' >&2\nexit 1\n`);
  await chmod(path.join(bin, name), 0o755);
  return bin;
}

function reasonOf(found: Isolation | NoIsolation): string {
  if ('wrap' in found) throw new Error('there is an isolation');
  return found.reason;
}

test('a system that permits it → commands run in a network of their own, and create private files', async () => {
  // A path that is longer than that of a Unix socket can be.
  const long = path.join(folder, 'x'.repeat(120));
  await mkdir(long);
  const found = await find(process.env, long);
  if (!('wrap' in found)) throw new Error(found.reason);
  const { file, args, env, cwd } = found.wrap({
    file: '/bin/sh',
    args: [
      '-c',
      'readlink /proc/self/ns/net; touch made; stat -c %a made; cat /proc/net/dev | wc -l; cat /proc/net/if_inet6',
    ],
    ...{ env: process.env, cwd: long },
  });
  const [network, mode, lines, loopback] = execFileSync(file, args, { env, cwd, encoding: 'utf8' }).split('\n');
  expect(network).not.toBe(await readlink('/proc/self/ns/net'));
  // The two lines of the header, and loopback.
  expect([mode, lines?.trim()]).toEqual(['600', '3']);
  expect(loopback).toMatch(/ lo$/);
});

test.each([
  [
    'unshare is refused',
    'unshare',
    'unshare: unshare failed: Operation not permitted',
    /^unshare: unshare failed: Operation not permitted/,
  ],
  [
    'the check of the proxy fails',
    'check',
    'this file system has no Unix sockets',
    /^this file system has no Unix sockets/,
  ],
])('%s → the reason', async (_what, name, line, reason) => {
  const bin = await failing(name, line);
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  expect(reasonOf(await find(env, folder, name === 'check' ? path.join(bin, 'check') : 'true'))).toMatch(reason);
});
