/** Credentials of web sources: which server gets them, where the values come from, and what a wrong configuration leads to. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createCredentials, readCredentials } from '../../config/credentials.js';
import { validateRequest } from '../../domain/request/schema.js';
import { withCredential } from '../../sources/credential.js';
import { createHttpClient, type HttpClient } from '../../sources/http-request.js';

const PASSWORD = 'pass-Zq81';
let folder = '';
let client: HttpClient;
let servers: http.Server[] = [];
const file = () => path.join(folder, 'credentials.json');
const { signal } = new AbortController();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'credentials-'));
  await writeFile(path.join(folder, 'password'), `${PASSWORD}\n`);
});
beforeEach(() => {
  client = createHttpClient({ hosts: [], addresses: ['127.0.0.1', '127.0.0.2'], stallMs: 500 });
});
afterEach(() => {
  client.close();
  for (const server of servers.splice(0)) server.close();
  servers = [];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const basic = (more: object = {}) => ({
  ...{ type: 'basic', username: 'importer', password: { file: path.join(folder, 'password') } },
  ...{ hosts: ['127.0.0.1'], allowHttp: true, ...more },
});
const configure = (credentials: object) => writeFile(file(), JSON.stringify(credentials));

/** A server that records the headers of every request. */
async function server(answer: (path: string) => { status: number; location?: string }, address = '127.0.0.1') {
  const seen: http.IncomingHttpHeaders[] = [];
  const listener = http.createServer((request, response) => {
    seen.push(request.headers);
    const { status, location } = answer(request.url ?? '');
    response.writeHead(status, location === undefined ? {} : { location }).end('x');
  });
  servers.push(listener);
  await new Promise<void>((resolve) => listener.listen(0, address, resolve));
  const bound = listener.address();
  return { seen, url: new URL(`http://${address}:${typeof bound === 'object' ? bound?.port : 0}/disk.raw`) };
}

async function get(url: URL, name: string, env: NodeJS.ProcessEnv = {}) {
  const guarded = withCredential(client, url, name, createCredentials(file(), env));
  const answer = await guarded.get(url, { range: 'bytes=0-0' }, signal);
  answer.close();
  return answer.status;
}

describe('a request with a credential', () => {
  test.each([
    ['basic', basic(), `Basic ${Buffer.from(`importer:${PASSWORD}`).toString('base64')}`],
    ['bearer', { type: 'bearer', token: { variable: 'TOKEN' } }, 'Bearer token-of-variable'],
    ['header', { type: 'header', header: 'Authorization', value: { command: ['/bin/echo', 'a b'] } }, 'a b'],
  ])('%s → its header, from a file, a variable or a command', async (_type, given, expected) => {
    const one = await server(() => ({ status: 200 }));
    const found = 'password' in given ? basic() : { ...given, hosts: ['127.0.0.1'], allowHttp: true };
    await configure({ a: found });
    expect(await get(one.url, 'a', { TOKEN: 'token-of-variable' })).toBe(200);
    expect(one.seen[0]?.authorization).toBe(expected);
  });

  test.each(['another port', 'another host that the credential may be sent to'])(
    'that is redirected to %s → not sent there',
    async (what) => {
      const other = await server(() => ({ status: 200 }), what === 'another port' ? '127.0.0.1' : '127.0.0.2');
      const one = await server(() => ({ status: 302, location: other.url.href }));
      await configure({ a: basic({ hosts: ['127.0.0.1', '127.0.0.2'] }) });
      expect(await get(one.url, 'a')).toBe(200);
      expect(one.seen[0]?.authorization).toMatch(/^Basic /);
      expect(other.seen[0]).toBeDefined();
      expect(other.seen[0]).not.toHaveProperty('authorization');
    },
  );

  test('to the mirror of an earlier redirect → not sent there', async () => {
    const other = await server(() => ({ status: 200 }));
    const one = await server(() => ({ status: 200 }));
    await configure({ a: basic() });
    const guarded = withCredential(client, one.url, 'a', createCredentials(file()));
    (await guarded.get(other.url, {}, signal)).close();
    expect(other.seen[0]).not.toHaveProperty('authorization');
  });

  test.each([
    ['whose hosts do not include the server', { hosts: ['*.example.com'] }, 'allowed: *.example.com'],
    ['that may not be sent without TLS', { allowHttp: false }, 'without TLS'],
  ])('%s → attention, and the server gets no request', async (_name, more, message) => {
    const one = await server(() => ({ status: 200 }));
    await configure({ a: basic(more) });
    await expect(get(one.url, 'a')).rejects.toMatchObject({
      failure: {
        code: 'Source.CredentialNotForHost',
        class: 'attention',
        message: expect.stringContaining(message),
        remedy: expect.stringContaining('.credential=OTHER_CREDENTIAL'),
      },
    });
    expect(one.seen).toEqual([]);
  });

  test('with an unknown name → attention, with the nearest known name', async () => {
    const one = await server(() => ({ status: 200 }));
    await configure({ 'mirror-a': basic() });
    await expect(get(one.url, 'miror-a')).rejects.toMatchObject({
      failure: {
        code: 'Source.CredentialUnknown',
        class: 'attention',
        message: expect.stringContaining('did you mean mirror-a?'),
        remedy: expect.stringContaining('ECS_IMPORT_CREDENTIALS_FILE'),
      },
    });
    expect(one.seen).toEqual([]);
  });

  test('that was rotated → the new value, without a restart: of a file immediately, of a command after a 401', async () => {
    const script = path.join(folder, 'read-token');
    const token = (value: string) => writeFile(script, `#!/bin/sh\necho ${value}\n`).then(() => chmod(script, 0o755));
    let wanted = 'Bearer one';
    const one = await server(() => ({ status: one.seen.at(-1)?.authorization === wanted ? 200 : 401 }));
    await configure({ a: { type: 'bearer', token: { command: [script] }, hosts: ['127.0.0.1'], allowHttp: true } });
    const guarded = withCredential(client, one.url, 'a', createCredentials(file()));
    const status = async () => (await guarded.get(one.url, {}, signal)).status;
    await token('one');
    expect(await status()).toBe(200);
    await token('two');
    expect(await status()).toBe(200);
    wanted = 'Bearer two';
    expect(await status()).toBe(200);
    expect(one.seen.map(({ authorization }) => authorization)).toEqual([
      ...['Bearer one', 'Bearer one', 'Bearer one', 'Bearer two'],
    ]);
  });
});

