/**
 * Faults of a web server during the whole upload of an image that is compressed while it is sent, from ranges of the server:
 * the object has the disk, or there is none and the reason is reported.
 */
import { createHash, randomBytes } from 'node:crypto';
import type http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../images/bytes.js';
import { containerOf } from '../../../images/convert/decision.js';
import { findingList } from '../../../images/findings.js';
import { openQcow2 } from '../../../images/formats/qcow2.js';
import { SEGMENT_BYTES } from '../../../images/stream/layout.js';
import { createPartMemory, type PartMemory } from '../../../images/stream/part-memory.js';
import { probeHttp, versionText } from '../../../sources/http-probe.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import { diskOf, sharedRecord, uploadWorker } from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

/** The third range is short. */
const SIZE = 2 * SEGMENT_BYTES + 300_000;
/** Longer than the event loop is busy with a segment. */
const STALL_MS = 3_000;
/** Bounds a test that hangs. */
const TIMEOUT_MS = 60_000;
const content = imageOf('first');
const other = imageOf('other');
const sha256 = createHash('sha256').update(content).digest('hex');
const raw = inspectionOf({ virtualSize: SIZE, fileSize: SIZE, allocatedSize: SIZE });

let bucket: Recorder;
let web: RangeServer;
const workers: { close(): void }[] = [];

beforeEach(async () => {
  bucket = await startRecorder();
  web = await startRangeServer(content);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) worker.close();
  await Promise.all([bucket.close(), web.close()]);
});

/** Data in every range, with noise. */
function imageOf(name: string): Buffer {
  const bytes = Buffer.alloc(SIZE);
  for (let at = 0; at < SIZE; at += SEGMENT_BYTES) {
    bytes.write(`range at ${at} of ${name} `.repeat(5_000), at + 1_000);
    randomBytes(90_000).copy(bytes, at + 150_000);
  }
  return bytes;
}

async function planned(url = web.url) {
  const client = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 500 });
  const facts = await probeHttp(client, url, new AbortController().signal);
  client.close();
  const inspected = { version: versionText(facts), container: containerOf(raw) };
  return { ...diskOf(1, { kind: 'http', url: url.href }, SIZE), conversion: 'converted' as const, inspected };
}

/** `same disk`, or the code of the failure. */
type Outcome = string;

/** One attempt of the upload. Without an object with the same disk, there is none. */
async function attempt(
  plan: Awaited<ReturnType<typeof planned>>,
  digest: string | null = null,
  shared = sharedRecord(),
  more: { readonly memory?: PartMemory } = {},
): Promise<Outcome> {
  bucket.objects.clear();
  const worker = uploadWorker({ endpoint: bucket.endpoint, inspection: raw, shared, stallMs: STALL_MS, ...more });
  workers.push(worker);
  try {
    await worker.upload([{ plan, ...(digest === null ? {} : { sha256: digest }) }]);
  } catch (error) {
    expect(bucket.objects.size).toBe(0);
    return codeOf(error);
  }
  const [object] = [...bucket.objects.values()];
  const disk = object && openQcow2(bufferSource(object), findingList())?.disk;
  for (let at = 0; at < SIZE; at += SEGMENT_BYTES) {
    const count = Math.min(SEGMENT_BYTES, SIZE - at);
    expect(disk?.read(at, count).equals(content.subarray(at, at + count))).toBe(true);
  }
  return 'same disk';
}

/** Of an error of the catalogue, which names a fix. */
function codeOf(error: unknown): string {
  const details = error instanceof Error && 'details' in error && Array.isArray(error.details) ? error.details : [];
  const [{ code = '', remedy = '' } = {}] = details;
  if (code === '') throw error;
  expect(remedy).not.toBe('');
  return code;
}

interface Asked {
  readonly response: http.ServerResponse;
  readonly start: number;
  readonly end: number;
  /** Requests for ranges of the image before this one. */
  readonly before: number;
}

/** Answers the requests for ranges of the image, which are longer than what describes it. */
function misbehave(answer: (asked: Asked) => boolean): void {
  let before = 0;
  web.instead = (_path, response, range) => {
    const [, start = 0, end = 0] = (/(\d+)-(\d+)/.exec(range ?? '') ?? []).map(Number);
    if (end - start < 1_000) return false;
    before += 1;
    return answer({ response, start, end, before: before - 1 });
  };
}

function headOf({ start, end }: Pick<Asked, 'start' | 'end'>, etag = web.etag) {
  return {
    ...(etag === null ? {} : { etag }),
    ...{ 'content-range': `bytes ${start}-${end}/${SIZE}`, 'content-length': end - start + 1 },
  };
}

const once = (answer: (asked: Asked) => void) => () =>
  misbehave((asked) => {
    if (asked.before !== 1) return false;
    answer(asked);
    return true;
  });
const always = (answer: (asked: Asked) => void) => () =>
  misbehave((asked) => {
    if (asked.before === 0) return false;
    answer(asked);
    return true;
  });
