import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../alibaba/crc64.js';
import { BUCKET, type LocalCloud, startCloud } from '../support/emulator/local-cloud.js';
import { aliOss, send, tags } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startCloud();
});

beforeEach(() => {
  cloud.world.reset();
  cloud.makeBucket(BUCKET);
});

afterAll(() => cloud.close());

const put = (key: string, body: Buffer | string, headers: Record<string, string> = {}) =>
  send(cloud, { method: 'PUT', key, body, headers });
const get = (key: string, headers: Record<string, string> = {}) => send(cloud, { method: 'GET', key, headers });

describe('Objects', () => {
  test.each([1, 4] as const)('are returned unchanged for any key (signature V%i)', async (signature) => {
    const oss = aliOss(cloud, { signature });
    for (const key of ['plain', "a/ü b!'(x)*", 'tab\tand&<>"', '中/文', 'a//b', 'x%2Fy', '😀+1']) {
      await oss.put(key, Buffer.from(key));
      expect((await oss.get(key)).content.toString()).toBe(key);
    }
  });

  test('have the checksum, ETag, content type and metadata of the upload', async () => {
    const bytes = Buffer.from('123456789');
    const md5 = createHash('md5').update(bytes).digest();
    const stored = await put('o', bytes, { 'content-type': 'application/x-disk', 'x-oss-meta-who': 'me' });
    const known = {
      etag: `"${md5.toString('hex').toUpperCase()}"`,
      'x-oss-hash-crc64ecma': BigInt.asUintN(64, crc64(bytes)).toString(),
    };
    expect(stored.headers).toMatchObject({ ...known, 'content-md5': md5.toString('base64') });
    const head = await send(cloud, { method: 'HEAD', key: 'o' });
    expect(head.headers).toMatchObject({
      ...{ ...known, 'content-length': '9', 'content-type': 'application/x-disk', 'x-oss-meta-who': 'me' },
      ...{ 'x-oss-object-type': 'Normal', 'x-oss-storage-class': 'Standard' },
    });
  });

  test('are rejected if the content does not match Content-MD5', async () => {
    const md5 = createHash('md5').update('other').digest('base64');
    expect(await put('o', 'bytes', { 'content-md5': md5 })).toMatchObject({ status: 400, code: 'InvalidDigest' });
    expect((await get('o')).code).toBe('NoSuchKey');
  });

  test('are not overwritten if x-oss-forbid-overwrite is true', async () => {
    const forbid = { 'x-oss-forbid-overwrite': 'true' };
    expect((await put('o', 'first', forbid)).status).toBe(200);
    expect(await put('o', 'second', forbid)).toMatchObject({ status: 409, code: 'FileAlreadyExists' });
    const upload = await send(cloud, { method: 'POST', key: 'o', query: { uploads: '' }, headers: forbid });
    expect(upload.code).toBe('FileAlreadyExists');
    expect((await get('o')).text).toBe('first');
  });

  test('are created by only one of several concurrent uploads if x-oss-forbid-overwrite is true', async () => {
    const forbid = { 'x-oss-forbid-overwrite': 'true' };
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => put('o', text.repeat(200_000), forbid)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409]);
  });

  test('answer conditional requests', async () => {
    const { headers } = await put('o', 'bytes');
    expect((await get('o', { 'if-none-match': headers.etag ?? '' })).status).toBe(304);
    expect((await get('o', { 'if-match': '"other"' })).code).toBe('PreconditionFailed');
    expect((await get('o', { 'if-unmodified-since': 'Tue, 01 Jan 2019 00:00:00 GMT' })).status).toBe(412);
  });

  test('are deleted one by one and in bulk; deletion of a missing object succeeds', async () => {
    const oss = aliOss(cloud);
    for (const key of ['a', 'b', 'ü &', 'd']) await oss.put(key, Buffer.from(key));
    expect((await oss.delete('a')).res.status).toBe(204);
    expect((await oss.delete('a')).res.status).toBe(204);
    const { deleted } = await oss.deleteMulti(['b', 'ü &', 'none'], { quiet: false });
    expect(deleted?.map((entry) => Reflect.get(Object(entry), 'Key'))).toEqual(['b', 'ü &', 'none']);
    expect((await oss.listV2({}, {})).objects.map(({ name }) => name)).toEqual(['d']);
  });

  test('are copied by reference, and stay readable after the source is deleted', async () => {
    const oss = aliOss(cloud);
    await oss.put('from ü', Buffer.from('bytes'), { meta: { uid: 1, pid: 2 } });
    await oss.copy('to', 'from ü');
    await oss.delete('from ü');
    expect((await oss.get('to')).content.toString()).toBe('bytes');
    await expect(oss.copy('to-2', 'from ü')).rejects.toMatchObject({ code: 'NoSuchKey' });
    await expect(oss.copy('to-2', 'o', 'none-such')).rejects.toMatchObject({ code: 'NoSuchBucket' });
  });

  test('are returned completely to a reader while they are replaced', async () => {
    const first = Buffer.alloc(3_000_000, 'a');
    await put('o', first);
    const reading = aliOss(cloud).getStream('o');
    const { stream } = await reading;
    await put('o', 'second');
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(first)).toBe(true);
    expect((await get('o')).text).toBe('second');
  });
});

