/** A web source that changes during its upload, with every kind of version that web servers report. */
import { randomBytes } from 'node:crypto';
import type http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOss } from '../../../alibaba/oss.js';
import { probeHttp } from '../../../sources/http-probe.js';
import { httpReader } from '../../../sources/http-ranges.js';
import { createHttpClient, type HttpClient } from '../../../sources/http-request.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

const PART = 128 * 1024;
const SIZE = 8 * PART + 1234;
const first = randomBytes(SIZE);
const second = randomBytes(SIZE);
/** The first request describes the image; 9 requests get its parts. */
const REQUESTS_BEFORE_SWAP = 7;
/** No request stalls here, also on a busy machine. */
const stallMs = 60_000;

let bucket: Recorder;
let web: RangeServer;
let client: HttpClient;

beforeEach(async () => {
  bucket = await startRecorder();
  web = await startRangeServer(first);
  client = createHttpClient({
    ...{ hosts: [], addresses: ['127.0.0.1'], stallMs },
    limits: { maxFailures: 3, firstWaitMs: 1, maxWaitMs: 5 },
  });
});

afterEach(async () => {
  client.close();
  await Promise.all([web.close(), bucket.close()]);
});

async function upload() {
  const facts = await probeHttp(client, web.url, new AbortController().signal);
  const source = httpReader(client, { ...facts, size: facts.size ?? 0 });
  const oss = createOss({
    ...{ endpoint: bucket.endpoint, region: 'cn-hangzhou' },
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: { partSize: PART, firstMs: 1, maxMs: 5, maxAttempts: 4, stallMs },
  });
  await oss.upload({
    ...{ bucket: 'images', key: 'disk.raw', source, uploadId: null, meta: {} },
    onUploadId: async () => undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
  });
  return source.guarantee();
}

/** What each server reports, before and after the swap. */
interface Described {
  readonly etag: string | null;
  readonly lastModified: string | null;
}

function describeAs({ etag, lastModified }: Described) {
  Object.assign(web, { etag, lastModified });
}

function swapAfter(requests: number, described: Described, bytes = second) {
  web.instead = () => {
    if (web.requests.length === requests) {
      web.bytes = bytes;
      describeAs(described);
    }
    return false;
  };
}

const OLD = 'Mon, 23 Nov 2026 10:00:00 GMT';
const seconds = (date: string) => Math.floor(Date.parse(date) / 1000).toString(16);
const nginx = (date: string) => `"${seconds(date)}-${SIZE.toString(16)}"`;
const now = () => new Date().toUTCString();

describe.each<[string, () => Described, () => Described]>([
  ['no validator', () => ({ etag: null, lastModified: null }), () => ({ etag: null, lastModified: null })],
  [
    'a weak ETag that changes',
    () => ({ etag: 'W/"1"', lastModified: null }),
    () => ({ etag: 'W/"2"', lastModified: null }),
  ],
  [
    'a weak ETag that stays',
    () => ({ etag: 'W/"1"', lastModified: OLD }),
    () => ({ etag: 'W/"1"', lastModified: OLD }),
  ],
  ['the same second of change', () => ({ etag: null, lastModified: OLD }), () => ({ etag: null, lastModified: OLD })],
  ['another time of change', () => ({ etag: null, lastModified: OLD }), () => ({ etag: null, lastModified: now() })],
  [
    'an ETag made of the same second of change',
    () => ({ etag: nginx(now()), lastModified: now() }),
    () => ({ etag: web.etag, lastModified: web.lastModified }),
  ],
  ['a strong ETag', () => ({ etag: '"1"', lastModified: OLD }), () => ({ etag: '"2"', lastModified: OLD })],
  ['an ETag that disappears', () => ({ etag: '"1"', lastModified: null }), () => ({ etag: null, lastModified: null })],
])('a source with %s', (_name, initial, swapped) => {
  test('that is swapped at request 7 of 10 for one of the same length → no object, Source.Changed', async () => {
    describeAs(initial());
    swapAfter(REQUESTS_BEFORE_SWAP, swapped());
    await expect(upload()).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
    expect(bucket.objects.size).toBe(0);
  });

  test('that is swapped for one of another length → no object, Source.Changed', async () => {
    describeAs(initial());
    swapAfter(REQUESTS_BEFORE_SWAP, swapped(), Buffer.concat([second, second]));
    await expect(upload()).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
    expect(bucket.objects.size).toBe(0);
  });

  test('that does not change → uploaded; read twice only where the version proves nothing', async () => {
    describeAs(initial());
    const exact = web.etag?.startsWith('"') === true && !/^"[0-9a-f]{8}-/.test(web.etag);
    expect(await upload()).toBe(exact ? 'etag' : 'second-read');
    expect(bucket.objects.get('disk.raw')?.equals(first)).toBe(true);
    expect(web.bytesServed).toBeLessThan((exact ? 1 : 2) * SIZE + 10);
  });
});

test('several servers behind one name, each with its own version of the same bytes → read twice and uploaded', async () => {
  const versions = ['"a"', '"b"', '"c"'];
  web.instead = () => {
    web.etag = versions[web.requests.length % versions.length] ?? null;
    return false;
  };
  expect(await upload()).toBe('second-read');
  expect(bucket.objects.get('disk.raw')?.equals(first)).toBe(true);
});

test('several servers behind one name, one of them with other bytes → no object', async () => {
  web.instead = (_path: string, _response: http.ServerResponse) => {
    const isSecond = web.requests.length % 3 === 0;
    Object.assign(web, isSecond ? { etag: '"b"', bytes: second } : { etag: '"a"', bytes: first });
    return false;
  };
  await expect(upload()).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
  expect(bucket.objects.size).toBe(0);
});

test('a server that reports the time of each response as the time of the change → the object, after a second read', async () => {
  web.instead = () => {
    // It was described five seconds before the first part.
    const time = new Date(Date.now() - (web.requests.length <= 1 ? 5_000 : 0)).toUTCString();
    describeAs({ etag: null, lastModified: time });
    return false;
  };
  expect(await upload()).toBe('second-read');
});
