/** The upload phase for the disks of one import, on any worker. */
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskPlan } from '../../../domain/plan.js';
import { containerOf } from '../../../images/convert/decision.js';
import { fileSource } from '../../../sources/file.js';
import { openLocalFile } from '../../../sources/local-file.js';
import type { UploadStore } from '../../../store/uploads.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import { BUCKET, diskOf, sharedRecord, uploadWorker } from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { startRangeServer } from '../../support/sources/range-server.js';

const PART = 128 * 1024;
const SIZE = 8 * PART;

let bucket: Recorder;
let folder: string;

beforeEach(async () => {
  bucket = await startRecorder();
  folder = await mkdtemp(join(tmpdir(), 'upload-'));
});

afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

async function fileDisk(number: number, content = randomBytes(SIZE)) {
  const path = join(folder, `${number}.raw`);
  await writeFile(path, content);
  // Whole seconds, which utimes can set again.
  utimesSync(path, 1_600_000_000, 1_600_000_000);
  return { plan: diskOf(number, { kind: 'file', path }, content.length), path, url: pathToFileURL(path).href };
}
const unused = () => Promise.reject(new Error('not part of this test'));
const requestFailure = (failure: object) => ({ type: 'request', details: [expect.objectContaining(failure)] });

describe('disks of one import', () => {
  test('on a worker with a limit → uploaded concurrently, up to the limit', async () => {
    const disks = await Promise.all([1, 2, 3, 4].map((number) => fileDisk(number)));
    let most = 0;
    // No part succeeds until two uploads have started: sequential uploads would never end.
    bucket.fault = ({ method }) => {
      most = Math.max(most, bucket.uploads.size);
      return method === 'PUT' && most < 2 ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
    };
    const worker = uploadWorker({
      endpoint: bucket.endpoint,
      sends: 2,
      settings: { partSize: PART, maxAttempts: 1000 },
    });
    await worker.upload(disks);
    expect(most).toBe(2);
    expect(bucket.objects.size).toBe(4);
  });

  test('one fails permanently → all stop, and the failure names that disk', async () => {
    const first = await fileDisk(1);
    const missing = { plan: diskOf(2, { kind: 'file', path: join(folder, 'none.raw') }, SIZE) };
    bucket.fault = ({ method }) => (method === 'PUT' ? { kind: 'hang' } : undefined);
    const worker = uploadWorker({ endpoint: bucket.endpoint, settings: { stallMs: 60_000 } });
    await expect(worker.upload([first, missing])).rejects.toMatchObject(
      requestFailure({ code: 'Source.NotFound', field: 'disks[1].source' }),
    );
    expect(bucket.objects.size).toBe(0);
  });
});

