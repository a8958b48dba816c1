import { randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { UploadInput } from '../../../alibaba/cloud.js';
import { crc64 } from '../../../alibaba/crc64.js';
import { createOss, type OssSettings } from '../../../alibaba/oss.js';
import { openFileReader } from '../../../sources/file.js';
import { type Recorder, startRecorder } from '../../support/alibaba/oss-recorder.js';

const PART = 128 * 1024;
const SIZE = 10 * PART + 1234;
const bytes = randomBytes(SIZE);

let server: Recorder;
let folder: string;
let file: string;

beforeEach(async () => {
  server = await startRecorder();
  folder = await mkdtemp(join(tmpdir(), 'upload-'));
  file = join(folder, 'disk.raw');
  await writeFile(file, bytes);
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

type FileUpload = Omit<UploadInput, 'source'> & { readonly file: string };

let token = 0;
function oss(settings: Partial<OssSettings> = {}, securityToken = () => `t-${token++}`) {
  const api = createOss({
    endpoint: server.endpoint,
    region: 'cn-hangzhou',
    credentials: async () => ({
      accessKeyId: 'emulator',
      accessKeySecret: 'emulator-secret',
      securityToken: securityToken(),
    }),
    settings: { partSize: PART, firstMs: 1, maxMs: 5, maxAttempts: 4, stallMs: 400, ...settings },
  });
  return {
    async uploadFile({ file: path, ...rest }: FileUpload) {
      const source = await openFileReader(path);
      return await api.upload({ ...rest, source }).finally(() => source.close());
    },
  };
}

function input(changes: Partial<FileUpload> = {}): FileUpload {
  return {
    ...{ bucket: 'images', key: "imports/ü b!'(x)*.raw", file, uploadId: null, meta: { 'import-id': 'i-1' } },
    onUploadId: async () => undefined,
    onProgress: () => undefined,
    signal: new AbortController().signal,
    ...changes,
  };
}

const stored = () => server.objects.get(input().key);
const partPuts = () => server.requests.filter((request) => request.method === 'PUT');

describe('an upload', () => {
  test('→ the whole object, with its CRC64', async () => {
    let last = 0;
    const result = await oss().uploadFile(
      input({
        onProgress: ({ bytesDone }) => {
          last = bytesDone;
        },
      }),
    );
    expect(stored()?.equals(bytes)).toBe(true);
    expect(result).toEqual({ size: SIZE, crc64: crc64(bytes).toString(), etag: 'E', bytesSent: SIZE });
    expect(last).toBe(SIZE);
    expect(server.uploads.size).toBe(0);
    expect(server.requests.at(-1)?.method).toBe('POST');
  });

  test('reports its upload id before the first part is sent, and waits until it is recorded', async () => {
    let partsBefore = -1;
    const onUploadId = async () => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      partsBefore = partPuts().length;
    };
    await oss().uploadFile(input({ onUploadId }));
    expect(partsBefore).toBe(0);
  });

  test('sends no more parts concurrently than the setting allows', async () => {
    const cancel = new AbortController();
    server.fault = (request) => (request.method === 'PUT' ? { kind: 'hang' } : undefined);
    const run = oss({ maxConcurrentParts: 2, stallMs: 60_000 }).uploadFile(input({ signal: cancel.signal }));
    run.catch(() => undefined);
    while (partPuts().length < 2) await delay(5);
    await delay(50);
    cancel.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    expect(partPuts()).toHaveLength(2);
  });

  test('gets credentials for each request', async () => {
    await oss().uploadFile(input());
    const tokens = server.requests.map((request) => request.headers['x-oss-security-token']);
    expect(new Set(tokens).size).toBe(tokens.length);
  });

  test('of an empty file, a missing file or a folder → refused with the code for it', async () => {
    await writeFile(join(folder, 'empty'), '');
    const attempt = (path: string) => oss().uploadFile(input({ file: path }));
    await expect(attempt(join(folder, 'empty'))).rejects.toMatchObject({ failure: { code: 'Source.Empty' } });
    await expect(attempt(join(folder, 'none'))).rejects.toMatchObject({ failure: { code: 'Source.NotFound' } });
    await expect(attempt(folder)).rejects.toMatchObject({ failure: { code: 'Source.NotAFile', class: 'request' } });
    expect(server.requests).toHaveLength(0);
  });
});

describe('an interrupted upload', () => {
  /** Ends after `parts` parts as a killed process does: nothing is said to the cloud. */
  async function interrupted(parts: number): Promise<string> {
    const stop = new AbortController();
    let uploadId = '';
    server.fault = () => {
      if (partPuts().length <= parts) return undefined;
      stop.abort(new Error('killed'));
      return { kind: 'reset-before' };
    };
    const run = oss({ concurrentParts: 1, maxConcurrentParts: 1 }).uploadFile(
      input({
        signal: stop.signal,
        onUploadId: async (id) => {
          uploadId = id;
        },
      }),
    );
    await expect(run).rejects.toThrow('killed');
    server.fault = () => undefined;
    server.partBytes = 0;
    return uploadId;
  }

  test.each([1, 4, 7])('after %i parts → sends only the others', async (parts) => {
    const uploadId = await interrupted(parts);
    const missing = SIZE - parts * PART;
    const result = await oss().uploadFile(input({ uploadId }));
    expect(stored()?.equals(bytes)).toBe(true);
    expect(result.bytesSent).toBe(missing);
    expect(server.partBytes).toBe(missing);
  });

  test('without CRC64 in the list of parts → compares parts by MD5', async () => {
    const uploadId = await interrupted(5);
    server.hidesPartCrc = true;
    const result = await oss().uploadFile(input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test('with another part size in the settings → keeps its own', async () => {
    const uploadId = await interrupted(5);
    const result = await oss({ partSize: 3 * PART }).uploadFile(input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
  });

  test.each([
    ['CRC64', false],
    ['ETag', true],
  ])('sends a part again whose %s is not that of what the file has there', async (_name, hidesCrc) => {
    const uploadId = await interrupted(5);
    server.hidesPartCrc = hidesCrc;
    server.uploads.get(uploadId)?.parts.set(2, randomBytes(PART));
    const result = await oss().uploadFile(input({ uploadId }));
    expect(result.bytesSent).toBe(SIZE - 4 * PART);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test('whose id no longer exists → starts a new one and reports its id', async () => {
    const uploadId = await interrupted(5);
    server.uploads.delete(uploadId);
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    await oss().uploadFile(input({ uploadId, onUploadId }));
    expect(reported).toEqual(['upload-2']);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test('before its id was recorded → found and continued', async () => {
    const uploadId = await interrupted(5);
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    const result = await oss().uploadFile(input({ onUploadId }));
    expect(reported).toEqual([uploadId]);
    expect(result.bytesSent).toBe(SIZE - 5 * PART);
  });

  test('after the last part → only completed', async () => {
    const uploadId = await interrupted(10);
    server.uploads.get(uploadId)?.parts.set(11, bytes.subarray(10 * PART));
    const result = await oss().uploadFile(input({ uploadId }));
    expect(result.bytesSent).toBe(0);
    expect(stored()?.equals(bytes)).toBe(true);
  });
});

describe('an object that exists already', () => {
  test('with the same bytes → not sent again, and its unfinished upload is aborted', async () => {
    server.objects.set(input().key, bytes);
    server.uploads.set('old', { key: input().key, parts: new Map() });
    const result = await oss().uploadFile(input({ uploadId: 'old' }));
    expect(result.bytesSent).toBe(0);
    expect(server.partBytes).toBe(0);
    expect(server.uploads.size).toBe(0);
  });

  test('with other bytes of the same size → replaced', async () => {
    server.objects.set(input().key, randomBytes(SIZE));
    const result = await oss().uploadFile(input());
    expect(result.bytesSent).toBe(SIZE);
    expect(stored()?.equals(bytes)).toBe(true);
  });
});

describe('a fault', () => {
  const once = (matches: (request: Recorder['requests'][number]) => boolean, fault: ReturnType<Recorder['fault']>) => {
    let used = false;
    server.fault = (request) => {
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
    const result = await oss().uploadFile(input());
    expect(stored()?.equals(bytes)).toBe(true);
    expect(partPuts()).toHaveLength(12);
    expect(result.bytesSent).toBeLessThanOrEqual(SIZE + PART);
  });

  test('of a token that expires meanwhile → continues with the next token', async () => {
    let expired: unknown;
    server.fault = (request) => {
      const token = request.headers['x-oss-security-token'];
      if (isPart('6')(request)) expired ??= token;
      return token === expired ? { kind: 'refuse', status: 403, code: 'SecurityTokenExpired' } : undefined;
    };
    // The source has the new one from the moment at which the old one is refused.
    await oss({}, () => (expired === undefined ? 'old' : 'new')).uploadFile(input());
    expect(expired).toBe('old');
    expect(stored()?.equals(bytes)).toBe(true);
    expect(server.requests.at(-1)?.headers['x-oss-security-token']).toBe('new');
  });

  test('that makes a part slow without a stall → no retry', async () => {
    const large = randomBytes(24 * 1024 ** 2);
    await writeFile(file, large);
    server.fault = (request) => (isPart('1')(request) ? { kind: 'slow', bytesPerSecond: 20 * 1024 ** 2 } : undefined);
    // It takes 1.2 s, and buffers of the system hold a third of it at most.
    await oss({ partSize: large.length, stallMs: 900 }).uploadFile(input());
    expect(partPuts()).toHaveLength(1);
    expect(stored()?.equals(large)).toBe(true);
  });

  test('that loses a part before the completion → only that part is sent again', async () => {
    once(isComplete, { kind: 'refuse', status: 400, code: 'InvalidPart' });
    const refuse = server.fault;
    server.fault = (request) => {
      const fault = refuse(request);
      if (fault !== undefined) server.uploads.get('upload-1')?.parts.set(4, randomBytes(PART));
      return fault;
    };
    const result = await oss().uploadFile(input());
    expect(result.bytesSent).toBe(SIZE + PART);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test.each(['other', 'no'])(
    'that reports %s checksum for the finished object → the object itself decides',
    async (sum) => {
      server.hidesWholeCrc = sum === 'no';
      server.fault = (request) => (isComplete(request) && sum === 'other' ? { kind: 'wrong-crc' } : undefined);
      await oss().uploadFile(input());
      expect(server.requests.at(-1)?.method).toBe('HEAD');
      expect(stored()?.equals(bytes)).toBe(true);
    },
  );

  test.each(['InternalError', 'SomethingNew'])(
    'that reports %s in the body of a completion with status 200 → the completion is repeated, and nothing is deleted',
    async (code) => {
      once(isComplete, { kind: 'refuse', status: 200, code });
      await oss().uploadFile(input());
      expect(server.requests.filter(isComplete)).toHaveLength(2);
      expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
      expect(stored()?.equals(bytes)).toBe(true);
    },
  );

  test('that reports InvalidPart in the body of a completion with status 200 → compared with the parts that are there', async () => {
    once(isComplete, { kind: 'refuse', status: 200, code: 'InvalidPart' });
    await oss().uploadFile(input());
    expect(server.requests.filter(isComplete)).toHaveLength(2);
    expect(partPuts()).toHaveLength(11);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test('whose response to the completion has no checksum, and no object → transient, and nothing is deleted', async () => {
    server.hidesWholeCrc = true;
    server.fault = (request) => {
      if (request.method === 'HEAD') server.objects.clear();
      return undefined;
    };
    await expect(oss().uploadFile(input())).rejects.toMatchObject({
      failure: { code: 'UnreadableAnswer', class: 'transient' },
    });
    expect(server.requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('that replaces the finished object with other bytes → the object is deleted', async () => {
    server.fault = (request) => {
      if (isComplete(request)) return { kind: 'wrong-crc' };
      if (request.method === 'HEAD' && stored()?.equals(bytes)) server.objects.set(input().key, randomBytes(SIZE));
      return undefined;
    };
    await expect(oss().uploadFile(input())).rejects.toMatchObject({
      failure: { code: 'Upload.ChecksumMismatch', class: 'transient' },
    });
    expect(server.objects.size).toBe(0);
  });

  test('that loses the response to the completion → nothing is sent again', async () => {
    once(isComplete, { kind: 'reset-after' });
    const result = await oss().uploadFile(input());
    expect(result.bytesSent).toBe(SIZE);
    expect(partPuts()).toHaveLength(11);
    expect(stored()?.equals(bytes)).toBe(true);
  });

  test('that loses the response to the start → no second upload remains', async () => {
    once((request) => request.method === 'POST' && request.query.has('uploads'), { kind: 'reset-after' });
    await oss().uploadFile(input());
    expect(server.requests.filter((r) => r.method === 'POST' && r.query.has('uploads'))).toHaveLength(1);
    expect(server.uploads.size).toBe(0);
  });

  test('that never ends → reported after the configured attempts', async () => {
    server.fault = (request) => (isPart('3')(request) ? { kind: 'reset-before' } : undefined);
    await expect(oss().uploadFile(input())).rejects.toMatchObject({ failure: { class: 'transient', service: 'oss' } });
    expect(partPuts().filter(isPart('3'))).toHaveLength(4);
  });

  test('that no retry can fix → reported immediately', async () => {
    server.fault = (request) =>
      request.method === 'PUT' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined;
    const run = oss({ concurrentParts: 1, maxConcurrentParts: 1 }).uploadFile(input());
    await expect(run).rejects.toMatchObject({ failure: { code: 'AccessDenied', status: 403, requestId: 'r-1' } });
    expect(partPuts()).toHaveLength(1);
  });

  test('in which another client aborts the upload → starts it again', async () => {
    server.fault = (request) => {
      if (isPart('7')(request) && server.uploads.has('upload-1')) server.uploads.delete('upload-1');
      return undefined;
    };
    const reported: string[] = [];
    const onUploadId = async (id: string) => {
      reported.push(id);
    };
    await oss().uploadFile(input({ onUploadId }));
    expect(reported).toEqual(['upload-1', 'upload-2']);
    expect(stored()?.equals(bytes)).toBe(true);
  });
});

describe('a file that changes while it is uploaded', () => {
  test.each<[string, () => Promise<void>]>([
    ['grows', () => appendFile(file, 'more')],
    ['is cut short', () => writeFile(file, bytes.subarray(0, 1000))],
    ['is touched', () => utimes(file, new Date(), new Date(Date.now() + 5000))],
    [
      'is replaced',
      async () => {
        await writeFile(`${file}.new`, bytes);
        await rename(`${file}.new`, file);
      },
    ],
    ['is deleted', () => rm(file)],
  ])('and %s is refused, and no object is made', async (_name, change) => {
    const onUploadId = () => change();
    const run = oss().uploadFile(input({ onUploadId }));
    await expect(run).rejects.toMatchObject({ failure: { code: 'Source.Changed', class: 'request' } });
    expect(server.objects.size).toBe(0);
  });
});

describe('a cancel', () => {
  test('during the parts → stops the upload immediately', async () => {
    server.fault = (request) => (request.method === 'PUT' ? { kind: 'hang' } : undefined);
    const cancel = new AbortController();
    const run = oss({ stallMs: 60_000 }).uploadFile(input({ signal: cancel.signal }));
    // The server never answers: only the cancel can end this.
    setTimeout(() => cancel.abort(new Error('cancelled by the user')), 100);
    await expect(run).rejects.toThrow('cancelled by the user');
  });

  test('before the start → sends nothing', async () => {
    const run = oss().uploadFile(input({ signal: AbortSignal.abort(new Error('cancelled')) }));
    await expect(run).rejects.toThrow('cancelled');
    expect(server.requests).toHaveLength(0);
  });
});
