import { createHash, randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOss } from '../../../alibaba/oss.js';
import type { NotedPart, UploadInput } from '../../../alibaba/oss-api.js';
import { hashedInOrder } from '../../../sources/digest.js';
import { probeHttp } from '../../../sources/http-probe.js';
import { httpReader } from '../../../sources/http-ranges.js';
import { createHttpClient, type HttpClient } from '../../../sources/http-request.js';
import type { SourceReader } from '../../../sources/source.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

const PART = 128 * 1024;
const SIZE = 10 * PART + 1234;
const bytes = randomBytes(SIZE);
const sha256 = createHash('sha256').update(bytes).digest('hex');

let bucket: Recorder;
let web: RangeServer;
let client: HttpClient;

beforeEach(async () => {
  bucket = await startRecorder();
  web = await startRangeServer(bytes);
  client = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 500 });
});

afterEach(async () => {
  client.close();
  await Promise.all([web.close(), bucket.close()]);
});

async function source(): Promise<SourceReader> {
  const facts = await probeHttp(client, web.url, new AbortController().signal);
  return httpReader(client, { ...facts, size: facts.size ?? 0 });
}

/** Each call is a worker of its own. */
async function upload(from: SourceReader, changes: Partial<UploadInput> = {}, concurrentParts = 3) {
  const oss = createOss({
    endpoint: bucket.endpoint,
    region: 'cn-hangzhou',
    credentials: async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' }),
    settings: {
      partSize: PART,
      firstMs: 1,
      maxMs: 5,
      maxAttempts: 4,
      stallMs: 500,
      concurrentParts,
      maxConcurrentParts: Math.max(concurrentParts, 12),
    },
  });
  return await oss.upload({
    ...{ bucket: 'images', key: 'disk.raw', source: from, uploadId: null, meta: {} },
    onUploadId: async () => undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  });
}

describe('an upload from the web', () => {
  test('downloads each byte once, directly into its part', async () => {
    const result = await upload(await source());
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
    expect(result.bytesSent).toBe(SIZE);
    expect(web.bytesServed).toBeLessThan(SIZE + 10);
  });

  test('whose source closes the connection within a part → repeats only that part', async () => {
    let cuts = 1;
    web.instead = (_path, response, range) => {
      if (!range?.startsWith(`bytes=${3 * PART}-`) || cuts-- <= 0) return false;
      const headers = { 'content-range': `bytes ${3 * PART}-${4 * PART - 1}/${SIZE}`, 'content-length': PART };
      response.writeHead(206, { etag: '"one"', ...headers });
      response.write(bytes.subarray(3 * PART, 3 * PART + 50_000));
      setTimeout(() => response.destroy(), 5);
      return true;
    };
    await upload(await source());
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
    expect(web.bytesServed).toBeLessThan(SIZE + 10);
  });

  test('whose source changes meanwhile → creates no object', async () => {
    web.instead = (_path, _response, range) => {
      if (range?.startsWith(`bytes=${4 * PART}-`)) web.etag = '"two"';
      return false;
    };
    await expect(upload(await source())).rejects.toMatchObject({ failure: { code: 'Source.Changed' } });
    expect(bucket.objects.size).toBe(0);
  });
});

describe('an interrupted upload from the web', () => {
  async function interrupted() {
    const stop = new AbortController();
    const noted: NotedPart[] = [];
    let uploadId = '';
    const run = upload(await source(), {
      signal: stop.signal,
      onUploadId: async (id) => {
        uploadId = id;
      },
      onPart: (part) => {
        noted.push(part);
        if (noted.length === 5) stop.abort(new Error('killed'));
      },
    });
    await expect(run).rejects.toThrow('killed');
    Object.assign(web, { bytesServed: 0 });
    bucket.partBytes = 0;
    return { uploadId, noted, missing: SIZE - noted.reduce((sum, part) => sum + part.length, 0) };
  }

  test('with notes → continues on any worker, without downloading or sending parts again', async () => {
    const { uploadId, noted, missing } = await interrupted();
    const result = await upload(await source(), { uploadId, notes: { wholeCrc64: null, parts: noted } });
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
    expect(result.bytesSent).toBeLessThanOrEqual(missing);
    // Parts that arrived unnoted are fetched to be compared, and not sent.
    expect(web.bytesServed).toBeLessThanOrEqual(missing + 10);
  });

  test('without notes → compares the parts in the cloud, and sends only missing ones', async () => {
    const { uploadId, missing } = await interrupted();
    const result = await upload(await source(), { uploadId });
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
    expect(result.bytesSent).toBeLessThanOrEqual(missing);
  });

  test('with notes that the cloud contradicts → ignores them', async () => {
    const { uploadId, noted } = await interrupted();
    const [first] = noted;
    if (first === undefined) throw new Error('nothing was noted');
    bucket.uploads.get(uploadId)?.parts.set(first.number, randomBytes(PART));
    await upload(await source(), { uploadId, notes: { wholeCrc64: null, parts: noted } });
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
  });

  test('before the completion, with all parts sent → downloads and sends nothing again', async () => {
    let whole = '';
    await upload(await source(), {
      onWhole: async (crc64) => {
        whole = crc64;
      },
    });
    web.bytesServed = 0;
    const result = await upload(await source(), { notes: { wholeCrc64: whole, parts: [] } });
    expect(result).toMatchObject({ bytesSent: 0, crc64: whole, size: SIZE });
    expect(web.bytesServed).toBeLessThan(10);
  });
});

describe('the sha256 of a request', () => {
  test('is checked while parts are sent concurrently', async () => {
    await upload(hashedInOrder(await source(), sha256));
    expect(bucket.objects.get('disk.raw')?.equals(bytes)).toBe(true);
    expect(web.bytesServed).toBeLessThan(SIZE + 10);
  });

  test('is checked although a part is downloaded again while more parts wait than there are buffers', async () => {
    web.bytes = randomBytes(100 * PART);
    let cuts = 1;
    web.instead = (_path, response, range) => {
      if (range !== `bytes=0-${PART - 1}` || cuts-- <= 0) return false;
      setTimeout(() => response.destroy(), 20);
      return true;
    };
    const digest = createHash('sha256').update(web.bytes).digest('hex');
    await upload(hashedInOrder(await source(), digest), {}, 100);
    expect(bucket.objects.get('disk.raw')?.equals(web.bytes)).toBe(true);
  });

  test('of another image → creates no object', async () => {
    const run = upload(hashedInOrder(await source(), '0'.repeat(64)));
    await expect(run).rejects.toMatchObject({ failure: { code: 'Source.DigestMismatch', class: 'request' } });
    expect(bucket.objects.size).toBe(0);
  });
});