describe('the configuration', () => {
  test('that changes → is read again', async () => {
    await configure({ a: basic() });
    const find = createCredentials(file());
    await find('a');
    await configure({ other: basic() });
    await expect(find('a')).rejects.toMatchObject({ failure: { code: 'Source.CredentialUnknown' } });
    await find('other');
  });

  test.each([
    ['no JSON', '{', 'set JSON such as'],
    ['a value itself', { a: { type: 'bearer', token: PASSWORD, hosts: ['h'] } }, 'values themselves must not be in'],
    ['an unknown field', { a: basic({ host: 'h' }) }, 'a.host is unknown: did you mean hosts?'],
    ['no hosts', { a: basic({ hosts: [] }) }, 'set the hosts that may receive'],
    ['a host with a path', { a: basic({ hosts: ['https://h/x'] }) }, 'set a host without scheme'],
    ['a relative file', { a: basic({ password: { file: 'secret' } }) }, 'a.password'],
    [
      'a header of this service',
      { a: { type: 'header', header: 'Range', value: { variable: 'X' }, hosts: ['h'] } },
      'a.header',
    ],
    ['a wrong name', { 'a b': basic() }, 'must be the name of a credential'],
  ])('with %s → refused, without the value', async (_name, content, message) => {
    await writeFile(file(), typeof content === 'string' ? content : JSON.stringify(content));
    await expect(readCredentials(file(), {})).rejects.toThrow(message);
    await expect(readCredentials(file(), {})).rejects.not.toThrow(PASSWORD);
    await expect(createCredentials(file())('a')).rejects.toMatchObject({
      failure: { code: 'Source.CredentialUnreadable', class: 'attention' },
    });
  });

  test.each([
    ['a file that is not there', { file: '/nowhere/secret' }, '/nowhere/secret cannot be read'],
    ['a variable that is not set', { variable: 'NOT_SET' }, 'its value is empty'],
    ['a command that fails', { command: ['/bin/sh', '-c', `echo ${PASSWORD} >&2; exit 3`] }, '/bin/sh failed (3)'],
    ['a value with a line break', { command: ['/bin/sh', '-c', 'echo a; echo b'] }, 'a header cannot have'],
  ])('whose value is %s → attention, without the value', async (_name, password, message) => {
    await configure({ a: basic({ password }) });
    const one = await server(() => ({ status: 200 }));
    const failure = await get(one.url, 'a').catch((error: { failure: unknown }) => error.failure);
    expect(failure).toMatchObject({ code: 'Source.CredentialUnreadable', message: expect.stringContaining(message) });
    expect(JSON.stringify(failure)).not.toContain(PASSWORD);
    expect(one.seen).toEqual([]);
  });
});

test.each([
  [{ source: 'file:///images/disk.raw', credential: 'a' }, 'disks[0].credential'],
  [{ source: 'https://h.example/disk.raw', credential: 'Basic dXNlcjpwYXNz' }, 'disks[0].credential'],
  [{ source: 'https://h.example/disk.raw', credential: { password: 'x' } }, 'disks[0].credential'],
  [{ source: 'https://h.example/disk.raw', password: 'x' }, 'disks[0].password'],
])('a request with %j → refused at %s', (disk, path) => {
  const request = { region: 'cn-hangzhou', imageName: 'web-01', upload: { bucket: 'images' }, disks: [disk] };
  const checked = validateRequest(request);
  expect(checked.ok ? [] : checked.problems.map((problem) => problem.path)).toContain(path);
});
