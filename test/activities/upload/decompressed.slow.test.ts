/** Compressed files: decompressed to a sparse file of the cache, and compressed while they are sent, without qemu-img. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../images/bytes.js';
import { openContainer } from '../../../images/container.js';
import { createConverter } from '../../../images/convert/converter.js';
import { containerOf } from '../../../images/convert/decision.js';
import { INSTALLED, type Programs } from '../../../images/convert/programs.js';
import { findingList } from '../../../images/findings.js';
import { inspectImage } from '../../../images/inspect.js';
import { SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { createCache } from '../../../sources/scratch-cache.js';
import {
  diskOf,
  sharedRecord,
  uploadWorker,
  type WorkerOptions,
} from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { mbrDisk } from '../../support/images/made-images.js';

const SIZE = SEGMENT_BYTES + 2 * 1024 ** 2;

let bucket: Recorder;
let folder: string;

beforeEach(async () => {
  bucket = await startRecorder();
  folder = await mkdtemp(join(tmpdir(), 'decompressed-'));
});
afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

const content = (text = 'data ') => {
  const disk = mbrDisk(SIZE);
  for (const at of [2 * 1024 ** 2, SEGMENT_BYTES + 1024 ** 2]) disk.fill(text, at, at + 512 * 1024);
  return disk;
};
const COMPRESS = { gz: ['gzip', '-1c'], xz: ['xz', '-1c'], zst: ['zstd', '-qc'] } as const;
const compress = (bytes: Buffer, kind: keyof typeof COMPRESS) => {
  const [program, ...args] = COMPRESS[kind];
  return execFileSync(program, args, { input: bytes, maxBuffer: SIZE });
};

/** qemu-img maps holes, and converts nothing. */
const programs: Programs = {
  ...INSTALLED,
  async qemuImg() {
    const installed = await INSTALLED.qemuImg();
    return installed && { ...installed, toQcow2: () => Promise.reject(new Error('converted with qemu-img')) };
  },
};

function worker(options: Partial<WorkerOptions> = {}) {
  const cache = createCache({ folder: join(folder, 'cache'), limitBytes: 1e9 });
  return uploadWorker({
    ...{ endpoint: bucket.endpoint, programs, cacheFolder: join(folder, 'cache') },
    ...{ convert: createConverter({ cache, inspect: inspectImage, programs }) },
    inspect: (path) => inspectImage(path, { role: 'system' }),
    ...options,
  });
}

async function planOf(name: string, bytes: Buffer) {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const file = await openLocalFile(path);
  await file.close();
  const container = containerOf(await inspectImage(path, { role: 'system' }));
  const plan = { ...diskOf(1, { kind: 'file', path }, file.size), conversion: 'converted' as const };
  return { ...plan, inspected: { version: file.version, container } };
}

function expectDisk(wanted: Buffer, object = [...bucket.objects.values()].at(-1)): void {
  const disk = object === undefined ? null : openContainer(bufferSource(object), findingList()).disk;
  for (let at = 0; at < SIZE; at += 1024 ** 2) {
    const count = Math.min(1024 ** 2, SIZE - at);
    expect(disk?.read(at, count).equals(wanted.subarray(at, at + count))).toBe(true);
  }
}
const partsSent = () => bucket.requests.filter(({ query }) => query.has('partNumber')).length;
const draftsLeft = () => readdir(join(folder, 'cache')).catch((): string[] => []);

describe.each(['gz', 'xz', 'zst'] as const)('a raw disk in a .%s file', (kind) => {
  test('→ a compressed QCOW2 with the disk, and nothing remains in the cache', async () => {
    const result = await worker().upload([{ plan: await planOf(`disk.raw.${kind}`, compress(content(), kind)) }]);
    expect(result.disks).toMatchObject([{ format: 'QCOW2', diskImageSizeGiB: 1 }]);
    expectDisk(content());
    expect(await draftsLeft()).toEqual([]);
  });

  test('in two members or frames → the whole disk', async () => {
    const [first, second] = [content().subarray(0, SEGMENT_BYTES), content().subarray(SEGMENT_BYTES)];
    const bytes = Buffer.concat([compress(first, kind), compress(second, kind)]);
    await worker().upload([{ plan: await planOf(`disk.raw.${kind}`, bytes) }]);
    expectDisk(content());
  });

  test.each([
    ['that ends early', (bytes: Buffer) => bytes.subarray(0, bytes.length - 30)],
    [
      'with a wrong checksum',
      (bytes: Buffer) => {
        const damaged = Buffer.from(bytes);
        // gzip: CRC32 and ISIZE are the last bytes; xz: the check is before the index; zstd: its last four bytes.
        const at = kind === 'gz' ? bytes.length - 8 : kind === 'zst' ? bytes.length - 2 : bytes.length - 40;
        damaged.writeUInt8(damaged.readUInt8(at) ^ 0x55, at);
        return damaged;
      },
    ],
  ])('%s → refused before any byte is sent', async (_name, damage) => {
    const plan = await planOf(`disk.raw.${kind}`, damage(compress(content(), kind)));
    await expect(worker().upload([{ plan }])).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Convert.Failed' })],
    });
    expect(partsSent()).toBe(0);
    expect(await draftsLeft()).toEqual([]);
  });
});