describe('Ranges', () => {
  // The table in the vendor's documentation, for an object of 1,000 bytes.
  test.each([
    ['bytes=0-499', 206, '0-499', 206, '0-499'],
    ['bytes=500-', 206, '500-999', 206, '500-999'],
    ['bytes=-200', 206, '800-999', 206, '800-999'],
    ['bytes=500-2000', 200, null, 206, '500-999'],
    ['bytes=-2000', 200, null, 206, '0-999'],
    ['bytes=1000-2000', 200, null, 416, null],
    ['byte=0-9', 200, null, 200, null],
    ['bytes=0-9,20-29', 206, '0-9', 206, '0-9'],
  ])(
    '%s: %i %s; with x-oss-range-behavior: standard %i %s',
    async (range, status, content, standardStatus, standardContent) => {
      const bytes = Buffer.from(Array.from({ length: 1000 }, (_, at) => at % 251));
      await put('o', bytes);
      const check = async (headers: Record<string, string>, expectedStatus: number, part: string | null) => {
        const got = await get('o', { range, ...headers });
        expect([got.status, got.headers['content-range']]).toEqual([
          expectedStatus,
          part === null ? undefined : `bytes ${part}/1000`,
        ]);
        const [from = 0, to = 999] = part?.split('-').map(Number) ?? [];
        if (expectedStatus < 300) expect(got.body.equals(bytes.subarray(from, to + 1))).toBe(true);
        else expect(got.code).toBe('InvalidRange');
      };
      await check({}, status, content);
      await check({ 'x-oss-range-behavior': 'standard' }, standardStatus, standardContent);
    },
  );
});

describe('Lists', () => {
  test.each(['ListObjects', 'ListObjectsV2'])(
    '%s paginates in the order of keys, with each common prefix once',
    async (action) => {
      for (const key of ['a/1', 'a/2', 'b', 'c/1', '\uffee', '😀', 'z']) await put(key, '');
      const names: string[] = [];
      const paging =
        action === 'ListObjects' ? ['marker', 'NextMarker'] : ['continuation-token', 'NextContinuationToken'];
      const [parameter = '', element = ''] = paging;
      let next = '';
      for (let page = 0; page < 10; page += 1) {
        const query = {
          ...(action === 'ListObjects' ? {} : { 'list-type': '2' }),
          ...{ delimiter: '/', 'max-keys': '2', ...(next === '' ? {} : { [parameter]: next }) },
        };
        const { text } = await send(cloud, { method: 'GET', query });
        names.push(...tags(text, 'Key'), ...tags(text.replace(/<Prefix><\/Prefix>/, ''), 'Prefix'));
        next = tags(text, element)[0] ?? '';
        if (tags(text, 'IsTruncated')[0] === 'false') break;
      }
      expect(names).toEqual(['b', 'a/', 'z', 'c/', '\uffee', '😀'].sort((a, b) => names.indexOf(a) - names.indexOf(b)));
      expect(names).toHaveLength(6);
    },
  );

  test('ListBuckets paginates', async () => {
    for (const name of ['bbb', 'ccc', 'ddd']) cloud.makeBucket(name);
    const page = async (marker?: string) => {
      const answer: unknown = await aliOss(cloud).listBuckets({ 'max-keys': 3, ...(marker ? { marker } : {}) });
      return answer;
    };
    const names = (...of: string[]) => of.map((name) => expect.objectContaining({ name }));
    expect(await page()).toMatchObject({ buckets: names('bbb', 'ccc', 'ddd'), isTruncated: true, nextMarker: 'ddd' });
    expect(await page('ddd')).toMatchObject({ buckets: names(BUCKET), isTruncated: false });
  });
});

