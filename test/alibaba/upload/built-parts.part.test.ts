/** Uploads whose parts are built while they are sent, and which share the memory of a process. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ChangeLease, withChangeLease } from '../../../alibaba/change-lease.js';
import { createOss } from '../../../alibaba/oss.js';
import type { BuiltBody, BuiltParts } from '../../../alibaba/oss-api.js';
import { MIN_PART_BYTES, SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { BLOCK_BYTES, createPartMemory, type PartMemory } from '../../../images/stream/part-memory.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';

const FIRST = 1;
const DATA = 2;

let bucket: Recorder;

beforeEach(async () => {
  bucket = await startRecorder();
});

afterEach(async () => {
  await bucket.close();
});

function upload(key: string, parts: BuiltParts, signal: AbortSignal, stallMs = 100) {
  const oss = createOss({
    ...{ endpoint: bucket.endpoint, region: 'cn-hangzhou' },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: { firstMs: 1, maxMs: 5, maxAttempts: 1_000, stallMs },
  });
  return oss.uploadBuilt({
    ...{ bucket: 'images', key, uploadId: null, isFirst: true, meta: {}, signal, wholeCrc64: null, parts },
    onUploadId: async () => undefined,
    onWhole: async () => undefined,
  });
}

/** Parts that take a segment of the memory each. @param onBuild called each time when one is built */
function partsOf(contents: readonly Buffer[], memory: PartMemory, onBuild: () => void = () => undefined): BuiltParts {
  const owner = {};
  const build = async (content: Buffer, signal: AbortSignal): Promise<BuiltBody> => {
    const blocks = await memory.take(1, signal, owner);
    onBuild();
    return {
      length: content.length,
      async *chunks() {
        for (let at = 0; at < content.length; at += BLOCK_BYTES) yield content.subarray(at, at + BLOCK_BYTES);
      },
      isWanted: () => memory.isWantedBesides(owner),
      reclaimed: blocks.reclaimed,
      release: blocks.release,
    };
  };
  const header = { number: FIRST, body: new Uint8Array(MIN_PART_BYTES), release: () => undefined };
  return {
    builders: contents.length,
    begin: async () => [],
    async *toBuild() {
      for (const [index, content] of contents.entries()) {
        yield { number: DATA + index, build: (signal) => build(content, signal) };
      }
    },
    note: async () => undefined,
    onDone: () => undefined,
    check: async () => undefined,
    ends: async () => ({ first: header, last: (async function* () {})() }),
  };
}

test('an upload stalls with all blocks of the memory → another one gets them, and both end', async () => {
  const { signal } = new AbortController();
  const memory = createPartMemory({ segments: 1 });
  const contents = [randomBytes(MIN_PART_BYTES), randomBytes(MIN_PART_BYTES)] as const;
  let isStalled = true;
  bucket.fault = ({ method, path, query }) =>
    isStalled && method === 'PUT' && path.endsWith('stalled') && query.get('partNumber') === String(DATA)
      ? { kind: 'hang' }
      : undefined;
  let builds = 0;
  const stalled = upload(
    'stalled',
    partsOf([contents[0]], memory, () => {
      builds += 1;
    }),
    signal,
  );
  while (!bucket.requests.some(({ query }) => query.has('partNumber'))) await delay(5);
  await upload('other', partsOf([contents[1]], memory), signal);
  isStalled = false;
  await stalled;
  expect(builds).toBe(2);
  expect(bucket.objects.get('other')?.subarray(MIN_PART_BYTES).equals(contents[1])).toBe(true);
  expect(bucket.objects.get('stalled')?.subarray(MIN_PART_BYTES).equals(contents[0])).toBe(true);
});

