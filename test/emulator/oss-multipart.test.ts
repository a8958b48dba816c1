import http from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../alibaba/crc64.js';
import { signV4 } from '../../alibaba/oss-signature.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { send, tags } from '../support/emulator/oss-clients.js';

const KEY = 'disk 1.raw';
const PART = 100 * 1024;

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startCloud();
});

beforeEach(() => {
  cloud.world.reset();
  cloud.makeBucket(BUCKET);
});

afterAll(() => cloud.close());

const bytesOf = (seed: number, size = PART) => Buffer.alloc(size, `part ${seed} `);

async function start(key = KEY): Promise<string> {
  const { text } = await send(cloud, { method: 'POST', key, query: { uploads: '' } });
  return tags(text, 'UploadId')[0] ?? '';
}

async function part(uploadId: string, number: number, body = bytesOf(number), key = KEY) {
  const query = { partNumber: String(number), uploadId };
  const answer = await send(cloud, { method: 'PUT', key, query, body });
  return { ...answer, etag: String(answer.headers.etag) };
}

function complete(
  uploadId: string,
  parts: readonly (readonly [number, string])[],
  headers: Record<string, string> = {},
) {
  const list = parts.map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`;
  return send(cloud, { method: 'POST', key: KEY, query: { uploadId }, body, headers });
}

const list = (uploadId: string, query: Record<string, string> = {}) =>
  send(cloud, { method: 'GET', key: KEY, query: { uploadId, ...query } });
const get = () => send(cloud, { method: 'GET', key: KEY });

/** The stored files: dropped parts must also be deleted from the disk. */
const stored = () => cloud.world.blobs.files();

describe('A multipart upload', () => {
  test('becomes an object with the combined checksum of its parts', async () => {
    const uploadId = await start();
    const parts = [await part(uploadId, 2), await part(uploadId, 7, bytesOf(7, 5)), await part(uploadId, 1)];
    expect(parts[0]?.headers['x-oss-hash-crc64ecma']).toBe(String(BigInt.asUintN(64, crc64(bytesOf(2)))));
    const [two, seven, one] = parts.map(({ etag }) => etag);
    const done = await complete(uploadId, [
      [1, one ?? ''],
      [2, two ?? ''],
      [7, seven ?? ''],
    ]);
    const whole = Buffer.concat([bytesOf(1), bytesOf(2), bytesOf(7, 5)]);
    expect(done.headers['x-oss-hash-crc64ecma']).toBe(String(BigInt.asUintN(64, crc64(whole))));
    expect(done.headers.etag).toMatch(/^"[0-9A-F]{32}-3"$/);
    const got = await get();
    expect(got.body.equals(whole)).toBe(true);
    expect(got.headers).toMatchObject({ etag: done.headers.etag, 'x-oss-object-type': 'Multipart' });
  });

  test('creates the object only when completed, and no longer exists after that', async () => {
    const uploadId = await start();
    const { etag } = await part(uploadId, 1);
    expect((await get()).code).toBe('NoSuchKey');
    await complete(uploadId, [[1, etag]]);
    for (const answer of [await list(uploadId), await part(uploadId, 1), await complete(uploadId, [[1, etag]])]) {
      expect(answer).toMatchObject({ status: 404, code: 'NoSuchUpload' });
    }
  });

  test.each<readonly [string, readonly (readonly [number, number])[], string]>([
    [
      'parts out of order',
      [
        [2, 2],
        [1, 1],
      ],
      'InvalidPartOrder',
    ],
    [
      'a duplicate part',
      [
        [1, 1],
        [1, 1],
      ],
      'InvalidPartOrder',
    ],
    [
      'a part that was not uploaded',
      [
        [1, 1],
        [3, 1],
      ],
      'InvalidPart',
    ],
    [
      'the ETag of another part',
      [
        [1, 2],
        [2, 2],
      ],
      'InvalidPart',
    ],
    ['no parts', [], 'MalformedXML'],
  ])('cannot be completed with %s', async (_parts, chosen, code) => {
    const uploadId = await start();
    const etags = [(await part(uploadId, 1)).etag, (await part(uploadId, 2)).etag];
    const answer = await complete(
      uploadId,
      chosen.map(([number, from]) => [number, etags[from - 1] ?? '']),
    );
    expect(answer).toMatchObject({ status: 400, code });
    expect((await list(uploadId)).status).toBe(200);
  });

  test('cannot be completed with a small part that is not the last one', async () => {
    const uploadId = await start();
    const small = await part(uploadId, 1, bytesOf(1, PART - 1));
    const last = await part(uploadId, 2, bytesOf(2, 1));
    const answer = await complete(uploadId, [
      [1, small.etag],
      [2, last.etag],
    ]);
    expect(answer).toMatchObject({ status: 400, code: 'EntityTooSmall' });
    expect((await complete(uploadId, [[1, small.etag]])).status).toBe(200);
  });

  test.each(['0', '10001', 'x', '1.5'])('rejects part number %s', async (partNumber) => {
    const uploadId = await start();
    const answer = await send(cloud, { method: 'PUT', key: KEY, query: { partNumber, uploadId }, body: 'x' });
    expect(answer).toMatchObject({ status: 400, code: 'InvalidArgument' });
  });

  test('replaces a part that is uploaded again, and deletes the old file', async () => {
    const uploadId = await start();
    await part(uploadId, 1);
    const again = await part(uploadId, 1, bytesOf(9));
    expect(stored()).toHaveLength(1);
    await complete(uploadId, [[1, again.etag]]);
    expect((await get()).body.equals(bytesOf(9))).toBe(true);
  });

  test('drops parts that are not in the list, and deletes their files', async () => {
    const uploadId = await start();
    const first = await part(uploadId, 1);
    await part(uploadId, 2);
    await complete(uploadId, [[1, first.etag]]);
    expect((await get()).body).toHaveLength(PART);
    expect(stored()).toHaveLength(1);
  });

  test('can be completed with all parts by x-oss-complete-all', async () => {
    const uploadId = await start();
    await part(uploadId, 1);
    await part(uploadId, 2);
    const done = await send(cloud, {
      ...{ method: 'POST', key: KEY, query: { uploadId }, headers: { 'x-oss-complete-all': 'yes' } },
    });
    expect(done.status).toBe(200);
    expect((await get()).body).toHaveLength(2 * PART);
  });

  test('paginates the list of parts', async () => {
    const uploadId = await start();
    for (const number of [1, 2, 4, 5, 9]) await part(uploadId, number, bytesOf(number, 10));
    const pages: (readonly string[])[] = [];
    let marker = '0';
    for (let page = 0; page < 5; page += 1) {
      const { text } = await list(uploadId, { 'max-parts': '2', 'part-number-marker': marker });
      pages.push(tags(text, 'PartNumber'));
      marker = tags(text, 'NextPartNumberMarker')[0] ?? '';
      if (tags(text, 'IsTruncated')[0] === 'false') break;
    }
    expect(pages).toEqual([['1', '2'], ['4', '5'], ['9']]);
  });

  test('is deleted with its files when aborted', async () => {
    const uploadId = await start();
    await part(uploadId, 1);
    const abort = () => send(cloud, { method: 'DELETE', key: KEY, query: { uploadId } });
    expect((await abort()).status).toBe(204);
    expect((await abort()).code).toBe('NoSuchUpload');
    expect(stored()).toEqual([]);
  });

  test('rejects a part for another key', async () => {
    const uploadId = await start();
    expect((await part(uploadId, 1, bytesOf(1), 'another')).code).toBe('NoSuchUpload');
  });

  test('is included in the paginated list of uploads of the bucket', async () => {
    const ids = [await start('a'), await start('a'), await start('b/1'), await start('b/2'), await start('c')];
    const query = { uploads: '', 'max-uploads': '2' };
    const first = await send(cloud, { method: 'GET', query });
    expect(tags(first.text, 'UploadId')).toEqual(ids.slice(0, 2).sort());
    const [keyMarker = ''] = tags(first.text, 'NextKeyMarker');
    const [idMarker = ''] = tags(first.text, 'NextUploadIdMarker');
    const next = { ...query, 'key-marker': keyMarker, 'upload-id-marker': idMarker };
    expect(tags((await send(cloud, { method: 'GET', query: next })).text, 'Key')).toEqual(['b/1', 'b/2']);
    const folders = await send(cloud, { method: 'GET', query: { uploads: '', delimiter: '/', prefix: '' } });
    expect(tags(folders.text, 'Prefix').filter((prefix) => prefix !== '')).toEqual(['b/']);
    expect((await send(cloud, { method: 'GET', query: { uploads: '', prefix: 'b/' } })).text).not.toContain('<Key>a<');
  });

  test('can copy a part from another object', async () => {
    await send(cloud, { method: 'PUT', key: 'from', body: Buffer.concat([bytesOf(1), bytesOf(2)]) });
    const uploadId = await start();
    const copy = (range?: string) =>
      send(cloud, {
        ...{ method: 'PUT', key: KEY, query: { partNumber: '1', uploadId } },
        headers: {
          'x-oss-copy-source': `/${BUCKET}/from`,
          ...(range === undefined ? {} : { 'x-oss-copy-source-range': range }),
        },
      });
    expect((await copy('bytes=0-999999999')).code).toBe('InvalidArgument');
    const [etag = ''] = tags((await copy(`bytes=${PART}-${2 * PART - 1}`)).text, 'ETag');
    expect((await complete(uploadId, [[1, etag.replaceAll('&quot;', '"')]])).status).toBe(200);
    expect((await get()).body.equals(bytesOf(2))).toBe(true);
  });

  test('discards a part whose upload is interrupted, and deletes its file', async () => {
    const uploadId = await start();
    await interruptUpload(uploadId, PART, PART / 2);
    await expect
      .poll(() => cloud.world.journal.read({ action: 'UploadPart' }).calls.map(({ outcome }) => outcome))
      .toEqual(['aborted']);
    expect(tags((await list(uploadId)).text, 'PartNumber')).toEqual([]);
    await expect.poll(stored).toEqual([]);
  });

  test('rejects a part whose upload ends after the completion', async () => {
    const uploadId = await start();
    const { etag } = await part(uploadId, 1);
    const late = open(uploadId, 2, PART);
    late.write(bytesOf(2, PART / 2));
    await expect.poll(stored).toHaveLength(2);
    await complete(uploadId, [[1, etag]]);
    const status = new Promise<number | undefined>((resolve) => {
      late.once('response', (answer) => resolve(answer.resume().statusCode));
    });
    late.end(bytesOf(2, PART / 2));
    expect(await status).toBe(404);
    expect(stored()).toHaveLength(1);
  });
});

function open(uploadId: string, number: number, length: number): http.ClientRequest {
  const query = { partNumber: String(number), uploadId };
  const signed = { method: 'PUT', bucket: BUCKET, key: KEY, query, headers: { 'content-length': String(length) } };
  const [host, port] = cloud.address.split(':');
  const path = `/${BUCKET}/${encodeURIComponent(KEY)}?${new URLSearchParams(query)}`;
  const headers = signV4(signed, ACCOUNT_KEYS, REGION, new Date());
  return http.request({ host, port, method: 'PUT', path, headers, agent: false });
}

async function interruptUpload(uploadId: string, length: number, sent: number): Promise<void> {
  const request = open(uploadId, 1, length);
  const failed = new Promise((resolve) => request.once('error', resolve));
  request.write(bytesOf(1, sent));
  await expect.poll(stored).toHaveLength(1);
  request.destroy(new Error('interrupted'));
  await failed;
}
