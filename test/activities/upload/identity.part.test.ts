/** Digests of sources that are compressed while they are sent, and disks whose content is in the bucket already. */
import { createHash } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { link, mkdtemp, open, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskPlan } from '../../../domain/plan.js';
import { bufferSource } from '../../../images/bytes.js';
import { openContainer } from '../../../images/container.js';
import { containerOf } from '../../../images/convert/decision.js';
import { findingList } from '../../../images/findings.js';
import { CLUSTER_BYTES, layoutOf, SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { probeHttp, versionText } from '../../../sources/http-probe.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { REQUEST } from '../../support/activities/distribution-cloud.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import {
  BUCKET,
  diskOf,
  sharedRecord,
  uploadWorker,
  type WorkerOptions,
} from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { writeStreamed } from '../../support/images/stream/written-file.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

/** Two ranges. The second one is short, and ends within a cluster. */
const SIZE = SEGMENT_BYTES + 1024 ** 2 - 512;
const RANGES = [0, 1];
const DATA_BYTES = 8 * CLUSTER_BYTES;
const dataAt = (range: number) => range * SEGMENT_BYTES + 3 * CLUSTER_BYTES;

let bucket: Recorder;
let web: RangeServer;
let folder: string;
const workers: { close(): void }[] = [];

beforeEach(async () => {
  bucket = await startRecorder();
  web = await startRangeServer(Buffer.alloc(1));
  folder = await mkdtemp(join(tmpdir(), 'identity-'));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.close();
  await Promise.all([bucket.close(), web.close()]);
  await rm(folder, { recursive: true });
});

/** 512 KiB of data in each range. */
function contentWith(text: (range: number) => string = (range) => `range ${range} `): Buffer {
  const content = Buffer.alloc(SIZE);
  for (const range of RANGES) content.fill(text(range), dataAt(range), dataAt(range) + DATA_BYTES);
  return content;
}

/** A QCOW2 file with the first range. */
async function qcow2File(): Promise<string> {
  const content = contentWith();
  const clusters = Array.from({ length: DATA_BYTES / CLUSTER_BYTES }, (_, index) => index + 3);
  const bytes = (cluster: number) => content.subarray(cluster * CLUSTER_BYTES, (cluster + 1) * CLUSTER_BYTES);
  const disk = { size: SEGMENT_BYTES, clusters: new Map(clusters.map((cluster) => [cluster, bytes(cluster)])) };
  const path = join(folder, 'disk.qcow2');
  await writeStreamed(path, disk, layoutOf(SEGMENT_BYTES), () => 1);
  return path;
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const raw = inspectionOf({ virtualSize: SIZE, fileSize: SIZE, allocatedSize: SIZE });

async function planOf(path: string, changes: Parameters<typeof inspectionOf>[0] = {}): Promise<DiskPlan> {
  const file = await openLocalFile(path);
  await file.close();
  const container = containerOf(inspectionOf({ virtualSize: SIZE, fileSize: file.size, ...changes }));
  const plan = { ...diskOf(1, { kind: 'file', path }, file.size), conversion: 'converted' as const };
  return { ...plan, inspected: { version: file.version, container } };
}

async function rawFile(name: string, content = contentWith()): Promise<DiskPlan> {
  const path = join(folder, name);
  await writeFile(path, content);
  return await planOf(path);
}

function worker(options: Partial<WorkerOptions> = {}) {
  // A busy machine is no server that has failed: bytes are counted.
  const created = uploadWorker({ endpoint: bucket.endpoint, stallMs: 30_000, ...options });
  workers.push(created);
  return created;
}

function expectDisk(content: Buffer, object = [...bucket.objects.values()].at(-1)): void {
  const disk = object === undefined ? null : openContainer(bufferSource(object), findingList()).disk;
  for (let at = 0; at < SIZE; at += SEGMENT_BYTES) {
    const count = Math.min(SEGMENT_BYTES, SIZE - at);
    expect(disk?.read(at, count).equals(content.subarray(at, at + count))).toBe(true);
  }
}

const partsSent = () =>
  bucket.requests.filter(({ query }) => query.has('partNumber')).map(({ query }) => Number(query.get('partNumber')));
const dataPartsSent = () => partsSent().filter((part) => part > 1 && part < 9802);
const evidenceIn = (findings: readonly { readonly code: string; readonly evidence: string }[]) =>
  findings.find(({ code }) => code === 'ECSIMPORT.SourceVersion')?.evidence ?? '';
const oneAtATime = { concurrentParts: 1, maxConcurrentParts: 1, maxAttempts: 1 };
const failsAt = (part: string) => {
  bucket.fault = ({ query }) =>
    query.get('partNumber') === part ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
};
const heal = () => {
  bucket.fault = () => undefined;
  bucket.requests.length = 0;
};
const mismatch = { details: [expect.objectContaining({ code: 'Source.DigestMismatch' })] };
const changed = { details: [expect.objectContaining({ code: 'Source.Changed' })] };

describe('a raw file whose digest the request has', () => {
  test('→ hashed over the reads of the upload', async () => {
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    const { upload, findings, facts } = worker();
    await upload([{ plan, sha256: sha256Of(content) }]);
    expectDisk(content);
    expect(evidenceIn(findings)).toMatch(/computed over the reads of the upload; guarantee: sha256$/);
    expect(facts).toMatchObject([{ kind: 'disk', sha256: sha256Of(content) }]);
  });

  test('and that has bytes after its last sector, which are not sent → hashed with them', async () => {
    const content = contentWith();
    const path = join(folder, 'odd.raw');
    await writeFile(path, Buffer.concat([content, Buffer.from('end')]));
    await worker().upload([{ plan: await planOf(path), sha256: sha256Of(await readFile(path)) }]);
    expectDisk(content);
  });

  test('and that ends within its last sector → hashed without the zeros that complete it', async () => {
    const content = contentWith();
    const path = join(folder, 'short.raw');
    await writeFile(path, content.subarray(0, SIZE - 100));
    await worker().upload([{ plan: await planOf(path), sha256: sha256Of(content.subarray(0, SIZE - 100)) }]);
    expectDisk(content);
  });

  test('and it is another one → this import fails before the completion, and another import sends nothing again', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    const wrong = worker({ shared }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(bucket.objects.size).toBe(0);
    bucket.requests.length = 0;
    await worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(dataPartsSent()).toEqual([]);
    expectDisk(content);
  });

  test('and the worker dies after some parts → the next one reads those again for the digest, and reports it', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    const disk = { plan, sha256: sha256Of(content) };
    failsAt('3');
    await expect(worker({ shared, settings: oneAtATime }).upload([disk])).rejects.toThrow();
    heal();
    const { upload, findings } = worker({ shared, settings: oneAtATime });
    await upload([disk]);
    expect(dataPartsSent()).toEqual([3]);
    expectDisk(content);
    expect(evidenceIn(findings)).toMatch(/\d+ MiB were read again for it; guarantee: sha256$/);
  });

  test('and the worker dies after the completion → the next one reads the file for its digest, and sends nothing', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    const { finish } = shared.uploads;
    shared.uploads.finish = () => Promise.reject(new Error('killed'));
    await expect(worker({ shared }).upload([{ plan, sha256: sha256Of(content) }])).rejects.toThrow();
    shared.uploads.finish = finish;
    heal();
    await worker({ shared }).upload([{ plan, sha256: sha256Of(content) }]);
    expect(partsSent()).toEqual([]);
    const wrong = worker({ shared, importId: 'imp-2' }).upload([{ plan, sha256: '1'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
  });

  test('and a part was replaced, so that the upload starts again → the digest is the same', async () => {
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    let isLate = true;
    bucket.fault = ({ method, query }) => {
      if (method === 'POST' && query.has('uploadId') && isLate) {
        isLate = false;
        for (const { parts } of bucket.uploads.values()) parts.set(2, Buffer.alloc(200_000, 'late'));
      }
      return undefined;
    };
    await worker().upload([{ plan, sha256: sha256Of(content) }]);
    expectDisk(content);
  });

  test('and that another import sends meanwhile → read beside, and both use one object', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await rawFile('disk.raw', content);
    const first = worker({ shared }).upload([{ plan }]);
    const second = worker({ shared, importId: 'imp-2' }).upload([{ plan, sha256: sha256Of(content) }]);
    const third = worker({ shared, importId: 'imp-3' }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(third).rejects.toMatchObject(mismatch);
    expect((await second).disks[0]?.key).toBe((await first).disks[0]?.key);
    expect(bucket.objects.size).toBe(1);
  });
});

test('a QCOW2 file whose digest the request has → read once more beside the upload', async () => {
  const path = await qcow2File();
  const image = await readFile(path);
  const plan = await planOf(path, { format: 'QCOW2', virtualSize: SEGMENT_BYTES });
  const { upload, findings } = worker();
  await upload([{ plan, sha256: sha256Of(image) }]);
  expect(evidenceIn(findings)).toMatch(/computed by another read of the source; guarantee: sha256$/);
  await expect(
    worker({ importId: 'imp-2' }).upload([{ plan: { ...plan }, sha256: '0'.repeat(64) }]),
  ).rejects.toMatchObject(mismatch);
});

describe('a disk on a web server that is compressed while it is sent', () => {
  // Without a cache, a download fails.
  const planned = async (bytes: Buffer, etag: string | null, inspection = raw): Promise<DiskPlan> => {
    web.bytes = bytes;
    web.etag = etag;
    const client = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 500 });
    const facts = await probeHttp(client, web.url, new AbortController().signal);
    client.close();
    web.bytesServed = 0;
    const inspected = { version: versionText(facts), container: containerOf(inspection) };
    const plan = diskOf(1, { kind: 'http', url: web.url.href }, bytes.length);
    return { ...plan, conversion: 'converted', inspected };
  };
  const SLACK = 100;
  const CONVERTED = { ...REQUEST.upload, bucket: BUCKET, convert: 'qcow2' as const };

  test.each([
    ['a strong ETag', '"one"'],
    ['no version', null],
  ])('%s, raw, with a digest → fetched once, hashed meanwhile', async (_name, etag) => {
    const content = contentWith();
    const plan = await planned(content, etag);
    const { upload, findings } = worker({ inspection: raw });
    await upload([{ plan, sha256: sha256Of(content) }]);
    expectDisk(content);
    expect(web.bytesServed).toBeLessThan(SIZE + SLACK);
    expect(evidenceIn(findings)).toMatch(/computed over the reads of the upload; guarantee: sha256$/);
  });

  test('raw, with another digest → fails, nothing is completed', async () => {
    const plan = await planned(contentWith(), '"one"');
    await expect(worker().upload([{ plan, sha256: '0'.repeat(64) }])).rejects.toMatchObject(mismatch);
    expect(bucket.objects.size).toBe(0);
  });

  const inner = inspectionOf({ format: 'QCOW2', virtualSize: SEGMENT_BYTES });
  const imageBytes = async () => await readFile(await qcow2File());

  test('QCOW2, a strong ETag and a digest → fetched once more for the digest', async () => {
    const image = await imageBytes();
    const plan = await planned(image, '"one"', inner);
    const { upload, findings } = worker();
    await upload([{ plan, sha256: sha256Of(image) }]);
    expect(evidenceIn(findings)).toMatch(/computed by another read of the source; guarantee: sha256$/);
    const wrong = worker({ importId: 'imp-2' }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(bucket.objects.size).toBe(1);
  });

  test.each([
    ['raw', async () => contentWith(), raw],
    ['QCOW2', imageBytes, inner],
  ])(
    '%s, a version that proves nothing → read twice, and the object is inspected',
    async (_name, bytes, inspection) => {
      const plan = await planned(await bytes(), 'W/"one"', inspection);
      const result = inspectionOf({ format: 'QCOW2' });
      const { upload, findings, inspected } = worker({ inspection: result });
      await upload([{ plan }]);
      expect(evidenceIn(findings)).toMatch(/guarantee: second-read$/);
      expect(inspected).toEqual([expect.stringMatching(/^oss:\/\/images\//)]);
      expect(bucket.objects.size).toBe(1);
    },
  );

  test('raw, a version that proves nothing, a digest and parts that are not in memory → downloaded', async () => {
    const content = contentWith();
    const plan = await planned(content, 'W/"one"');
    const cacheFolder = join(folder, 'cache');
    const inspection = inspectionOf({ ...raw, format: 'RAW' });
    const limits = { ranges: 1, bufferedSegments: 1 };
    const { upload, inspected } = worker({ inspection, cacheFolder, limits });
    await upload([{ plan, sha256: sha256Of(content) }], { upload: CONVERTED });
    expect(inspected).toEqual([expect.stringContaining(cacheFolder)]);
  });

  test('whose bytes change after the first read, under a version that proves nothing → Source.Changed', async () => {
    const plan = await planned(contentWith(), 'W/"one"');
    bucket.fault = ({ query }) => {
      // The parts with data have been read.
      if (query.get('partNumber') === '3') web.bytes = contentWith((range) => `RANGE ${range} `);
      return undefined;
    };
    await expect(worker({ settings: oneAtATime }).upload([{ plan }])).rejects.toMatchObject(changed);
    expect(bucket.objects.size).toBe(0);
  });

  test('whose bytes change while the worker is down, under a version that proves nothing → Source.Changed', async () => {
    const shared = sharedRecord();
    const plan = await planned(contentWith(), 'W/"one"');
    failsAt('3');
    const other = contentWith((range) => `RANGE ${range} `);
    const disk = { plan, sha256: sha256Of(other) };
    await expect(worker({ shared, settings: oneAtATime }).upload([disk])).rejects.toThrow();
    heal();
    web.bytes = other;
    // The digest is that of the new bytes, but the parts that were sent have the old ones.
    await expect(worker({ shared }).upload([disk])).rejects.toMatchObject(changed);
    expect(bucket.objects.size).toBe(0);
  });
});

describe('a disk whose content is in the bucket', () => {
  const sent = async (first: DiskPlan, shared = sharedRecord()) => {
    await worker({ shared }).upload([{ plan: first }]);
    bucket.requests.length = 0;
    return shared;
  };

  test('as that of another file → nothing is sent, and the object is used', async () => {
    const shared = await sent(await rawFile('one.raw'));
    const result = await worker({ shared, importId: 'imp-2' }).upload([{ plan: await rawFile('two.raw') }]);
    expect(result.disks[0]?.key).toBe([...bucket.objects.keys()][0]);
    expect(partsSent()).toEqual([]);
    expect(bucket.objects.size).toBe(1);
  });

  test('as that of a sparse copy → nothing is sent', async () => {
    const content = contentWith();
    const sparse = await open(join(folder, 'sparse.raw'), 'w');
    for (const range of RANGES) await sparse.write(content, dataAt(range), DATA_BYTES, dataAt(range));
    await sparse.truncate(SIZE);
    await sparse.close();
    const shared = await sent(await planOf(join(folder, 'sparse.raw')));
    await worker({ shared, importId: 'imp-2' }).upload([{ plan: await rawFile('full.raw', content) }]);
    expect(partsSent()).toEqual([]);
  });

  test('as that of an image in another format → nothing is sent', async () => {
    const content = contentWith().subarray(0, SEGMENT_BYTES);
    const shared = await sent(await planOf(await qcow2File(), { format: 'QCOW2', virtualSize: SEGMENT_BYTES }));
    await writeFile(join(folder, 'disk.raw'), content);
    const plan = await planOf(join(folder, 'disk.raw'), { virtualSize: SEGMENT_BYTES });
    await worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(partsSent()).toEqual([]);
  });

  test.each([
    ['only at its end', 1],
    ['only at its beginning', 0],
  ])('but that differs %s → sent as a whole', async (_name, changedRange) => {
    const shared = await sent(await rawFile('one.raw'));
    const other = contentWith((range) => (range === changedRange ? 'other ' : `range ${range} `));
    const plan = await rawFile('two.raw', other);
    await worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(bucket.objects.size).toBe(2);
    expect(dataPartsSent().sort()).toEqual([2, 3]);
    expectDisk(other);
  });

  test('and which was found by comparing → the next import of the file reads nothing', async () => {
    const shared = await sent(await rawFile('one.raw'));
    const plan = await rawFile('two.raw');
    await worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    const read: number[] = [];
    await worker({ shared, importId: 'imp-3', onSegment: (offset) => read.push(offset) }).upload([{ plan }]);
    expect(read).toEqual([]);
    expect(partsSent()).toEqual([]);
  });

  test('and the object is released while the file is compared → sent', async () => {
    const shared = await sent(await rawFile('one.raw'));
    shared.contents.use = async () => false;
    await worker({ shared, importId: 'imp-2' }).upload([{ plan: await rawFile('two.raw') }]);
    expect(bucket.objects.size).toBe(2);
  });

  test('and the file is changed while it is compared → Source.Changed, nothing is used', async () => {
    const shared = await sent(await rawFile('one.raw'));
    const plan = await rawFile('two.raw');
    const path = plan.source.path ?? '';
    const onSegment = (offset: number) => {
      if (offset === SEGMENT_BYTES) utimesSync(path, 1, 1);
    };
    await expect(worker({ shared, importId: 'imp-2', onSegment }).upload([{ plan }])).rejects.toMatchObject(changed);
  });

  test('under the digest of the request → the file is read for it, and nothing is sent', async () => {
    const content = contentWith();
    const shared = sharedRecord();
    const sha256 = sha256Of(content);
    await worker({ shared }).upload([{ plan: await rawFile('one.raw', content), sha256 }]);
    bucket.requests.length = 0;
    const read: number[] = [];
    const second = worker({ shared, importId: 'imp-2', onSegment: (offset) => read.push(offset) });
    await second.upload([{ plan: await rawFile('two.raw', content), sha256 }]);
    expect([read, partsSent(), bucket.objects.size]).toEqual([[], [], 1]);
    const other = await rawFile(
      'three.raw',
      contentWith(() => 'other '),
    );
    const wrong = worker({ shared, importId: 'imp-3' }).upload([{ plan: other, sha256 }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(partsSent()).toEqual([]);
  });

  test('in a CloudBox, whose bucket may have the name of one in the region → both are sent', async () => {
    const content = contentWith();
    const shared = sharedRecord();
    const inBox = { storageLocationArn: 'acs:ens::123:cloudbox/cb-1' };
    const sha256 = sha256Of(content);
    await worker({ shared }).upload([{ plan: await rawFile('one.raw', content), sha256 }], inBox);
    await worker({ shared, importId: 'imp-2' }).upload([{ plan: await rawFile('two.raw', content), sha256 }]);
    expect(bucket.objects.size).toBe(2);
  });

  test('through a hard link, which changes the change time → compared, and nothing is sent', async () => {
    const first = await rawFile('one.raw');
    const shared = await sent(first);
    await link(join(folder, 'one.raw'), join(folder, 'link.raw'));
    await worker({ shared, importId: 'imp-2' }).upload([{ plan: await planOf(join(folder, 'link.raw')) }]);
    expect(partsSent()).toEqual([]);
  });

  test('as before its modification time was set back over other bytes → those are sent', async () => {
    const plan = await rawFile('one.raw');
    const shared = await sent(plan);
    const path = join(folder, 'one.raw');
    const before = new Date(1_600_000_000_000);
    const other = contentWith((range) => `other ${range} `);
    await writeFile(path, other);
    await utimes(path, before, before);
    await worker({ shared, importId: 'imp-2' }).upload([{ plan: await planOf(path) }]);
    expect(bucket.objects.size).toBe(2);
    expectDisk(other);
  });
});
