/** What a program that reads an untrusted image can reach: its descriptors, and nothing else of this host. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { confinedBy, confinementOf, programUser } from '../../../images/convert/confinement.js';
import { collectOutput, runLimited } from '../../../images/convert/limited-process.js';

const LIMITS = { memoryBytes: 1024 ** 3, cpuSeconds: 20, fileBytes: 1024 ** 2 };
let folder = '';
const at = (name: string) => path.join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'confined-'));
  writeFileSync(at('image'), 'the bytes of the image', { mode: 0o600 });
  writeFileSync(at('result'), '');
  writeFileSync(at('secret'), 'a secret of the host', { mode: 0o644 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function shell(script: string, more: { readonly opensInput?: true; readonly output?: number } = {}) {
  const input = await open(at('image'));
  let text = '';
  const end = await runLimited({
    ...{ command: '/bin/sh', args: ['-c', script, 'program', folder], limits: LIMITS, input: input.fd },
    ...{ signal: new AbortController().signal, ...more },
    onOutput: async (output) => {
      text = (await collectOutput(output, 1024 ** 2)).toString();
    },
  }).finally(() => input.close());
  return { code: end.code, text: text.trim(), complaint: end.complaint };
}

describe('a program on this host', () => {
  test('→ is isolated', () => {
    expect(confinementOf()).toEqual({ confinement: 'isolated', reason: null });
  });

  test('reads its input, also by its path, and writes its output, which belongs to this process afterwards', async () => {
    const result = await open(at('result'), 'r+');
    const before = statSync(at('result'));
    const { code } = await shell('cat /dev/fd/3 > /dev/fd/4', { opensInput: true, output: result.fd });
    await result.close();
    expect(code).toBe(0);
    expect(execFileSync('cat', [at('result')], { encoding: 'utf8' })).toBe('the bytes of the image');
    expect(statSync(at('result')).uid).toBe(before.uid);
  });

  test('opens no file of the host, and changes none of the programs that it sees', async () => {
    const { text } = await shell('cat "$1/secret" /etc/passwd /old/etc/passwd; touch /usr/x; ls / /etc; ls "$1"; true');
    expect(text).not.toContain('secret');
    expect(text).not.toContain('root:');
    expect(text.split(/\s+/)).toEqual(expect.arrayContaining(['dev', 'proc', 'usr', 'ld.so.cache']));
    expect(text.split(/\s+/)).not.toEqual(expect.arrayContaining(['home']));
    expect(statSync('/usr/x', { throwIfNoEntry: false })).toBeUndefined();
  });

  test('has no network', async () => {
    const server = createServer((socket) => socket.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { text } = await shell(`/bin/bash -c 'cat </dev/tcp/127.0.0.1/${port}'; tail -n +3 /proc/net/dev`);
    server.close();
    expect(text).not.toContain('reached');
    expect(text.split('\n')).toHaveLength(1);
    expect(text).toMatch(/^lo:/);
  });

  test('sees no other process, has no capabilities, cannot get any, and is not root', async () => {
    const { text } = await shell('echo /proc/[0-9]*; grep -E "^(Cap|NoNewPrivs|Uid)" /proc/self/status');
    expect(text).not.toContain(`/proc/${process.pid} `);
    expect(text.match(/^Cap\w+:\s+0+$/gm)).toHaveLength(5);
    expect(text).toMatch(/^NoNewPrivs:\s+1$/m);
    // In a user namespace, the user of this process has the number 0.
    if (process.getuid?.() === 0) expect(text).toMatch(/^Uid:\s+65534\s/m);
  });

  test('gets no variable of the service', async () => {
    process.env.SECRET_OF_THE_SERVICE = 'in the environment';
    const { text } = await shell('env');
    delete process.env.SECRET_OF_THE_SERVICE;
    expect(text).not.toContain('in the environment');
  });

  test('that refuses its input → its own message and code', async () => {
    expect(await shell('echo "not an image" >&2; exit 3')).toMatchObject({ code: 3, complaint: 'not an image' });
  });
});

test('root → the owner of an image that only he can read, else nobody; another user → himself', () => {
  const file = { uid: 1000, gid: 100 };
  if (process.getuid?.() === 0) {
    expect(programUser({ ...file, mode: 0o100600 })).toEqual({ uid: 1000, gid: 100 });
    expect(programUser({ ...file, mode: 0o100644 })).toEqual({ uid: 65_534, gid: 65_534 });
    expect(programUser(null)).toEqual({ uid: 65_534, gid: 65_534 });
  } else expect(programUser({ ...file, mode: 0o100600 })).toBeNull();
});

test('an ordinary user → isolated by a user namespace', () => {
  const prefix = [...confinedBy('isolated', null), 'sh', '-c', 'cat /etc/passwd; grep ^CapEff /proc/self/status'];
  const asUser =
    process.getuid?.() === 0 ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', ...prefix] : prefix;
  const [command = '', ...args] = asUser;
  const text = execFileSync(command, args, { encoding: 'utf8', cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
  expect(text.trim()).toMatch(/^CapEff:\s+0+$/);
});

test.each(['unprivileged', 'limited'] as const)('a host without namespaces, %s → the program still runs', (level) => {
  const [command = '', ...args] = [...confinedBy(level, programUser(null)), 'echo', 'ran'];
  expect(execFileSync(command, args, { encoding: 'utf8' })).toBe('ran\n');
});