test('the server takes a few KB/s of each part of an upload that has all memory → another one gets some of it, and both end', async () => {
  const { signal } = new AbortController();
  const memory = createPartMemory({ segments: 2, patienceMs: 300 });
  // More than the system buffers of a connection.
  const content = () => randomBytes(SEGMENT_BYTES / 2);
  const slow = [content(), content()];
  const quick = content();
  const trickle = { kind: 'slow' as const, bytesPerSecond: 100_000 };
  bucket.fault = ({ path, query }) =>
    path.endsWith('slow') && Number(query.get('partNumber')) >= DATA ? trickle : undefined;
  let builds = 0;
  const slowUpload = upload(
    'slow',
    partsOf(slow, memory, () => {
      builds += 1;
    }),
    signal,
    60_000,
  );
  while (builds < 2) await delay(5);
  await upload('quick', partsOf([quick], memory), signal, 60_000);
  const objects = bucket.objects.size;
  trickle.bytesPerSecond = Number.POSITIVE_INFINITY;
  await slowUpload;
  expect(objects).toBe(1);
  expect(builds).toBeGreaterThanOrEqual(3);
  expect(bucket.objects.get('quick')?.subarray(MIN_PART_BYTES).equals(quick)).toBe(true);
  expect(bucket.objects.get('slow')?.subarray(MIN_PART_BYTES).equals(Buffer.concat(slow))).toBe(true);
}, 60_000);

test('no other upload waits → the part of a failed attempt is sent again as it is', async () => {
  const memory = createPartMemory({ segments: 1 });
  let failures = 0;
  bucket.fault = ({ query }) => {
    if (query.get('partNumber') !== String(DATA) || failures === 3) return undefined;
    failures += 1;
    return { kind: 'reset-before' };
  };
  let builds = 0;
  const content = randomBytes(MIN_PART_BYTES);
  const parts = partsOf([content], memory, () => {
    builds += 1;
  });
  await upload('one', parts, new AbortController().signal);
  expect([failures, builds]).toEqual([3, 1]);
  expect(bucket.objects.get('one')?.subarray(MIN_PART_BYTES).equals(content)).toBe(true);
});

test('the lease of the step expires before a part is sent → it is confirmed, and the part is sent as it is', async () => {
  const memory = createPartMemory({ segments: 1 });
  // More than what is written at a time.
  const content = randomBytes(4 * BLOCK_BYTES);
  let isExpired = false;
  let expired = 0;
  const parts = partsOf([content], memory, () => {
    isExpired = true;
  });
  const lease: ChangeLease = {
    hold: async () => undefined,
    isHeld() {
      if (!isExpired) return true;
      isExpired = false;
      expired += 1;
      return false;
    },
  };
  await withChangeLease(lease, () => upload('one', parts, new AbortController().signal));
  expect(expired).toBe(1);
  expect(bucket.objects.get('one')?.subarray(MIN_PART_BYTES).equals(content)).toBe(true);
});

test('the memory of a large part is reclaimed while its length is measured for a proxy → it is built again, and sent', async () => {
  const memory = createPartMemory({ segments: 1, patienceMs: 20 });
  bucket.fault = ({ headers }) =>
    headers['transfer-encoding'] === 'chunked'
      ? { kind: 'refuse', status: 411, code: 'MissingContentLength' }
      : undefined;
  const content = randomBytes(MIN_PART_BYTES);
  const parts = partsOf([content], memory);
  let builds = 0;
  /** Requests the memory for another upload, and ends when the part must give it up. */
  const untilReclaimed = async function* ({ reclaimed }: BuiltBody): AsyncGenerator<Uint8Array> {
    void memory.take(1, new AbortController().signal, {}).then(({ release }) => release());
    yield content.subarray(0, BLOCK_BYTES);
    if (reclaimed?.aborted === false) await once(reclaimed, 'abort');
    reclaimed?.throwIfAborted();
  };
  const large: BuiltParts = {
    ...parts,
    async *toBuild(done, signal) {
      for await (const { number, build } of parts.toBuild(done, signal)) {
        const buildLarge = async (stop: AbortSignal): Promise<BuiltBody> => {
          const body = await build(stop);
          builds += 1;
          const isMeasured = builds === 2;
          return { ...body, length: null, ...(isMeasured ? { chunks: () => untilReclaimed(body) } : {}) };
        };
        yield { number, build: buildLarge };
      }
    },
  };
  await upload('one', large, new AbortController().signal);
  expect(builds).toBe(4);
  expect(bucket.objects.get('one')?.subarray(MIN_PART_BYTES).equals(content)).toBe(true);
});