const status =
  (code: number, headers: http.OutgoingHttpHeaders = {}) =>
  ({ response }: Asked) =>
    void response.writeHead(code, headers).end();
/** @param change of the header and the bytes of a right response */
const wrong =
  (change: (asked: Asked) => { readonly head?: http.OutgoingHttpHeaders; readonly body?: Buffer }) =>
  (asked: Asked) => {
    const { head = {}, body = content.subarray(asked.start, asked.end + 1) } = change(asked);
    asked.response.writeHead(206, { ...headOf(asked), ...head });
    asked.response.end(body);
  };
const cutAfter = (bytes: number) => (asked: Asked) => {
  asked.response.writeHead(206, headOf(asked));
  asked.response.write(content.subarray(asked.start, Math.min(asked.end + 1, asked.start + bytes)));
  setTimeout(() => asked.response.destroy(), 2);
};
/** A few bytes now and then, then nothing more. */
const trickle = (asked: Asked) => {
  asked.response.writeHead(206, headOf(asked));
  let at = asked.start;
  const timer = setInterval(() => {
    asked.response.write(content.subarray(at, at + 7));
    at += 7;
  }, 10);
  setTimeout(() => {
    clearInterval(timer);
    asked.response.destroy();
  }, 200);
};
const replace = (etag: string | null) =>
  misbehave(({ before }) => {
    if (before === 1) Object.assign(web, { bytes: other, etag });
    return false;
  });

const truncated = (bytes: number) =>
  misbehave(({ before, response }) => {
    if (before !== 1) return false;
    Object.assign(web, { bytes: content.subarray(0, bytes), etag: '"cut"' });
    web.instead = (_path, again, range) => {
      const [, start = 0] = (/(\d+)-/.exec(range ?? '') ?? []).map(Number);
      if (start < bytes) return false;
      again.writeHead(416, { 'content-range': `bytes */${bytes}` }).end();
      return true;
    };
    response.writeHead(416, { 'content-range': `bytes */${bytes}` }).end();
    return true;
  });
const gone = (code: number) =>
  misbehave(({ before, response }) => {
    if (before !== 1) return false;
    web.instead = (_path, again) => {
      again.writeHead(code).end();
      return true;
    };
    response.writeHead(code).end();
    return true;
  });

const shifted = ({ start, end }: Asked) => ({ head: { 'content-range': `bytes ${start + 1}-${end + 1}/${SIZE}` } });
const otherTotal = ({ start, end }: Asked) => ({ head: { 'content-range': `bytes ${start}-${end}/${SIZE + 512}` } });
const whole = ({ response }: Asked) => {
  response.writeHead(200, { etag: '"one"', 'content-length': SIZE }).end(content);
};
const announcesLess = ({ start }: Asked) => ({
  head: { 'content-length': 1_000 },
  body: content.subarray(start, start + 1_000),
});
const sendsMore = ({ start, end }: Asked) => ({
  head: { 'content-length': end - start + 11 },
  body: content.subarray(start, end + 11),
});
const nothing = (asked: Asked) => asked.response.writeHead(206, headOf(asked)).flushHeaders();

type Case = readonly [name: string, outcome: Outcome, fault: () => void];
/** Also for the other servers. */
const OF_ALL: readonly Case[] = [
  ['cuts every connection after an odd number of bytes', 'same disk', always(cutAfter(1_234_567))],
  ['answers 200 with the whole file once', 'same disk', once(whole)],
  ['announces and sends fewer bytes', 'same disk', once(wrong(announcesLess))],
  ['answers 503 once', 'same disk', once(status(503))],
];
const OTHERS: readonly Case[] = [
  ['replaces the file by one with another ETag', 'Source.Changed', () => replace('"two"')],
  ['cuts one connection before the first byte', 'same disk', once(cutAfter(0))],
  ['answers 200 with the whole file from then on', 'Source.Refused', always(whole)],
  ['answers 416 once', 'same disk', once(status(416, { 'content-range': `bytes */${SIZE}` }))],
  ['answers 416 without a size once', 'same disk', once(status(416))],
  ['answers 416 with another size once', 'same disk', once(status(416, { 'content-range': 'bytes */1000' }))],
  ['answers 416 from then on', 'Source.Refused', always(status(416, { 'content-range': `bytes */${SIZE}` }))],
  ['truncates the file', 'Source.Changed', () => truncated(1000)],
  ['empties the file', 'Source.Changed', () => truncated(0)],
  ['answers 429 with Retry-After: 0', 'same disk', once(status(429, { 'retry-after': '0' }))],
  ['answers 500 from then on', 'Source.Unreachable', always(status(500))],
  ['answers 404 once', 'same disk', once(status(404))],
  ['answers 403 once', 'same disk', once(status(403))],
  ['answers 404 to ranges from then on', 'Source.NotThere', always(status(404))],
  ['answers 403 to ranges from then on', 'Source.Forbidden', always(status(403))],
  ['no longer has the file', 'Source.NotThere', () => gone(410)],
  ['no longer accepts the signature', 'Source.Forbidden', () => gone(403)],
  ['sends a range that begins elsewhere once', 'same disk', once(wrong(shifted))],
  ['sends ranges that begin elsewhere from then on', 'Source.Refused', always(wrong(shifted))],
  ['sends the range of a file of another size once', 'same disk', once(wrong(otherTotal))],
  ['sends ranges of a file of another size from then on', 'Source.Refused', always(wrong(otherTotal))],
  ['sends a Content-Range that is none once', 'same disk', once(wrong(() => ({ head: { 'content-range': 'none' } })))],
  [
    'sends no Content-Range from then on',
    'Source.Refused',
    always(wrong(() => ({ head: { 'content-range': 'none' } }))),
  ],
  ['sends fewer bytes than it announces, and closes', 'same disk', once(cutAfter(70_001))],
  ['sends more bytes than requested', 'same disk', once(wrong(sendsMore))],
  ['encodes a response', 'same disk', once(wrong(() => ({ head: { 'content-encoding': 'gzip' } })))],
  ['encodes all responses', 'Source.Refused', always(wrong(() => ({ head: { 'content-encoding': 'gzip' } })))],
  ['trickles, and closes the connection', 'same disk', once(trickle)],
  ['sends nothing after the head', 'same disk', once(nothing)],
];

