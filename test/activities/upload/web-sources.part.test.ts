/** Images from web servers in the upload phase: what is inspected, what is sent, and which guarantee is reported. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DiskPlan } from '../../../domain/plan.js';
import { containerOf } from '../../../images/convert/decision.js';
import { inspectImage } from '../../../images/inspect.js';
import { probeHttp, versionText } from '../../../sources/http-probe.js';
import { createHttpClient } from '../../../sources/http-request.js';
import { inspectionOf } from '../../support/activities/upload/inspections.js';
import { diskOf, uploadWorker, type WorkerOptions } from '../../support/activities/upload/upload-runner.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';
import { type RangeServer, startRangeServer } from '../../support/sources/range-server.js';

const PART = 128 * 1024;
const SIZE = 8 * PART;
const content = randomBytes(SIZE);

let bucket: Recorder;
let web: RangeServer;
let folder: string;
const workers: { close(): void }[] = [];

beforeEach(async () => {
  bucket = await startRecorder();
  web = await startRangeServer(content);
  folder = await mkdtemp(join(tmpdir(), 'web-'));
});

afterEach(async () => {
  for (const worker of workers.splice(0)) worker.close();
  await Promise.all([bucket.close(), web.close()]);
  await rm(folder, { recursive: true });
});

function worker(options: Partial<WorkerOptions> = {}) {
  const created = uploadWorker({
    ...{ endpoint: bucket.endpoint, settings: { partSize: PART }, cacheFolder: join(folder, 'cache') },
    ...options,
  });
  workers.push(created);
  return created;
}

const raw = inspectionOf({ virtualSize: SIZE, fileSize: SIZE, allocatedSize: SIZE });

/** The plan of a preflight that inspected the image as it is now. */
async function planned(changes: Partial<DiskPlan> = {}): Promise<DiskPlan> {
  const client = createHttpClient({ hosts: [], addresses: ['127.0.0.1'], stallMs: 500 });
  const facts = await probeHttp(client, web.url, new AbortController().signal);
  client.close();
  const inspected = { version: versionText(facts), container: containerOf(raw) };
  return { ...diskOf(1, { kind: 'http', url: web.url.href }, SIZE), inspected, ...changes };
}

const guaranteeIn = (findings: readonly { readonly code: string; readonly evidence: string }[]) =>
  /guarantee: (\S+)/.exec(findings.find(({ code }) => code === 'ECSIMPORT.SourceVersion')?.evidence ?? '')?.[1];

describe('the guarantee that all bytes are of one version', () => {
  test.each([
    ['a strong ETag', '"one"', {}, 'etag'],
    ['a weak ETag', 'W/"one"', {}, 'second-read'],
    ['no version', null, {}, 'second-read'],
    ['no version, and a sha256 in the request', null, { sha256: digestOf(content) }, 'sha256'],
  ])('of a server with %s → reported as a finding', async (_name, etag, changes, guarantee) => {
    web.etag = etag;
    const plan = await planned();
    const { upload, findings } = worker({ inspection: raw });
    await upload([{ plan, ...changes }]);
    expect(guaranteeIn(findings)).toBe(guarantee);
  });

  test('of a server without ranges → one response', async () => {
    web.takesRanges = false;
    const plan = { ...diskOf(1, { kind: 'http', url: web.url.href }, SIZE), conversion: 'unknown' as const };
    const { upload, findings } = worker({ inspection: raw });
    await upload([{ plan }]);
    expect(guaranteeIn(findings)).toBe('one-response');
  });
});

function digestOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe('a source whose version proves nothing', () => {
  test('→ the uploaded object is inspected by the rules of preflight', async () => {
    web.etag = null;
    const plan = await planned();
    web.bytes = randomBytes(SIZE);
    const { upload } = worker({ inspection: inspectionOf({ format: 'ISO' }) });
    await expect(upload([{ plan }])).rejects.toMatchObject({
      type: 'request',
      details: [expect.objectContaining({ code: 'InvalidImageFormat.Malformed', field: 'disks[0].source' })],
    });
  });

  test('and whose version is unchanged → only the object is inspected', async () => {
    web.etag = null;
    const plan = await planned();
    const { upload, inspected } = worker({ inspection: raw });
    await upload([{ plan }]);
    expect(inspected).toEqual([expect.stringMatching(/^oss:\/\/images\//)]);
  });
});

describe('a source whose version proves nothing, which must be on this host to be converted', () => {
  const plan = () => ({
    ...diskOf(1, { kind: 'http', url: web.url.href }, SIZE),
    ...{ conversion: 'unknown' as const, format: null },
  });

  test('→ downloaded in ranges, read again, and uploaded', async () => {
    web.etag = null;
    const { upload, findings } = worker({ inspection: raw });
    await upload([{ plan: plan() }]);
    expect(guaranteeIn(findings)).toBe('second-read');
    expect([...bucket.objects.values()].map((object) => object.equals(content))).toEqual([true]);
  });

  test('and that is swapped during the download → Source.Changed, nothing is uploaded', async () => {
    web.etag = null;
    web.bytes = randomBytes(3 * 8 * 1024 ** 2);
    const size = web.bytes.length;
    web.instead = (_path, _response, range) => {
      // The second of three ranges of the download.
      if (range?.startsWith(`bytes=${8 * 1024 ** 2}-`)) web.bytes = randomBytes(size);
      return false;
    };
    const { upload } = worker({ inspection: raw });
    await expect(upload([{ plan: plan() }])).rejects.toMatchObject({
      details: [expect.objectContaining({ code: 'Source.Changed' })],
    });
    expect(bucket.partBytes).toBe(0);
  });
});

test('a source that has changed since preflight → inspected where it is, and sent without a download to the host', async () => {
  const plan = await planned();
  web.etag = '"two"';
  const { upload, inspected } = worker({ inspection: raw });
  const { disks } = await upload([{ plan }]);
  expect(inspected).toEqual([`${web.url.origin}/disk.raw`]);
  expect(disks).toMatchObject([{ format: 'RAW' }]);
  expect(web.bytesServed).toBeLessThan(SIZE + 10);
});

test('a mirror that preflight described → used again, although the server redirects elsewhere now', async () => {
  const mirrors = [await startRangeServer(content), await startRangeServer(content)] as const;
  for (const [index, mirror] of mirrors.entries()) Object.assign(mirror, { etag: `"${index}"` });
  web.instead = (_path, response) => {
    response.writeHead(302, { location: `${mirrors[1].url.origin}/disk.raw` }).end();
    return true;
  };
  const mirror = `${mirrors[0].url.origin}/disk.raw`;
  const source = { kind: 'http', url: web.url.href, mirror };
  const inspected = { version: `${web.url.origin}/disk.raw "0" ${SIZE}`, container: containerOf(raw) };
  await worker().upload([{ plan: { ...diskOf(1, source, SIZE), inspected } }]);
  expect(mirrors[0].bytesServed).toBeGreaterThanOrEqual(SIZE);
  expect(mirrors[1].requests).toEqual([]);
  await Promise.all(mirrors.map((one) => one.close()));
});

test('slow servers hold every upload of the worker → an image from a fast one is uploaded meanwhile', async () => {
  const slow = await startRangeServer(content);
  slow.instead = (_path, response, range) => {
    const [, start = 0, end = 0] = (/(\d+)-(\d+)/.exec(range ?? '') ?? []).map(Number);
    if (end === 0) return false;
    const headers = { 'content-range': `bytes ${start}-${end}/${SIZE}`, 'content-length': end - start + 1 };
    response.writeHead(206, { ...headers, etag: '"one"' });
    response.write(content.subarray(start, start + 1));
    return true;
  };
  const { upload } = worker({
    ...{ sends: 2, slowSource: { bytesPerSecond: 1000, windowMs: 100 } },
    // The slow ones fail when they are closed, and not before.
    stallMs: 60_000,
    settings: { partSize: PART, maxAttempts: 1 },
  });
  const slowDisk = (number: number) => ({ plan: diskOf(number, { kind: 'http', url: slow.url.href }, SIZE) });
  const uploading = upload([slowDisk(1), slowDisk(2), { plan: diskOf(3, { kind: 'http', url: web.url.href }, SIZE) }]);
  uploading.catch(() => undefined);
  const isSent = () => [...bucket.objects.values()].some((object) => object.equals(content));
  await expect.poll(isSent, { timeout: 12_000 }).toBe(true);
  await slow.close();
  await expect(uploading).rejects.toMatchObject({ type: 'transient' });
});

describe('a server without ranges, with', () => {
  const page = Buffer.from(`<!DOCTYPE html>\n<html><body>${'Sign in to download. '.repeat(2000)}</body></html>`);
  const zip = Buffer.concat([Buffer.from('504b030414000000080000000000', 'hex'), deflateRawSync(content)]);
  const bzip2 = Buffer.concat([Buffer.from('BZh91AY&SY'), randomBytes(50_000)]);

  test.each([
    ['an HTML page', page, {}],
    ['a zip archive', zip, {}],
    ['a bzip2 file', bzip2, {}],
    ['an HTML page instead of a disk whose format the request states', page, { format: 'RAW' as const }],
    ['a zip archive instead of a disk whose format the request states', zip, { format: 'RAW' as const }],
  ])('%s → refused before any byte is uploaded', async (_name, bytes, disk) => {
    web.bytes = bytes;
    web.takesRanges = false;
    const source = web.url.href;
    const plan = {
      ...diskOf(1, { kind: 'http', url: source }, bytes.length),
      ...{ conversion: 'unknown' as const, format: null },
    };
    const { upload } = worker({ inspect: (path) => inspectImage(path, { role: 'system' }) });
    await expect(upload([{ plan }], { disks: [{ source, ...disk }] })).rejects.toMatchObject({ type: 'request' });
    expect(bucket.partBytes).toBe(0);
  });
});
