/** Uploads whose parts are built while they are sent, and which share the memory of a process. */
import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { BuiltBody, BuiltParts } from '../../../alibaba/cloud.js';
import { createOss } from '../../../alibaba/oss.js';
import { MIN_PART_BYTES } from '../../../images/stream/layout.js';
import { createPartMemory, type PartMemory } from '../../../images/stream/part-memory.js';
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

function upload(key: string, parts: BuiltParts, signal: AbortSignal) {
  const oss = createOss({
    ...{ endpoint: bucket.endpoint, region: 'cn-hangzhou' },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: { firstMs: 1, maxMs: 5, maxAttempts: 1_000, stallMs: 100 },
  });
  return oss.uploadBuilt({
    ...{ bucket: 'images', key, uploadId: null, isFirst: true, meta: {}, signal, wholeCrc64: null, parts },
    onUploadId: async () => undefined,
    onWhole: async () => undefined,
  });
}

/** One part that takes a segment of the memory. @param onBuild called each time when it is built */
function onePart(content: Buffer, memory: PartMemory, onBuild: () => void = () => undefined): BuiltParts {
  const owner = {};
  const build = async (signal: AbortSignal): Promise<BuiltBody> => {
    const [target] = await memory.take(1, signal, owner);
    onBuild();
    return {
      length: content.length,
      async *chunks() {
        yield content;
      },
      isWanted: () => memory.isWantedBesides(owner),
      release: () => target?.release(),
    };
  };
  const header = { number: FIRST, body: new Uint8Array(MIN_PART_BYTES), release: () => undefined };
  return {
    builders: 1,
    begin: async () => [],
    async *toBuild() {
      yield { number: DATA, build };
    },
    note: async () => undefined,
    onDone: () => undefined,
    check: async () => undefined,
    ends: async () => ({ first: header, last: (async function* () {})() }),
  };
}

test('an upload stalls with all blocks of the memory → another one gets them, and both end', async () => {
  const { signal } = new AbortController();
  const memory = createPartMemory(1);
  const contents = [randomBytes(MIN_PART_BYTES), randomBytes(MIN_PART_BYTES)] as const;
  let isStalled = true;
  bucket.fault = ({ method, path, query }) =>
    isStalled && method === 'PUT' && path.endsWith('stalled') && query.get('partNumber') === String(DATA)
      ? { kind: 'hang' }
      : undefined;
  let builds = 0;
  const stalled = upload(
    'stalled',
    onePart(contents[0], memory, () => {
      builds += 1;
    }),
    signal,
  );
  while (!bucket.requests.some(({ query }) => query.has('partNumber'))) await delay(5);
  await upload('other', onePart(contents[1], memory), signal);
  isStalled = false;
  await stalled;
  expect(builds).toBe(2);
  expect(bucket.objects.get('other')?.subarray(MIN_PART_BYTES).equals(contents[1])).toBe(true);
  expect(bucket.objects.get('stalled')?.subarray(MIN_PART_BYTES).equals(contents[0])).toBe(true);
});

test('no other upload waits → the part of a failed attempt is sent again as it is', async () => {
  const memory = createPartMemory(1);
  let failures = 0;
  bucket.fault = ({ query }) => {
    if (query.get('partNumber') !== String(DATA) || failures === 3) return undefined;
    failures += 1;
    return { kind: 'reset-before' };
  };
  let builds = 0;
  const content = randomBytes(MIN_PART_BYTES);
  const parts = onePart(content, memory, () => {
    builds += 1;
  });
  await upload('one', parts, new AbortController().signal);
  expect([failures, builds]).toEqual([3, 1]);
  expect(bucket.objects.get('one')?.subarray(MIN_PART_BYTES).equals(content)).toBe(true);
});
