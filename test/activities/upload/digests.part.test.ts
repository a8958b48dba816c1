/** Digests that requests have, of files and web sources that are compressed while they are sent. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskPlan } from '../../../domain/plan.js';
import { containerOf } from '../../../images/convert/decision.js';
import { SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { probeHttp, versionText } from '../../../sources/http-probe.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { REQUEST } from '../../support/activities/distribution-cloud.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import {
  changed,
  contentWith,
  mismatch,
  openSentDisks,
  type SentDisks,
  SIZE,
  sha256Of,
} from '../../support/activities/upload/sent-disks.js';
import { BUCKET, diskOf, sharedRecord } from '../../support/activities/upload/upload-runner.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

let disks: SentDisks;
let web: RangeServer;

beforeEach(async () => {
  disks = await openSentDisks();
  web = await startRangeServer(Buffer.alloc(1));
});

afterEach(async () => {
  await Promise.all([disks.close(), web.close()]);
});

const raw = inspectionOf({ virtualSize: SIZE, fileSize: SIZE, allocatedSize: SIZE });
const evidenceIn = (findings: readonly { readonly code: string; readonly evidence: string }[]) =>
  findings.find(({ code }) => code === 'ECSIMPORT.SourceVersion')?.evidence ?? '';
const oneAtATime = { concurrentParts: 1, maxConcurrentParts: 1, maxAttempts: 1 };

describe('a raw file whose digest the request has', () => {
  test('→ hashed over the reads of the upload', async () => {
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    const { upload, findings, facts } = disks.worker();
    await upload([{ plan, sha256: sha256Of(content) }]);
    disks.expectDisk(content);
    expect(evidenceIn(findings)).toMatch(/computed over the reads of the upload; guarantee: sha256$/);
    expect(facts).toMatchObject([{ kind: 'disk', sha256: sha256Of(content) }]);
  });

  test('and that has bytes after its last sector, which are not sent → hashed with them', async () => {
    const content = contentWith();
    const path = join(disks.folder, 'odd.raw');
    await writeFile(path, Buffer.concat([content, Buffer.from('end')]));
    await disks.worker().upload([{ plan: await disks.planOf(path), sha256: sha256Of(await readFile(path)) }]);
    disks.expectDisk(content);
  });

  test('and that ends within its last sector → hashed without the zeros that complete it', async () => {
    const content = contentWith();
    const path = join(disks.folder, 'short.raw');
    await writeFile(path, content.subarray(0, SIZE - 100));
    await disks
      .worker()
      .upload([{ plan: await disks.planOf(path), sha256: sha256Of(content.subarray(0, SIZE - 100)) }]);
    disks.expectDisk(content);
  });

  test('and it is another one → this import fails before the completion, and another import sends nothing again', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    const wrong = disks.worker({ shared }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(disks.bucket.objects.size).toBe(0);
    disks.bucket.requests.length = 0;
    await disks.worker({ shared, importId: 'imp-2' }).upload([{ plan }]);
    expect(disks.dataPartsSent()).toEqual([]);
    disks.expectDisk(content);
  });

  test('and the worker dies after some parts → the next one reads those again for the digest, and reports it', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    const disk = { plan, sha256: sha256Of(content) };
    disks.failsAt('3');
    await expect(disks.worker({ shared, settings: oneAtATime }).upload([disk])).rejects.toThrow();
    disks.heal();
    const { upload, findings } = disks.worker({ shared, settings: oneAtATime });
    await upload([disk]);
    expect(disks.dataPartsSent()).toEqual([3]);
    disks.expectDisk(content);
    expect(evidenceIn(findings)).toMatch(/\d+ MiB were read again for it; guarantee: sha256$/);
  });

  test('and the worker dies after the completion → the next one reads the file for its digest, and sends nothing', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    const { finish } = shared.uploads;
    shared.uploads.finish = () => Promise.reject(new Error('killed'));
    await expect(disks.worker({ shared }).upload([{ plan, sha256: sha256Of(content) }])).rejects.toThrow();
    shared.uploads.finish = finish;
    disks.heal();
    await disks.worker({ shared }).upload([{ plan, sha256: sha256Of(content) }]);
    expect(disks.partsSent()).toEqual([]);
    const wrong = disks.worker({ shared, importId: 'imp-2' }).upload([{ plan, sha256: '1'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
  });

  test('and a part was replaced, so that the upload starts again → the digest is the same', async () => {
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    let isLate = true;
    disks.bucket.fault = ({ method, query }) => {
      if (method === 'POST' && query.has('uploadId') && isLate) {
        isLate = false;
        for (const { parts } of disks.bucket.uploads.values()) parts.set(2, Buffer.alloc(200_000, 'late'));
      }
      return undefined;
    };
    await disks.worker().upload([{ plan, sha256: sha256Of(content) }]);
    disks.expectDisk(content);
  });

  test('and that another import sends meanwhile → read beside, and both use one object', async () => {
    const shared = sharedRecord();
    const content = contentWith();
    const plan = await disks.rawFile('disk.raw', content);
    const first = disks.worker({ shared }).upload([{ plan }]);
    const second = disks.worker({ shared, importId: 'imp-2' }).upload([{ plan, sha256: sha256Of(content) }]);
    const third = disks.worker({ shared, importId: 'imp-3' }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(third).rejects.toMatchObject(mismatch);
    expect((await second).disks[0]?.key).toBe((await first).disks[0]?.key);
    expect(disks.bucket.objects.size).toBe(1);
  });
});

test('a QCOW2 file whose digest the request has → read once more beside the upload', async () => {
  const path = await disks.qcow2File();
  const image = await readFile(path);
  const plan = await disks.planOf(path, { format: 'QCOW2', virtualSize: SEGMENT_BYTES });
  const { upload, findings } = disks.worker();
  await upload([{ plan, sha256: sha256Of(image) }]);
  expect(evidenceIn(findings)).toMatch(/computed by another read of the source; guarantee: sha256$/);
  await expect(
    disks.worker({ importId: 'imp-2' }).upload([{ plan: { ...plan }, sha256: '0'.repeat(64) }]),
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
    const { upload, findings } = disks.worker({ inspection: raw });
    await upload([{ plan, sha256: sha256Of(content) }]);
    disks.expectDisk(content);
    expect(web.bytesServed).toBeLessThan(SIZE + SLACK);
    expect(evidenceIn(findings)).toMatch(/computed over the reads of the upload; guarantee: sha256$/);
  });

  test('raw, with another digest → fails, nothing is completed', async () => {
    const plan = await planned(contentWith(), '"one"');
    await expect(disks.worker().upload([{ plan, sha256: '0'.repeat(64) }])).rejects.toMatchObject(mismatch);
    expect(disks.bucket.objects.size).toBe(0);
  });

  const inner = inspectionOf({ format: 'QCOW2', virtualSize: SEGMENT_BYTES });
  const imageBytes = async () => await readFile(await disks.qcow2File());

  test('QCOW2, a strong ETag and a digest → fetched once more for the digest', async () => {
    const image = await imageBytes();
    const plan = await planned(image, '"one"', inner);
    const { upload, findings } = disks.worker();
    await upload([{ plan, sha256: sha256Of(image) }]);
    expect(evidenceIn(findings)).toMatch(/computed by another read of the source; guarantee: sha256$/);
    const wrong = disks.worker({ importId: 'imp-2' }).upload([{ plan, sha256: '0'.repeat(64) }]);
    await expect(wrong).rejects.toMatchObject(mismatch);
    expect(disks.bucket.objects.size).toBe(1);
  });

  test.each([
    ['raw', async () => contentWith(), raw],
    ['QCOW2', imageBytes, inner],
  ])(
    '%s, a version that proves nothing → read twice, and the object is inspected',
    async (_name, bytes, inspection) => {
      const plan = await planned(await bytes(), 'W/"one"', inspection);
      const result = inspectionOf({ format: 'QCOW2' });
      const { upload, findings, inspected } = disks.worker({ inspection: result });
      await upload([{ plan }]);
      expect(evidenceIn(findings)).toMatch(/guarantee: second-read$/);
      expect(inspected).toEqual([expect.stringMatching(/^oss:\/\/images\//)]);
      expect(disks.bucket.objects.size).toBe(1);
    },
  );

  test('raw, a version that proves nothing, a digest and parts that are not in memory → downloaded', async () => {
    const content = contentWith();
    const plan = await planned(content, 'W/"one"');
    const cacheFolder = join(disks.folder, 'cache');
    const inspection = inspectionOf({ ...raw, format: 'RAW' });
    const limits = { ranges: 1, bufferedSegments: 1 };
    const { upload, inspected } = disks.worker({ inspection, cacheFolder, limits });
    await upload([{ plan, sha256: sha256Of(content) }], { upload: CONVERTED });
    expect(inspected).toEqual([expect.stringContaining(cacheFolder)]);
  });

  test('whose bytes change after the first read, under a version that proves nothing → Source.Changed', async () => {
    const plan = await planned(contentWith(), 'W/"one"');
    disks.bucket.fault = ({ query }) => {
      // The parts with data have been read.
      if (query.get('partNumber') === '3') web.bytes = contentWith((range) => `RANGE ${range} `);
      return undefined;
    };
    await expect(disks.worker({ settings: oneAtATime }).upload([{ plan }])).rejects.toMatchObject(changed);
    expect(disks.bucket.objects.size).toBe(0);
  });

  test('whose bytes change while the worker is down, under a version that proves nothing → Source.Changed', async () => {
    const shared = sharedRecord();
    const plan = await planned(contentWith(), 'W/"one"');
    disks.failsAt('3');
    const other = contentWith((range) => `RANGE ${range} `);
    const disk = { plan, sha256: sha256Of(other) };
    await expect(disks.worker({ shared, settings: oneAtATime }).upload([disk])).rejects.toThrow();
    disks.heal();
    web.bytes = other;
    // The digest is that of the new bytes, but the parts that were sent have the old ones.
    await expect(disks.worker({ shared }).upload([disk])).rejects.toMatchObject(changed);
    expect(disks.bucket.objects.size).toBe(0);
  });
});
