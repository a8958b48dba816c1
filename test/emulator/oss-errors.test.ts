import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BUCKET, type LocalCloud, startCloud } from '../support/emulator/local-cloud.js';
import { exchange, type OssRequest, send, tags } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startCloud();
  cloud.makeBucket(BUCKET);
  await send(cloud, { method: 'PUT', key: 'o', body: 'bytes' });
});

afterAll(() => cloud.close());

describe('an error has the EC of its cause in body and header', () => {
  test.each<[string, string, OssRequest]>([
    ['NoSuchBucket', '0015-00000101', { method: 'GET', bucket: 'missing' }],
    ['NoSuchKey', '0026-00000001', { method: 'GET', key: 'missing' }],
    ['InvalidBucketName', '0015-00000001', { method: 'PUT', bucket: 'A' }],
    ['InvalidArgument', '0015-00000204', { method: 'PUT', bucket: 'other', headers: { 'x-oss-acl': 'open' } }],
    ['InvalidObjectName', '0016-00000005', { method: 'PUT', key: 'a\0b', body: '' }],
    ['InvalidObjectName', '0016-00000005', { method: 'POST', key: 'a\0b', query: { uploads: '' } }],
    ['InvalidObjectName', '0016-00000003', { method: 'PUT', key: 'k'.repeat(1024), body: '' }],
    ['InvalidArgument', '0017-00000220', { method: 'PUT', key: 'o', query: { partNumber: '0', uploadId: 'U' } }],
    ['InvalidArgument', '0017-00009999', { method: 'GET', query: { 'max-keys': '0' } }],
    ['InvalidArgument', '0017-00009999', { method: 'GET', query: { 'max-keys': '0', 'list-type': '2' } }],
    ['InvalidArgument', '0017-00009999', { method: 'GET', query: { 'max-keys': '0', versions: '' } }],
    ['InvalidArgument', '0017-00009999', { method: 'GET', query: { 'max-uploads': '0', uploads: '' } }],
    ['NoSuchUpload', '0017-00000244', { method: 'PUT', key: 'o', query: { partNumber: '1', uploadId: 'U' } }],
    ['NoSuchUpload', '0042-00000002', { method: 'DELETE', key: 'o', query: { uploadId: 'U' } }],
    ['FileAlreadyExists', '0026-00000002', { method: 'PUT', key: 'o', headers: { 'x-oss-forbid-overwrite': 'true' } }],
    ['PreconditionFailed', '0017-00001001', { method: 'GET', key: 'o', headers: { 'if-match': '"other"' } }],
    ['AccessDenied', '0003-00000001', { method: 'GET', key: 'o', unsigned: true }],
    // The emulator's own numbers, in the group of the cause: the vendor publishes none.
    ['BucketNotEmpty', '0015-00009999', { method: 'DELETE' }],
    ['InvalidStorageClass', '0013-00009999', { method: 'PUT', key: 'n', headers: { 'x-oss-storage-class': 'Cold' } }],
    ['NotImplemented', '0017-00009999', { method: 'GET', query: { tagging: '' } }],
  ])('%s → %s', async (code, ec, request) => {
    const cause = request.key === 'o' && request.query?.partNumber === '0' ? await withUpload(request) : request;
    const answer = await send(cloud, cause);
    expect(answer.code).toBe(code);
    expect(tags(answer.text, 'EC')).toEqual([ec]);
    expect(tags(answer.text, 'RecommendDoc')).toEqual([`https://api.alibabacloud.com/troubleshoot?q=${ec}`]);
    expect(answer.headers['x-oss-ec']).toBe(ec);
  });

  async function withUpload(request: OssRequest): Promise<OssRequest> {
    const { text } = await send(cloud, { method: 'POST', key: 'o', query: { uploads: '' } });
    return { ...request, query: { ...request.query, uploadId: tags(text, 'UploadId')[0] ?? '' } };
  }
});

describe('ACLs', () => {
  const acl = async (key?: string) => {
    const { text } = await send(cloud, { method: 'GET', ...(key === undefined ? {} : { key }), query: { acl: '' } });
    return tags(text, 'Grant');
  };
  const anonymous = async (key: string) => (await send(cloud, { method: 'GET', key, unsigned: true })).status;

  test('GET object?acl returns `default` for an object without an ACL of its own', async () => {
    expect(await acl('o')).toEqual(['default']);
    expect(await acl()).toEqual(['private']);
    expect((await send(cloud, { method: 'GET', key: 'missing', query: { acl: '' } })).code).toBe('NoSuchKey');
  });

  test('an object can be made public at its creation or later; its ACL prevails over that of the bucket', async () => {
    await send(cloud, { method: 'PUT', key: 'open', body: 'x', headers: { 'x-oss-object-acl': 'public-read' } });
    expect(await acl('open')).toEqual(['public-read']);
    expect(await anonymous('open')).toBe(200);
    const put = (value: string) =>
      send(cloud, { method: 'PUT', key: 'open', query: { acl: '' }, headers: { 'x-oss-object-acl': value } });
    await put('private');
    await send(cloud, { method: 'PUT', query: { acl: '' }, headers: { 'x-oss-acl': 'public-read' } });
    expect(await acl()).toEqual(['public-read']);
    expect([await anonymous('open'), await anonymous('o')]).toEqual([403, 200]);
    expect((await put('open')).code).toBe('InvalidArgument');
    expect((await put('')).headers['x-oss-ec']).toBe('0017-00000105');
    await send(cloud, { method: 'PUT', query: { acl: '' }, headers: { 'x-oss-acl': 'private' } });
  });
});

describe('the S3-compatible API is refused by name', () => {
  test.each([
    ['AWS4-HMAC-SHA256 in the header', '/images/o', { authorization: 'AWS4-HMAC-SHA256 Credential=a/20261129/oss' }],
    ['signature version 2', '/images/o', { authorization: 'AWS emulator:c2ln' }],
    ['a presigned URL', '/images/o?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a', {}],
    ['ListBuckets', '/?x-id=ListBuckets', { authorization: 'AWS4-HMAC-SHA256 Credential=a/20261129/oss' }],
  ])('%s', async (_form, path, headers) => {
    const answer = await exchange(cloud, { method: 'GET', path, headers });
    expect([answer.status, answer.code]).toEqual([501, 'NotImplemented']);
    expect(answer.text).toContain('S3-compatible API');
  });
});
