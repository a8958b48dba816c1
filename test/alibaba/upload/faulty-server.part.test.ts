/** Faults of OSS and of the network during the upload of a file: what they cost, and how the upload ends. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Recorder } from '../../support/alibaba/oss-recorder.js';
import { bytes, type FileUploads, openFileUploads, PART, SIZE } from '../../support/alibaba/upload/file-uploads.js';

let uploads: FileUploads;

beforeEach(async () => {
  uploads = await openFileUploads();
});

afterEach(async () => {
  await uploads.close();
});

describe('a fault', () => {
  const once = (matches: (request: Recorder['requests'][number]) => boolean, fault: ReturnType<Recorder['fault']>) => {
    let used = false;
    uploads.server.fault = (request) => {
      if (used || !matches(request)) return undefined;
      used = true;
      return fault;
    };
  };
  const isPart = (number: string) => (request: Recorder['requests'][number]) =>
    request.query.get('partNumber') === number;
  const isComplete = (request: Recorder['requests'][number]) =>
    request.method === 'POST' && request.query.has('uploadId');

  test.each([
    ['cut in the middle of a part', { kind: 'cut', afterBytes: 70_000 } as const],
    ['cut before a part', { kind: 'reset-before' } as const],
    ['that loses the answer to a part', { kind: 'reset-after' } as const],
    ['that stops a part without a word', { kind: 'hang' } as const],
    ['of the server while it takes a part', { kind: 'refuse', status: 500, code: 'InternalError' } as const],
    ['that throttles a part', { kind: 'refuse', status: 503, code: 'SlowDown' } as const],
    ['of a token that has just expired', { kind: 'refuse', status: 403, code: 'SecurityTokenExpired' } as const],
    ['that garbles a part on its way', { kind: 'wrong-crc' } as const],
  ])('%s costs that part alone', async (_name, fault) => {
    once(isPart('3'), fault);
    const result = await uploads.oss().uploadFile(uploads.input());
    expect(uploads.stored()?.equals(bytes)).toBe(true);
    expect(uploads.partPuts()).toHaveLength(12);
    expect(result.bytesSent).toBeLessThanOrEqual(SIZE + PART);
  });

  test('of a token that expires meanwhile → continues with the next token', async () => {
    let expired: unknown;
    uploads.server.fault = (request) => {
      const token = request.headers['x-oss-security-token'];
      if (isPart('6')(request)) expired ??= token;
      return token === expired ? { kind: 'refuse', status: 403, code: 'SecurityTokenExpired' } : undefined;
    };
    // The source has the new one from the moment at which the old one is refused.
    await uploads.oss({}, () => (expired === undefined ? 'old' : 'new')).uploadFile(uploads.input());
    expect(expired).toBe('old');
    expect(uploads.stored()?.equals(bytes)).toBe(true);
    expect(uploads.server.requests.at(-1)?.headers['x-oss-security-token']).toBe('new');
  });

  test('that makes a part slow without a stall → no retry', async () => {
    const large = randomBytes(24 * 1024 ** 2);
    await writeFile(uploads.file, large);
    uploads.server.fault = (request) =>
      isPart('1')(request) ? { kind: 'slow', bytesPerSecond: 20 * 1024 ** 2 } : undefined;
    // It takes 1.2 s, and buffers of the system hold a third of it at most.
    await uploads.oss({ partSize: large.length, stallMs: 900 }).uploadFile(uploads.input());
    expect(uploads.partPuts()).toHaveLength(1);
    expect(uploads.stored()?.equals(large)).toBe(true);
  });

  test('that loses a part before the completion → only that part is sent again', async () => {
    once(isComplete, { kind: 'refuse', status: 400, code: 'InvalidPart' });
    const refuse = uploads.server.fault;
    uploads.server.fault = (request) => {
      const fault = refuse(request);
      if (fault !== undefined) uploads.server.uploads.get('upload-1')?.parts.set(4, randomBytes(PART));
      return fault;
    };
    const result = await uploads.oss().uploadFile(uploads.input());
    expect(result.bytesSent).toBe(SIZE + PART);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test.each(['other', 'no'])(
    'that reports %s checksum for the finished object → the object itself decides',
    async (sum) => {
      uploads.server.hidesWholeCrc = sum === 'no';
      uploads.server.fault = (request) => (isComplete(request) && sum === 'other' ? { kind: 'wrong-crc' } : undefined);
      await uploads.oss().uploadFile(uploads.input());
      expect(uploads.server.requests.at(-1)?.method).toBe('HEAD');
      expect(uploads.stored()?.equals(bytes)).toBe(true);
    },
  );

  test.each(['InternalError', 'SomethingNew'])(
    'that reports %s in the body of a completion with status 200 → the completion is repeated, and nothing is deleted',
    async (code) => {
      once(isComplete, { kind: 'refuse', status: 200, code });
      await uploads.oss().uploadFile(uploads.input());
      expect(uploads.server.requests.filter(isComplete)).toHaveLength(2);
      expect(uploads.server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
      expect(uploads.stored()?.equals(bytes)).toBe(true);
    },
  );

  test('that reports InvalidPart in the body of a completion with status 200 → compared with the parts that are there', async () => {
    once(isComplete, { kind: 'refuse', status: 200, code: 'InvalidPart' });
    await uploads.oss().uploadFile(uploads.input());
    expect(uploads.server.requests.filter(isComplete)).toHaveLength(2);
    expect(uploads.partPuts()).toHaveLength(11);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test('whose response to the completion has no checksum, and no object → transient, and nothing is deleted', async () => {
    uploads.server.hidesWholeCrc = true;
    uploads.server.fault = (request) => {
      if (request.method === 'HEAD') uploads.server.objects.clear();
      return undefined;
    };
    await expect(uploads.oss().uploadFile(uploads.input())).rejects.toMatchObject({
      failure: { code: 'UnreadableAnswer', class: 'transient' },
    });
    expect(uploads.server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('that replaces the finished object with other bytes → the object is deleted', async () => {
    uploads.server.fault = (request) => {
      if (isComplete(request)) return { kind: 'wrong-crc' };
      if (request.method === 'HEAD' && uploads.stored()?.equals(bytes))
        uploads.server.objects.set(uploads.input().key, randomBytes(SIZE));
      return undefined;
    };
    await expect(uploads.oss().uploadFile(uploads.input())).rejects.toMatchObject({
      failure: { code: 'Upload.ChecksumMismatch', class: 'transient' },
    });
    expect(uploads.server.objects.size).toBe(0);
  });

  test('that loses the response to the completion → nothing is sent again', async () => {
    once(isComplete, { kind: 'reset-after' });
    const result = await uploads.oss().uploadFile(uploads.input());
    expect(result.bytesSent).toBe(SIZE);
    expect(uploads.partPuts()).toHaveLength(11);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test('that loses the response to the start → no second upload remains', async () => {
    once((request) => request.method === 'POST' && request.query.has('uploads'), { kind: 'reset-after' });
    await uploads.oss().uploadFile(uploads.input());
    expect(uploads.server.requests.filter((r) => r.method === 'POST' && r.query.has('uploads'))).toHaveLength(1);
    expect(uploads.server.uploads.size).toBe(0);
  });

  test('that never ends → reported after the configured attempts', async () => {
    uploads.server.fault = (request) => (isPart('3')(request) ? { kind: 'reset-before' } : undefined);
    await expect(uploads.oss().uploadFile(uploads.input())).rejects.toMatchObject({
      failure: { class: 'transient', service: 'oss' },
    });
    expect(uploads.partPuts().filter(isPart('3'))).toHaveLength(4);
  });

  test('that no retry can fix → reported immediately', async () => {
    uploads.server.fault = (request) =>
      request.method === 'PUT' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    const run = uploads.oss({ concurrentParts: 1, maxConcurrentParts: 1 }).uploadFile(uploads.input());
    await expect(run).rejects.toMatchObject({ failure: { code: 'AccessDenied', status: 403, requestId: 'r-1' } });
    expect(uploads.partPuts()).toHaveLength(1);
  });

  test('in which another client aborts the upload → starts it again', async () => {
    uploads.server.fault = (request) => {
      if (isPart('7')(request) && uploads.server.uploads.has('upload-1')) uploads.server.uploads.delete('upload-1');
      return undefined;
    };
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    await uploads.oss().uploadFile(uploads.input({ onUploadId }));
    expect(reported).toEqual(['upload-1', 'upload-2']);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });
});
