import { createRequire } from 'node:module';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createOss } from '../../alibaba/oss.js';
import { describeError, ossFailure } from '../../alibaba/oss-errors.js';
import { signV4 } from '../../alibaba/oss-signature.js';
import { type Recorder, startRecorder } from '../support/alibaba/oss-recorder.js';

let server: Recorder;

beforeEach(async () => {
  server = await startRecorder();
});

afterEach(() => server.close());

const credentials = async () => ({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' });
const oss = () => createOss({ endpoint: server.endpoint, region: 'cn-hangzhou', credentials });

describe('OSS', () => {
  test("returns a bucket's ECS region ID, storage class, and null encryption", async () => {
    expect(await oss().getBucket('images')).toEqual({
      name: 'images',
      region: 'cn-hangzhou',
      storageClass: 'IA',
      encryption: null,
      isAccelerated: false,
    });
  });

  test('returns the metadata of an object, and null for a missing one', async () => {
    server.objects.set('a/ü.raw', Buffer.from('123456789'));
    expect(await oss().headObject('images', 'a/ü.raw')).toEqual({
      key: 'a/ü.raw',
      size: 9,
      crc64: '11051210869376104954',
      storageClass: 'Standard',
      restore: null,
      etag: 'E',
      meta: {},
    });
    expect(await oss().headObject('images', 'none')).toBeNull();
  });

  test('reads a range: shortened at the end of the object, empty beyond it', async () => {
    server.objects.set('o', Buffer.from('0123456789'));
    const text = async (offset: number, length: number) =>
      Buffer.from(await oss().readRange('images', 'o', offset, length)).toString();
    expect(await text(2, 3)).toBe('234');
    expect(await text(8, 100)).toBe('89');
    expect(await text(100, 5)).toBe('');
    expect(await text(0, 0)).toBe('');
  });

  test('a read of a few bytes that fails → the code of the whole error', async () => {
    await expect(oss().readRange('images', 'none', 0, 1)).rejects.toMatchObject({ failure: { code: 'NoSuchKey' } });
    await expect(oss().checkDataCalls('images')).resolves.toBeUndefined();
  });

  test('deleting a missing object or upload succeeds', async () => {
    await oss().deleteObject('images', 'none');
    await oss().abortUpload('images', 'none', 'upload-0');
  });

  test('lists the unfinished uploads of exactly one key', async () => {
    server.uploads.set('u1', { key: 'disk', parts: new Map() });
    server.uploads.set('u2', { key: 'disk-2', parts: new Map() });
    expect(await oss().listUploads('images', 'disk')).toEqual(['u1']);
  });

  test('treats a truncated success response as a lost response, and does not quote it', () => {
    const cut = Object.assign(new Error('Unclosed root tag <UploadId>u1'), { status: 200, name: 'Error' });
    const { failure } = ossFailure({ action: 'InitiateMultipartUpload', ...describeError(cut) });
    expect(failure).toMatchObject({ code: 'UnreadableAnswer', class: 'transient', outcomeUnknown: true });
    expect(failure.message).not.toContain('u1');
  });

  test('reports an error response with code, status and request ID, without credentials', async () => {
    server.fault = () => ({ kind: 'refuse', status: 403, code: 'SignatureDoesNotMatch' });
    const failure = await oss()
      .getBucket('images')
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'FailureError',
      failure: {
        service: 'oss',
        action: 'GetBucketInfo',
        code: 'SignatureDoesNotMatch',
        status: 403,
        requestId: 'r-1',
      },
    });
    expect(JSON.stringify(failure)).not.toContain('emulator-secret');
  });

  test('reports a lost response with an unknown outcome', async () => {
    server.fault = () => ({ kind: 'reset-after' });
    await expect(oss().getBucket('images')).rejects.toMatchObject({ failure: { class: 'transient' } });
    server.fault = () => ({ kind: 'reset-after' });
    await expect(oss().readRange('images', 'o', 0, 1)).rejects.toMatchObject({
      failure: { class: 'transient', outcomeUnknown: true },
    });
  });

  test('rejects an invalid bucket name without a call', async () => {
    await expect(oss().getBucket('No Such Bucket')).rejects.toMatchObject({ name: 'FailureError' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('an error message', () => {
  test('contains no query, token or signature', () => {
    const failure = ossFailure({ action: 'X', ...describeError(new Error('at https://h/p?Signature=beef now')) });
    expect(failure.message).not.toContain('beef');
  });
});

test("the same request → the same signature as the vendor's client", () => {
  const vendor = createRequire(import.meta.url)('ali-oss/lib/common/signUtils.js');
  const query = { partNumber: '7', uploadId: "U+/=!'" };
  const request = { method: 'PUT', bucket: 'images', key: "a/ü b!'(x)*.raw", query, headers: {} };
  const key = { accessKeyId: 'AK', accessKeySecret: 'secret', securityToken: 'token' };
  const { authorization, ...headers } = signV4(request, key, 'cn-hangzhou', new Date('2026-11-24T16:00:00Z'));
  const vendorRequest = { headers, queries: query };
  const theirs = vendor.authorizationV4('AK', 'secret', 'cn-hangzhou', 'PUT', vendorRequest, 'images', request.key);
  expect(authorization).toBe(theirs);
});
