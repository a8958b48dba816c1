/** Disks that are compressed while they are sent. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../images/bytes.js';
import { containerOf } from '../../../images/convert/decision.js';
import { findingList } from '../../../images/findings.js';
import { openQcow2 } from '../../../images/formats/qcow2.js';
import { SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { openLocalFile } from '../../../sources/local-file.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import {
  diskOf,
  sharedRecord,
  uploadWorker,
  type WorkerOptions,
} from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';

/** The fourth range is short. */
const SIZE = 3 * SEGMENT_BYTES + 1024 ** 2 - 512;

let bucket: Recorder;
let folder: string;

beforeEach(async () => {
  bucket = await startRecorder();
  folder = await mkdtemp(join(tmpdir(), 'streamed-'));
});

afterEach(async () => {
  await bucket.close();
  await rm(folder, { recursive: true });
});

/** A raw disk with 1 MiB of data in every range but the third. */
async function rawDisk() {
  const path = join(folder, 'disk.raw');
  const content = Buffer.alloc(SIZE);
  const file = await open(path, 'w');
  for (const range of [0, 1, 3]) {
    const text = Buffer.alloc(512 * 1024, `range ${range} `);
    randomBytes(100_000).copy(text, 200_000);
    const at = range * SEGMENT_BYTES + 3 * 65_536;
    text.copy(content, at);
    await file.write(text, 0, text.length, at);
  }
  await file.truncate(SIZE);
  await file.close();
  const { version } = await openLocalFile(path).then(async (opened) => {
    await opened.close();
    return opened;
  });
  const container = containerOf(inspectionOf({ virtualSize: SIZE, fileSize: SIZE }));
  const plan = {
    ...diskOf(1, { kind: 'file', path }, SIZE),
    conversion: 'converted' as const,
    inspected: { version, container },
  };
  return { plan, content };
}

function expectDisk(content: Buffer): void {
  const [object] = [...bucket.objects.values()];
  if (object === undefined) throw new Error('no object');
  const findings = findingList();
  const container = openQcow2(bufferSource(object), findings);
  expect(findings.all).toEqual([]);
  expect(container?.virtualSize).toBe(SIZE);
  for (let at = 0; at < SIZE; at += SEGMENT_BYTES) {
    const count = Math.min(SEGMENT_BYTES, SIZE - at);
    expect(container?.disk?.read(at, count).equals(content.subarray(at, at + count))).toBe(true);
  }
}

const partsSent = () =>
  bucket.requests.filter(({ query }) => query.has('partNumber')).map(({ query }) => Number(query.get('partNumber')));
const endpoint = () => bucket.endpoint;

test('a raw disk → a QCOW2 with the same disk; a range without data is no part', async () => {
  const { plan, content } = await rawDisk();
  const worker = uploadWorker({ endpoint: endpoint() });
  const sent = await worker.upload([{ plan }]);
  expect(sent.disks[0]).toMatchObject({ format: 'QCOW2' });
  expectDisk(content);
  expect(partsSent().sort((one, other) => one - other)).toEqual([1, 2, 3, 5, 9802]);
});

test('a worker dies after some parts → the next one sends only the others', async () => {
  const { plan, content } = await rawDisk();
  const shared = sharedRecord();
  const settings = { concurrentParts: 1, maxConcurrentParts: 1, maxAttempts: 1 };
  bucket.fault = ({ query }) =>
    query.get('partNumber') === '5' ? { kind: 'refuse', status: 503, code: 'SlowDown' } : undefined;
  await expect(uploadWorker({ endpoint: endpoint(), shared, settings }).upload([{ plan }])).rejects.toThrow();
  const noted: number[] = [];
  for await (const { number } of shared.ranges.list(0)) noted.push(number);
  expect(noted).toEqual(expect.arrayContaining([2, 3]));
  bucket.fault = () => undefined;
  bucket.requests.length = 0;
  await uploadWorker({ endpoint: endpoint(), shared, settings }).upload([{ plan }]);
  expectDisk(content);
  expect(partsSent().filter((part) => noted.includes(part))).toEqual([]);
});

test('a frozen worker’s part arrives after the parts were listed → it is sent again, and the disk is the same', async () => {
  const { plan, content } = await rawDisk();
  let isLate = true;
  bucket.fault = ({ method, query }) => {
    // Just before the first completion, other bytes arrive for a part that is noted.
    if (method === 'POST' && query.has('uploadId') && isLate) {
      isLate = false;
      for (const { parts } of bucket.uploads.values()) parts.set(3, Buffer.alloc(200_000, 'late'));
    }
    return undefined;
  };
  await uploadWorker({ endpoint: endpoint() }).upload([{ plan }]);
  expectDisk(content);
  expect(partsSent().filter((part) => part === 3)).toHaveLength(2);
  expect(partsSent().filter((part) => part === 2)).toHaveLength(1);
});

test('another worker has taken over → a part of the first one does not count as sent', async () => {
  const { plan } = await rawDisk();
  const shared = sharedRecord();
  bucket.fault = ({ query }) => {
    if (query.get('partNumber') === '3') void shared.uploads.handOver(0, '');
    return undefined;
  };
  await expect(uploadWorker({ endpoint: endpoint(), shared }).upload([{ plan }])).rejects.toMatchObject({
    details: [expect.objectContaining({ code: 'Upload.LeaseLost' })],
  });
  expect(bucket.objects.size).toBe(0);
});

describe('two imports of one file', () => {
  const uploadTwice = async (options: Partial<WorkerOptions>) => {
    const shared = sharedRecord();
    const { plan } = await rawDisk();
    await uploadWorker({ endpoint: endpoint(), shared, ...options }).upload([{ plan }]);
    const [first] = bucket.objects.keys();
    const second = uploadWorker({ endpoint: endpoint(), shared, ...options, importId: 'imp-2' });
    return { first, second: (await second.upload([{ plan }])).disks[0]?.key };
  };

  test('that has settled → one upload, although neither has read it before', async () => {
    const { first, second } = await uploadTwice({});
    expect(second).toBe(first);
    expect(bucket.objects.size).toBe(1);
  });

  test('whose change time is in the future → each has its own', async () => {
    await uploadTwice({ changedAtMs: Date.now() + 3_600_000 });
    expect(bucket.objects.size).toBe(2);
  });
});

test('the digest of the request is wrong → this import fails, and the upload passes to another one', async () => {
  const shared = sharedRecord();
  const { plan, content } = await rawDisk();
  const wrong = uploadWorker({ endpoint: endpoint(), shared }).upload([{ plan, sha256: '0'.repeat(64) }]);
  await expect(wrong).rejects.toMatchObject({ details: [expect.objectContaining({ code: 'Source.DigestMismatch' })] });
  await uploadWorker({ endpoint: endpoint(), shared }).upload([{ plan }]);
  expectDisk(content);
});