test('a gzip file with a wrong ISIZE → refused before any byte is sent', async () => {
  const bytes = Buffer.from(compress(content(), 'gz'));
  bytes.writeUInt32LE(SIZE - 1, bytes.length - 4);
  await expect(worker().upload([{ plan: await planOf('disk.raw.gz', bytes) }])).rejects.toMatchObject({
    details: [expect.objectContaining({ code: 'Convert.Failed' })],
  });
  expect(partsSent()).toBe(0);
});

test.each([
  ['gz', Buffer.from('signature')],
  ['xz', Buffer.alloc(8)],
  ['zst', Buffer.from('5a2a4d1804000000736b6970', 'hex')],
] as const)('a .%s file with other bytes after the data → the disk without them', async (kind, end) => {
  const bytes = Buffer.concat([compress(content(), kind), end]);
  await worker().upload([{ plan: await planOf(`disk.raw.${kind}`, bytes) }]);
  expectDisk(content());
});

test('the worker dies after some parts → the next one decompresses again, and sends only the others', async () => {
  const shared = sharedRecord();
  const plan = await planOf('disk.raw.zst', compress(content(), 'zst'));
  const settings = { concurrentParts: 1, maxConcurrentParts: 1, maxAttempts: 1 };
  bucket.fault = ({ query }) =>
    query.get('partNumber') === '3' ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
  await expect(worker({ shared, settings }).upload([{ plan }])).rejects.toThrow();
  // The host is another one: its cache is empty.
  await rm(join(folder, 'cache'), { recursive: true });
  bucket.fault = () => undefined;
  bucket.requests.length = 0;
  await worker({ shared, settings }).upload([{ plan }]);
  const sent = bucket.requests.flatMap(({ query }) => query.get('partNumber') ?? []);
  expect(sent).not.toContain('2');
  expect(sent).toContain('3');
  expectDisk(content());
});

test('the disk of another file, compressed in another way → nothing is sent; the next import does not decompress it', async () => {
  const shared = sharedRecord();
  await worker({ shared }).upload([{ plan: await planOf('disk.raw.gz', compress(content(), 'gz')) }]);
  bucket.requests.length = 0;
  const plan = await planOf('disk.raw.xz', compress(content(), 'xz'));
  await worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
  expect([partsSent(), bucket.objects.size]).toEqual([0, 1]);
  const convert = () => Promise.reject(new Error('decompressed again'));
  await worker({ shared, importId: 'imp-3', convert }).upload([{ plan }]);
  expect(partsSent()).toBe(0);
});

test('the digest of the request is wrong → fails, and nothing remains in the cache', async () => {
  const plan = await planOf('disk.raw.gz', compress(content(), 'gz'));
  await expect(worker().upload([{ plan, sha256: '0'.repeat(64) }])).rejects.toMatchObject({
    details: [expect.objectContaining({ code: 'Source.DigestMismatch' })],
  });
  const sha256 = createHash('sha256')
    .update(await readFile(join(folder, 'disk.raw.gz')))
    .digest('hex');
  await worker({ importId: 'imp-2' }).upload([{ plan, sha256 }]);
  expectDisk(content());
});

test('the decompressed file → takes no more of the disk than the data', async () => {
  const plan = await planOf('disk.raw.gz', compress(content(), 'gz'));
  let bytes = 0;
  const inspect = async (path: string) => {
    bytes = Math.max(bytes, (await stat(path)).blocks * 512);
    return await inspectImage(path, { role: 'system' });
  };
  const cache = createCache({ folder: join(folder, 'cache'), limitBytes: 1e9 });
  const convert = createConverter({ cache, inspect: (file) => inspect(String(file)), programs });
  await worker({ convert }).upload([{ plan }]);
  expect(bytes).toBeGreaterThan(1024 ** 2);
  expect(bytes).toBeLessThan(2 * 1024 ** 2);
});
