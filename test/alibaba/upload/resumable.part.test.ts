/** Uploads of a file: whole, interrupted, cancelled, of a file that changes, and to an object that exists. */
import { randomBytes } from 'node:crypto';
import { appendFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../../alibaba/crc64.js';
import { bytes, type FileUploads, openFileUploads, PART, SIZE } from '../../support/alibaba/upload/file-uploads.js';

let uploads: FileUploads;

beforeEach(async () => {
  uploads = await openFileUploads();
});

afterEach(async () => {
  await uploads.close();
});

describe('an upload', () => {
  test('→ the whole object, with its CRC64', async () => {
    let last = 0;
    const result = await uploads.oss().uploadFile(
      uploads.input({
        onProgress: ({ bytesDone }) => {
          last = bytesDone;
        },
      }),
    );
    expect(uploads.stored()?.equals(bytes)).toBe(true);
    expect(result).toEqual({ size: SIZE, crc64: crc64(bytes).toString(), etag: 'E', bytesSent: SIZE });
    expect(last).toBe(SIZE);
    expect(uploads.server.uploads.size).toBe(0);
    expect(uploads.server.requests.at(-1)?.method).toBe('POST');
  });

  test('reports its upload id before the first part is sent, and waits until it is recorded', async () => {
    let partsBefore = -1;
    const onUploadId = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      partsBefore = uploads.partPuts().length;
    };
    await uploads.oss().uploadFile(uploads.input({ onUploadId }));
    expect(partsBefore).toBe(0);
  });

  test('sends no more parts concurrently than the setting allows', async () => {
    const cancel = new AbortController();
    uploads.server.fault = (request) => (request.method === 'PUT' ? { kind: 'hang' } : undefined);
    const run = uploads
      .oss({ maxConcurrentParts: 2, stallMs: 60_000 })
      .uploadFile(uploads.input({ signal: cancel.signal }));
    run.catch(() => undefined);
    while (uploads.partPuts().length < 2) await delay(5);
    await delay(50);
    cancel.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    expect(uploads.partPuts()).toHaveLength(2);
  });

  test('gets credentials for each request', async () => {
    await uploads.oss().uploadFile(uploads.input());
    const tokens = uploads.server.requests.map((request) => request.headers['x-oss-security-token']);
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  test('of an empty file, a missing file or a folder → refused with the code for it', async () => {
    await writeFile(join(uploads.folder, 'empty'), '');
    const attempt = (path: string) => uploads.oss().uploadFile(uploads.input({ file: path }));
    await expect(attempt(join(uploads.folder, 'empty'))).rejects.toMatchObject({ failure: { code: 'Source.Empty' } });
    await expect(attempt(join(uploads.folder, 'none'))).rejects.toMatchObject({ failure: { code: 'Source.NotFound' } });
    await expect(attempt(uploads.folder)).rejects.toMatchObject({
      failure: { code: 'Source.NotAFile', class: 'request' },
    });
    expect(uploads.server.requests).toHaveLength(0);
  });
});

describe('an interrupted upload', () => {
  /** Ends after `parts` parts as a killed process does: nothing is said to the cloud. */
  async function interrupted(parts: number): Promise<string> {
    const stop = new AbortController();
    let uploadId = '';
    uploads.server.fault = () => {
      if (uploads.partPuts().length <= parts) return undefined;
      stop.abort(new Error('killed'));
      return { kind: 'reset-before' };
    };
    const run = uploads.oss({ concurrentParts: 1, maxConcurrentParts: 1 }).uploadFile(
      uploads.input({
        signal: stop.signal,
        onUploadId: async (id) => {
          uploadId = id;
        },
      }),
    );
    await expect(run).rejects.toThrow('killed');
    uploads.server.fault = () => undefined;
    uploads.server.partBytes = 0;
    return uploadId;
  }

  test.each([1, 4, 7])('after %i parts → sends only the others', async (parts) => {
    const uploadId = await interrupted(parts);
    const missing = SIZE - parts * PART;
    const result = await uploads.oss().uploadFile(uploads.input({ uploadId }));
    expect(uploads.stored()?.equals(bytes)).toBe(true);
    expect(result.bytesSent).toBe(missing);
    expect(uploads.server.partBytes).toBe(missing);
  });

  test('without CRC64 in the list of parts → compares parts by MD5', async () => {
    const uploadId = await interrupted(5);
    uploads.server.hidesPartCrc = true;
    const result = await uploads.oss().uploadFile(uploads.input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test('with another part size in the settings → keeps its own', async () => {
    const uploadId = await interrupted(5);
    const result = await uploads.oss({ partSize: 3 * PART }).uploadFile(uploads.input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
  });

  test.each([
    ['CRC64', false],
    ['ETag', true],
  ])('sends a part again whose %s is not that of what the file has there', async (_name, hidesCrc) => {
    const uploadId = await interrupted(5);
    uploads.server.hidesPartCrc = hidesCrc;
    uploads.server.uploads.get(uploadId)?.parts.set(2, randomBytes(PART));
    const result = await uploads.oss().uploadFile(uploads.input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 4 * PART);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test('whose id no longer exists → starts a new one and reports its id', async () => {
    const uploadId = await interrupted(5);
    uploads.server.uploads.delete(uploadId);
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    await uploads.oss().uploadFile(uploads.input({ uploadId, onUploadId }));
    expect(reported).toEqual(['upload-2']);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });

  test('before its id was recorded → found and continued', async () => {
    const uploadId = await interrupted(5);
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    const result = await uploads.oss().uploadFile(uploads.input({ onUploadId }));
    expect(reported).toEqual([uploadId]);
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
  });

  test('after the last part → only completed', async () => {
    const uploadId = await interrupted(10);
    uploads.server.uploads.get(uploadId)?.parts.set(11, bytes.subarray(10 * PART));
    const result = await uploads.oss().uploadFile(uploads.input({ uploadId }));
    expect(result.bytesSent).toBe(0);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });
});

describe('an object that exists already', () => {
  test('with the same bytes → not sent again, and its unfinished upload is aborted', async () => {
    uploads.server.objects.set(uploads.input().key, bytes);
    uploads.server.uploads.set('old', { key: uploads.input().key, parts: new Map() });
    const result = await uploads.oss().uploadFile(uploads.input({ uploadId: 'old' }));
    expect(result.bytesSent).toBe(0);
    expect(uploads.server.partBytes).toBe(0);
    expect(uploads.server.uploads.size).toBe(0);
  });

  test('with other bytes of the same size → replaced', async () => {
    uploads.server.objects.set(uploads.input().key, randomBytes(SIZE));
    const result = await uploads.oss().uploadFile(uploads.input());
    expect(result.bytesSent).toBe(SIZE);
    expect(uploads.stored()?.equals(bytes)).toBe(true);
  });
});

describe('a file that changes while it is uploaded', () => {
  test.each<[string, () => Promise<void>]>([
    ['grows', () => appendFile(uploads.file, 'more')],
    ['is cut short', () => writeFile(uploads.file, bytes.subarray(0, 1000))],
    ['is touched', () => utimes(uploads.file, new Date(), new Date(Date.now() + 5000))],
    [
      'is replaced',
      async () => {
        await writeFile(`${uploads.file}.new`, bytes);
        await rename(`${uploads.file}.new`, uploads.file);
      },
    ],
    ['is deleted', () => rm(uploads.file)],
  ])('and %s is refused, and no object is made', async (_name, change) => {
    const onUploadId = () => change();
    const run = uploads.oss().uploadFile(uploads.input({ onUploadId }));
    await expect(run).rejects.toMatchObject({ failure: { code: 'Source.Changed', class: 'request' } });
    expect(uploads.server.objects.size).toBe(0);
  });
});

describe('a cancel', () => {
  test('during the parts → stops the upload immediately', async () => {
    uploads.server.fault = (request) => (request.method === 'PUT' ? { kind: 'hang' } : undefined);
    const cancel = new AbortController();
    const run = uploads.oss({ stallMs: 60_000 }).uploadFile(uploads.input({ signal: cancel.signal }));
    // The server never answers: only the cancel can end this.
    setTimeout(() => cancel.abort(new Error('cancelled by the user')), 100);
    await expect(run).rejects.toThrow('cancelled by the user');
  });

  test('before the start → sends nothing', async () => {
    const run = uploads.oss().uploadFile(uploads.input({ signal: AbortSignal.abort(new Error('cancelled')) }));
    await expect(run).rejects.toThrow('cancelled');
    expect(uploads.server.requests).toHaveLength(0);
  });
});