describe('a file that waits for an upload slot', () => {
  const other = (): string => {
    writeFileSync(join(folder, 'other'), Buffer.alloc(SIZE, 'secret'));
    return join(folder, 'other');
  };
  const swaps: Record<string, (path: string) => void> = {
    'a link to another file is at its path': (path) => {
      rmSync(path);
      symlinkSync(other(), path);
    },
    'another file is at its path': (path) => renameSync(other(), path),
  };

  const rewrite = (path: string) => {
    const { atime, mtime } = statSync(path);
    writeFileSync(path, Buffer.alloc(SIZE, 'secret'));
    utimesSync(path, atime, mtime);
  };

  /** Two disks on a worker that sends one at a time; \`swap\` gets the path of the waiting one. */
  async function uploadTwo(swap: (path: string) => void, isDigestKnown = false) {
    const disks = [await fileDisk(1), await fileDisk(2)] as const;
    const shared = sharedRecord();
    for (const { path } of isDigestKnown ? disks : []) {
      const { version, close } = await openLocalFile(path);
      await close();
      const digest = createHash('sha256').update(readFileSync(path)).digest('hex');
      await shared.uploads.noteDigest(`here ${version}`, digest);
    }
    const ready = new Set<string>();
    const claim: UploadStore['claim'] = (id, holder, leaseMs) => {
      ready.add(holder);
      return shared.uploads.claim(id, holder, leaseMs);
    };
    const sending = new Set<string>();
    bucket.fault = ({ path, query }) => {
      if (!query.has('partNumber')) return undefined;
      // Both disks have been opened.
      if (ready.size < 2) return { kind: 'refuse', status: 503, code: 'SlowDown' };
      if (sending.size === 0) swap(disks[path.includes('disk-1') ? 1 : 0].path);
      sending.add(path);
      return undefined;
    };
    const settings = { partSize: PART, maxAttempts: 1000 };
    const worker = uploadWorker({
      ...{ endpoint: bucket.endpoint, sends: 1, settings },
      shared: { ...shared, uploads: { ...shared.uploads, claim } },
    });
    return await worker.upload(disks);
  }

  const expectNoSecret = () => {
    const sent = [
      ...bucket.objects.values(),
      ...[...bucket.uploads.values()].flatMap(({ parts }) => [...parts.values()]),
    ];
    expect(sent.some((bytes) => bytes.includes('secret'))).toBe(false);
  };

  test.each(Object.entries(swaps))('%s → Source.Changed, and nothing of it is sent', async (_name, swap) => {
    await expect(uploadTwo(swap)).rejects.toMatchObject(requestFailure({ code: 'Source.Changed' }));
    expectNoSecret();
  });

  test('other bytes are written, and the modification time is set back → nothing of it is sent', async () => {
    await expect(uploadTwo(rewrite, true)).rejects.toMatchObject(requestFailure({ code: 'Source.Changed' }));
    expectNoSecret();
  });

  test('only its permissions change → uploaded if its digest is known; otherwise the next attempt inspects it again', async () => {
    await uploadTwo((path) => chmodSync(path, 0o600), true);
    expect(bucket.objects.size).toBe(2);
    await expect(uploadTwo((path) => chmodSync(path, 0o640))).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Source.StatusChanged' })],
    });
  });

  test('other bytes are written while no digest is known, and the modification time is set back → nothing of it is sent', async () => {
    await expect(uploadTwo(rewrite)).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Source.StatusChanged', class: 'transient' })],
    });
    expectNoSecret();
  });
});

test('action required for a disk → the failure names the disk in its field and in the command', async () => {
  const web = await startRangeServer(randomBytes(SIZE));
  web.instead = (_path, response) => {
    response.writeHead(403).end();
    return true;
  };
  const worker = uploadWorker({ endpoint: bucket.endpoint });
  const disks = [await fileDisk(1), { plan: diskOf(2, { kind: 'http', url: web.url.href }, SIZE) }];
  await expect(worker.upload(disks)).rejects.toMatchObject({
    type: 'attention',
    details: [
      expect.objectContaining({
        ...{ code: 'Source.Forbidden', field: 'disks[1].source' },
        remedy: expect.stringContaining('--set disks[1].source=NEW_URL'),
      }),
    ],
  });
  worker.close();
  await web.close();
});