describe('Buckets', () => {
  test('are created with region and storage class, described, and deleted if empty', async () => {
    const body =
      '<CreateBucketConfiguration><StorageClass>IA</StorageClass><LocationConstraint>oss-cn-beijing</LocationConstraint></CreateBucketConfiguration>';
    const at = { bucket: 'fresh', region: 'cn-beijing' };
    expect((await send(cloud, { method: 'PUT', ...at, body })).status).toBe(200);
    const info = await send(cloud, { method: 'GET', ...at, query: { bucketInfo: '' } });
    expect([tags(info.text, 'Location'), tags(info.text, 'StorageClass')]).toEqual([['oss-cn-beijing'], ['IA']]);
    const location = await send(cloud, { method: 'GET', ...at, query: { location: '' } });
    expect(tags(location.text, 'LocationConstraint')).toEqual(['oss-cn-beijing']);
    await send(cloud, { method: 'PUT', ...at, key: 'o', body: 'x' });
    expect((await send(cloud, { method: 'DELETE', ...at })).code).toBe('BucketNotEmpty');
    await send(cloud, { method: 'DELETE', ...at, key: 'o' });
    expect((await send(cloud, { method: 'DELETE', ...at })).status).toBe(204);
    expect((await send(cloud, { method: 'GET', ...at, query: { bucketInfo: '' } })).code).toBe('NoSuchBucket');
  });

  test.each(['ab', 'UPPER', 'under_score', '-dash'])('cannot be created with the name %s', async (bucket) => {
    expect((await send(cloud, { method: 'PUT', bucket })).code).toBe('InvalidBucketName');
  });

  test('encrypt new objects while an encryption rule is set', async () => {
    const query = { encryption: '' };
    expect((await send(cloud, { method: 'GET', query })).code).toBe('NoSuchServerSideEncryptionRule');
    const rule =
      '<ApplyServerSideEncryptionByDefault><SSEAlgorithm>KMS</SSEAlgorithm></ApplyServerSideEncryptionByDefault>';
    const body = `<ServerSideEncryptionRule>${rule}</ServerSideEncryptionRule>`;
    expect((await send(cloud, { method: 'PUT', query, body })).status).toBe(200);
    expect(tags((await send(cloud, { method: 'GET', query })).text, 'SSEAlgorithm')).toEqual(['KMS']);
    expect((await put('o', 'x')).headers['x-oss-server-side-encryption']).toBe('KMS');
    expect((await send(cloud, { method: 'DELETE', query })).status).toBe(204);
    expect((await put('p', 'x')).headers['x-oss-server-side-encryption']).toBeUndefined();
  });

  test('return archived objects only after RestoreObject', async () => {
    cloud.set({ restoreSeconds: 0 });
    await put('o', 'bytes', { 'x-oss-storage-class': 'Archive' });
    expect(await get('o')).toMatchObject({ status: 403, code: 'InvalidObjectState' });
    const restore = () => send(cloud, { method: 'POST', key: 'o', query: { restore: '' } });
    expect((await restore()).status).toBe(202);
    expect((await get('o')).text).toBe('bytes');
    expect((await send(cloud, { method: 'HEAD', key: 'o' })).headers['x-oss-restore']).toContain(
      'ongoing-request="false"',
    );
    await put('plain', 'x');
    const plain = await send(cloud, { method: 'POST', key: 'plain', query: { restore: '' } });
    expect(plain.code).toBe('OperationNotSupported');
    cloud.set({ restoreSeconds: 3600 });
    await put('late', 'x', { 'x-oss-storage-class': 'ColdArchive' });
    await send(cloud, { method: 'POST', key: 'late', query: { restore: '' } });
    const again = await send(cloud, { method: 'POST', key: 'late', query: { restore: '' } });
    expect(again).toMatchObject({ status: 409, code: 'RestoreAlreadyInProgress' });
    expect((await get('late')).code).toBe('InvalidObjectState');
  });
});

describe('Request URLs', () => {
  test.each([
    'images.oss-cn-hangzhou.aliyuncs.com',
    'images.oss-cn-hangzhou-internal.aliyuncs.com',
    'images.cn-hangzhou.oss.aliyuncs.com',
    'images.localhost:8080',
    'images.emulator',
  ])('can contain the bucket in the host: %s', async (host) => {
    expect((await send(cloud, { method: 'PUT', key: 'a/b', host, body: host })).status).toBe(200);
    expect((await get('a/b')).text).toBe(host);
    expect(tags((await send(cloud, { method: 'GET', host })).text, 'Key')).toEqual(['a/b']);
  });

  test('can create a bucket with a host that contains its name', async () => {
    const host = 'fresh.emulator:9300';
    expect((await send(cloud, { method: 'PUT', bucket: 'fresh', host })).status).toBe(200);
    expect(cloud.world.buckets.has('fresh')).toBe(true);
  });

  test('with the bucket in the host can name an object whose key starts with the bucket name', async () => {
    const host = 'images.oss-cn-hangzhou.aliyuncs.com';
    await send(cloud, { method: 'PUT', key: 'images/o', host, body: 'by host' });
    await put('o', 'by path');
    expect((await get('images/o')).text).toBe('by host');
    expect((await get('o')).text).toBe('by path');
  });
});