describe('a server with a strong ETag', () => {
  test.each([...OF_ALL, ...OTHERS])(
    'that %s → %s',
    async (_name, outcome, fault) => {
      const plan = await planned();
      fault();
      expect(await attempt(plan)).toBe(outcome);
    },
    TIMEOUT_MS,
  );

  test(
    'that asks for a wait of an hour → the next attempt sends only the other parts',
    async () => {
      const shared = sharedRecord();
      const plan = await planned();
      const notes = async () => {
        const found: number[] = [];
        for await (const { number } of shared.ranges.list(0)) found.push(number);
        return found;
      };
      const notedTwo = async () => {
        while ((await notes()).length < 2) await delay(10);
      };
      misbehave(({ response, start }) => {
        if (start < 2 * SEGMENT_BYTES) return false;
        void notedTwo().then(() => response.writeHead(429, { 'retry-after': '3600' }).end());
        return true;
      });
      expect(await attempt(plan, null, shared)).toBe('Source.Busy');
      expect(await notes()).toEqual([2, 3]);
      web.instead = () => false;
      bucket.requests.splice(0);
      expect(await attempt(plan, null, shared)).toBe('same disk');
      const sent = bucket.requests.map(({ query }) => Number(query.get('partNumber')));
      expect(sent.filter((part) => part === 2 || part === 3)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});

describe.each([
  ['a strong ETag, and a sha256 in the request', '"one"', sha256, 'Source.Changed'],
  ['no ETag', null, null, 'Source.Changed'],
  ['no ETag, and a sha256 in the request', null, sha256, 'Source.DigestMismatch'],
])('a server with %s', (_name, etag, digest, outcomeOfChange) => {
  test.each<Case>([...OF_ALL, ['replaces the file', outcomeOfChange, () => replace(etag === null ? null : '"two"')]])(
    'that %s → %s',
    async (_fault, outcome, fault) => {
      web.etag = etag;
      const plan = await planned();
      fault();
      expect(await attempt(plan, digest)).toBe(outcome);
    },
    TIMEOUT_MS,
  );
});

test.each([null, sha256])(
  'a server trickles the bytes of three parts (sha256 in the request: %s) → another import on the worker gets memory for its parts, and both have the same disk',
  async (digest) => {
    const memory = createPartMemory({ segments: 3, patienceMs: 50 });
    const plan = await planned();
    const trickling = new Map<number, NodeJS.Timeout>();
    const finish: (() => void)[] = [];
    misbehave((asked) => {
      let at = asked.start;
      asked.response.writeHead(206, headOf(asked));
      const timer = setInterval(() => asked.response.write(content.subarray(at, at++ + 1)), 20);
      trickling.set(asked.start, timer);
      asked.response.on('close', () => clearInterval(timer));
      finish.push(() => {
        clearInterval(timer);
        asked.response.end(content.subarray(at, asked.end + 1));
      });
      return true;
    });
    const slow = attempt(plan, digest, sharedRecord(), { memory });
    await expect.poll(() => trickling.size).toBeGreaterThanOrEqual(digest === null ? 2 : 3);
    const quick = await startRangeServer(content);
    const other = await planned(quick.url);
    expect(await attempt(other, digest, sharedRecord(), { memory })).toBe('same disk');
    web.instead = () => false;
    for (const end of finish) end();
    expect(await slow).toBe('same disk');
    await quick.close();
  },
  TIMEOUT_MS,
);