describe('a disk that preflight has inspected', () => {
  const versionOf = async (url: string) => {
    const { version } = await fileSource(url, access).describe(new AbortController().signal);
    return version ?? '';
  };
  const access = { openFile: openLocalFile, mapExtents: async () => null, digestOf: unused, knownDigest: unused };
  const raw = inspectionOf({ virtualSize: SIZE, fileSize: SIZE, allocatedSize: SIZE });
  const planned = (plan: DiskPlan, version: string): DiskPlan => ({
    ...plan,
    ...{ conversion: 'if-faster', inspected: { version, container: containerOf(raw) } },
  });

  test('and that is unchanged → uploaded without another inspection; the upload creates its key', async () => {
    const { plan, url } = await fileDisk(1);
    const worker = uploadWorker({ endpoint: bucket.endpoint });
    const { disks } = await worker.upload([{ plan: { ...planned(plan, await versionOf(url)), key: null } }]);
    expect(worker.inspected).toEqual([]);
    expect(disks).toMatchObject([{ format: 'RAW', key: [...bucket.objects.keys()][0] }]);
  });

  test('and that has changed since → inspected again, and imported in its current format', async () => {
    const { plan, path } = await fileDisk(1);
    const inspection = inspectionOf({ format: 'QCOW2', diskImageSizeGiB: 7, architecture: 'arm64' });
    const worker = uploadWorker({ endpoint: bucket.endpoint, inspection });
    await writeFile(path, randomBytes(SIZE - 512));
    const sent = await worker.upload([{ plan: planned(plan, 'another version') }]);
    expect(worker.inspected).toEqual([path]);
    expect(worker.facts).toMatchObject([{ kind: 'disk', sourceBytes: SIZE - 512, objectBytes: SIZE - 512 }]);
    expect(sent).toMatchObject({ architecture: 'arm64', disks: [{ format: 'QCOW2', diskImageSizeGiB: 7 }] });
  });

  test('and that has changed to something that ECS does not import → refused before any byte is uploaded', async () => {
    const { plan } = await fileDisk(1);
    const worker = uploadWorker({ endpoint: bucket.endpoint, inspection: inspectionOf({ format: 'ISO' }) });
    const upload = worker.upload([{ plan: planned(plan, 'another version') }]);
    await expect(upload).rejects.toMatchObject(
      requestFailure({ code: 'InvalidImageFormat.Malformed', field: 'disks[0].source' }),
    );
    expect(bucket.partBytes).toBe(0);
  });

  test('in a plan of an earlier version, with a provisional key and no inspection → inspected once and uploaded', async () => {
    const { plan, path } = await fileDisk(1);
    const worker = uploadWorker({ endpoint: bucket.endpoint, inspection: raw });
    const { disks } = await worker.upload([{ plan: { ...plan, conversion: 'if-worth', key: 'imp-1/disk-1.raw' } }]);
    expect(worker.inspected).toEqual([path]);
    expect(disks).toMatchObject([{ format: 'RAW', key: expect.stringMatching(/disk-1-[0-9a-f]{12}\.raw$/) }]);
  });

  test('and that is an object which has been replaced since → inspected again', async () => {
    bucket.objects.set('there.raw', randomBytes(SIZE));
    const plan = diskOf(1, { kind: 'object', bucket: BUCKET, key: 'there.raw' }, SIZE);
    const inspection = inspectionOf({ diskImageSizeGiB: 9 });
    const worker = uploadWorker({ endpoint: bucket.endpoint, inspection });
    const { disks } = await worker.upload([
      { plan: { ...plan, inspected: { version: 'another version', container: containerOf(raw) } } },
    ]);
    expect(worker.inspected).toEqual([`oss://${BUCKET}/there.raw`]);
    expect(disks).toMatchObject([{ key: 'there.raw', format: 'RAW', diskImageSizeGiB: 9 }]);
  });
});

describe('an object whose sha256 the request has', () => {
  const content = randomBytes(SIZE);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const object = (key: string) => ({ plan: diskOf(2, { kind: 'object', bucket: BUCKET, key }, SIZE), sha256 });

  test('→ read for its digest, and imported from its bucket', async () => {
    bucket.objects.set('there.raw', content);
    await uploadWorker({ endpoint: bucket.endpoint }).upload([await fileDisk(1), object('there.raw')]);
    expect([...bucket.objects.keys()]).toContain('there.raw');
    expect(bucket.partBytes).toBe(SIZE);
  });

  test('and that was deleted since preflight → the failure that ECS would report', async () => {
    const upload = uploadWorker({ endpoint: bucket.endpoint }).upload([await fileDisk(1), object('gone.raw')]);
    await expect(upload).rejects.toMatchObject(
      requestFailure({ code: 'InvalidOSSObject.NotFound', field: 'disks[1].source' }),
    );
  });
});

test('the worker of an image from the web is lost → a worker on another host continues the upload', async () => {
  const web = await startRangeServer(randomBytes(SIZE));
  const shared = sharedRecord();
  const disk = { plan: diskOf(1, { kind: 'http', url: web.url.href }, SIZE) };
  const settings = { partSize: PART, concurrentParts: 1, maxConcurrentParts: 1, maxAttempts: 1 };
  const first = uploadWorker({ endpoint: bucket.endpoint, shared, settings });
  const second = uploadWorker({ endpoint: bucket.endpoint, shared, settings });
  try {
    let sent = 0;
    bucket.fault = ({ method }) => {
      if (method === 'PUT') sent += 1;
      return sent > 5 ? { kind: 'reset-before' } : undefined;
    };
    await expect(first.upload([disk])).rejects.toMatchObject({ type: 'transient' });
    expect(bucket.objects.size).toBe(0);
    const served = web.bytesServed;
    bucket.fault = () => undefined;
    await second.upload([disk]);
    expect([...bucket.objects.values()].map((object) => object.equals(web.bytes))).toEqual([true]);
    // Nothing was sent or downloaded again: three parts were missing, and the server was probed.
    expect(bucket.partBytes).toBe(SIZE);
    expect(web.bytesServed - served).toBeLessThan(4 * PART);
  } finally {
    first.close();
    second.close();
    await web.close();
  }
});
