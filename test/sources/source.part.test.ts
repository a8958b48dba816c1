/** Every kind of source through the common interface. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCredentials } from '../../config/credentials.js';
import type { ObjectFacts, SourceAccess } from '../../sources/access.js';
import { createHttpClient } from '../../sources/http-request.js';
import { sourceAt } from '../../sources/index.js';
import { openLocalFile } from '../../sources/local-file.js';
import { createCache } from '../../sources/scratch-cache.js';
import type { Inspector } from '../../sources/source.js';
import { type RangeServer, startRangeServer } from '../support/sources/range-server.js';

const bytes = randomBytes(200_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const { signal } = new AbortController();

let folder: string;
let web: RangeServer;
let object: ObjectFacts | null;
let access: SourceAccess & { readonly close: () => void };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'source-'));
  web = await startRangeServer(bytes);
  object = { size: bytes.length, etag: 'one', crc64: null, storageClass: 'Standard', restore: null };
  const http = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 500 });
  access = {
    ...{ http, close: () => http.close() },
    openFile: openLocalFile,
    credential: createCredentials(null),
    mapExtents: async () => null,
    cache: createCache({ folder: join(folder, 'cache'), limitBytes: 1e9 }),
    objects: {
      headObject: async () => object,
      readRange: async (_bucket, _key, offset, length) => bytes.subarray(offset, offset + length),
    },
    digestOf: (_version, _signal, compute) => compute(),
    knownDigest: async () => null,
  };
  await writeFile(join(folder, 'disk.raw'), bytes);
});

afterEach(async () => {
  access.close();
  await web.close();
  await rm(folder, { recursive: true });
});

const urls = {
  file: () => pathToFileURL(join(folder, 'disk.raw')).href,
  http: () => web.url.href,
  oss: () => 'oss://images/dir/disk%231.raw',
};
const kinds = Object.entries(urls);

/** Reports the first bytes of an image, and where they were read. */
const inspector: Inspector<{ readonly where: string; readonly first: string }> = {
  file: async ({ path }) => ({ where: path, first: 'file' }),
  remote: async (image) => ({
    where: image.name,
    first: Buffer.from(await image.read(0, 8, signal)).toString('hex'),
  }),
};

describe.each(kinds)('a source of kind %s', (_kind, url) => {
  test('describe → size and a version that stays the same', async () => {
    const facts = await sourceAt(url(), access).describe(signal);
    expect(facts).toMatchObject({ size: bytes.length, refusal: null, version: expect.any(String) });
    expect(await sourceAt(url(), access).describe(signal)).toEqual(facts);
  });

  test('digest → SHA-256 of all bytes', async () => {
    expect(await sourceAt(url(), access).digest(signal, () => undefined)).toBe(sha256);
  });

  test('open → a reader of all bytes', async () => {
    const options = { sha256: undefined, asFile: false, signal, onProgress: () => undefined };
    const { reader, release } = await sourceAt(url(), access).open(options);
    const chunks: Buffer[] = [];
    const buffers = [new Uint8Array(64_000), new Uint8Array(64_000)] as const;
    for await (const chunk of reader.read(0, reader.size, buffers, signal)) chunks.push(Buffer.from(chunk));
    await reader.check();
    await release('delete');
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });
});

describe('inspect', () => {
  const first = bytes.subarray(0, 8).toString('hex');

  test.each([
    ['file', () => ({ where: join(folder, 'disk.raw'), first: 'file' })],
    ['http', () => ({ where: `${web.url.origin}${web.url.pathname}`, first })],
    ['oss', () => ({ where: 'oss://images/dir/disk%231.raw', first })],
  ] as const)('of kind %s → read where the image is', async (kind, expected) => {
    expect(await sourceAt(urls[kind](), access).inspect(inspector, signal)).toEqual(expected());
  });

  test('of a server without ranges → null: the image must be downloaded first', async () => {
    web.instead = (_path, response) => {
      response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
      return true;
    };
    expect(await sourceAt(urls.http(), access).inspect(inspector, signal)).toBeNull();
  });
});

describe('a version changes', () => {
  test('when a file is written again, even with its old modification time', async () => {
    const before = await sourceAt(urls.file(), access).describe(signal);
    await writeFile(join(folder, 'disk.raw'), randomBytes(bytes.length));
    await utimes(join(folder, 'disk.raw'), 1, 1);
    expect((await sourceAt(urls.file(), access).describe(signal)).version).not.toBe(before.version);
  });

  test('when an object is replaced', async () => {
    const before = await sourceAt(urls.oss(), access).describe(signal);
    object = { size: bytes.length, etag: 'two', crc64: null, storageClass: 'Standard', restore: null };
    expect((await sourceAt(urls.oss(), access).describe(signal)).version).not.toBe(before.version);
  });
});

describe('an object that ECS cannot import', () => {
  const fields = { etag: 'one', crc64: null };
  test.each([
    ['that does not exist', 'InvalidOSSObject.NotFound', null],
    ['that is empty', 'InvalidOSSObject.Size', { ...fields, size: 0, storageClass: 'Standard', restore: null }],
    [
      'that is archived',
      'InvalidOSSObject.NeedRestore',
      { ...fields, size: 1, storageClass: 'Archive', restore: null },
    ],
  ])('%s → describe reports the refusal, inspect and open read nothing', async (_name, code, facts) => {
    object = facts;
    const source = sourceAt(urls.oss(), access);
    expect((await source.describe(signal)).refusal?.failure).toMatchObject({ code, field: 'disks[0].source' });
    expect(await source.inspect(inspector, signal)).toBeNull();
    const options = { sha256: undefined, asFile: false, signal, onProgress: () => undefined };
    await expect(source.open(options)).rejects.toMatchObject({ failure: { code } });
  });
});
