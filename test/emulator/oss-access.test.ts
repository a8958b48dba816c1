import { AttachPolicyToRoleRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import { AssumeRoleRequest } from '@alicloud/sts20150401';
import OSS from 'ali-oss';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createOss } from '../../alibaba/oss.js';
import { signV4 } from '../../alibaba/oss-signature.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  type Keys,
  type LocalCloud,
  REGION,
  startCloud,
} from '../support/emulator/local-cloud.js';
import { aliOss, exchange, type OssRequest, send, tags } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startCloud({ shortestSessionSeconds: 0 });
});

beforeEach(async () => {
  cloud.world.reset();
  cloud.makeBucket(BUCKET);
  await send(cloud, { method: 'PUT', key: 'o', body: 'bytes' });
});

afterAll(() => cloud.close());

const get = (sent: Partial<OssRequest> = {}) => send(cloud, { method: 'GET', key: 'o', ...sent });
const minutes = (count: number) => new Date(Date.now() + count * 60_000);

/** Keys of a session of a role with full access to OSS. */
async function session(seconds: number, policy?: object): Promise<Required<Keys>> {
  await makeRole();
  const { body } = await cloud.sts().assumeRole(
    new AssumeRoleRequest({
      ...{ roleArn: 'acs:ram::1000000000000001:role/reader', roleSessionName: 'test', durationSeconds: seconds },
      ...(policy === undefined ? {} : { policy: JSON.stringify(policy) }),
    }),
  );
  const { accessKeyId = '', accessKeySecret = '', securityToken = '' } = body?.credentials ?? {};
  return { accessKeyId, accessKeySecret, securityToken };
}

async function makeRole(): Promise<void> {
  const trust = {
    Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { RAM: ['acs:ram::1000000000000001:root'] } }],
    Version: '1',
  };
  if (cloud.world.roles.has('reader')) return;
  await cloud
    .ram()
    .createRole(new CreateRoleRequest({ roleName: 'reader', assumeRolePolicyDocument: JSON.stringify(trust) }));
  await cloud
    .ram()
    .attachPolicyToRole(
      new AttachPolicyToRoleRequest({ roleName: 'reader', policyType: 'System', policyName: 'AliyunOSSFullAccess' }),
    );
}

const allow = (action: string | readonly string[], resource: string) => ({
  Statement: [{ Effect: 'Allow', Action: action, Resource: resource }],
  Version: '1',
});

describe('A signature', () => {
  test.each<readonly [string, Partial<OssRequest>, number, string]>([
    ['with an unknown key', { keys: { ...ACCOUNT_KEYS, accessKeyId: 'unknown' } }, 403, 'InvalidAccessKeyId'],
    ['with a wrong secret', { keys: { ...ACCOUNT_KEYS, accessKeySecret: 'x' } }, 403, 'SignatureDoesNotMatch'],
    ['with a date 16 minutes in the past', { time: minutes(-16) }, 403, 'RequestTimeTooSkewed'],
    ['with a date 16 minutes in the future', { time: minutes(16) }, 403, 'RequestTimeTooSkewed'],
    [
      'for another region',
      { region: 'cn-beijing', host: `${BUCKET}.oss-cn-hangzhou.aliyuncs.com` },
      400,
      'InvalidArgument',
    ],
    ['with an unknown token', { keys: { ...ACCOUNT_KEYS, securityToken: 'x' } }, 403, 'InvalidAccessKeyId'],
  ])('%s is rejected', async (_case, sent, status, code) => {
    const rejected = await get(sent);
    expect(rejected).toMatchObject({ status, code });
    expect(rejected.headers['x-oss-ec']).toMatch(/^0002-000\d{5}$/);
    expect(tags(rejected.text, 'RequestId')).toEqual([rejected.headers['x-oss-request-id']]);
  });

  test('with a date 14 minutes in the past is accepted', async () => {
    expect((await get({ time: minutes(-14) })).text).toBe('bytes');
  });

  test.each([1, 4] as const)('V%i with a wrong secret is rejected for the client of the vendor', async (signature) => {
    const oss = aliOss(cloud, { signature, keys: { ...ACCOUNT_KEYS, accessKeySecret: 'x' } });
    await expect(oss.get('o')).rejects.toMatchObject({ code: 'SignatureDoesNotMatch', status: 403 });
    await expect(oss.head('o')).rejects.toMatchObject({ status: 403 });
  });

  test('covers method, path, query and headers', async () => {
    const base = { method: 'GET', bucket: BUCKET, key: 'o', query: {}, headers: { 'x-oss-meta-a': '1' } };
    const headers = signV4(base, ACCOUNT_KEYS, REGION, new Date());
    const attempt = (method: string, path: string, changed: Record<string, string> = {}) =>
      exchange(cloud, { method, path, headers: { ...headers, ...changed } });
    expect((await attempt('GET', `/${BUCKET}/o`)).status).toBe(200);
    for (const answer of [
      await attempt('DELETE', `/${BUCKET}/o`),
      await attempt('GET', `/${BUCKET}/p`),
      await attempt('GET', `/${BUCKET}/o?acl`),
      await attempt('GET', `/${BUCKET}/o`, { 'x-oss-meta-a': '2' }),
    ]) {
      expect(answer.code).toBe('SignatureDoesNotMatch');
    }
  });

  test('is not required if the setting signature is off', async () => {
    cloud.set({ signature: 'off' });
    expect((await get({ keys: { ...ACCOUNT_KEYS, accessKeySecret: 'x' } })).status).toBe(200);
    expect((await get({ unsigned: true })).status).toBe(200);
  });
});

describe('A presigned URL', () => {
  const fetchText = async (url: string) => {
    const answer = await fetch(url);
    const text = await answer.text();
    return { status: answer.status, text, code: tags(text, 'Code')[0] };
  };

  test.each([1, 4] as const)('returns the object until it expires (V%i)', async (signature) => {
    const url = (seconds: number) => presignedUrl(signature, seconds);
    expect(await fetchText(await url(60))).toMatchObject({ status: 200, text: 'bytes' });
    expect(await fetchText((await url(60)).replace('/o?', '/p?'))).toMatchObject({ code: 'SignatureDoesNotMatch' });
    cloud.world.now = () => Date.now() + 61_000;
    const late = await fetchText(await url(60));
    Reflect.deleteProperty(cloud.world, 'now');
    expect(late).toMatchObject({ status: 403, code: 'AccessDenied' });
    expect(late.text).toContain('Request has expired.');
  });

  test('accepts an upload', async () => {
    const url = await aliOss(cloud).signatureUrlV4('PUT', 60, {}, 'up/l oad');
    expect((await fetch(url, { method: 'PUT', body: Buffer.from('sent') })).status).toBe(200);
    expect((await get({ key: 'up/l oad' })).text).toBe('sent');
  });
});

async function presignedUrl(signature: 1 | 4, seconds: number): Promise<string> {
  if (signature === 4) return aliOss(cloud).signatureUrlV4('GET', seconds, {}, 'o');
  const endpoint = `http://localhost:${cloud.address.split(':')[1]}`;
  const options = { ...ACCOUNT_KEYS, endpoint, bucket: BUCKET, sldEnable: true };
  return new OSS(options).signatureUrl('o', { expires: seconds }).replace('localhost', '127.0.0.1');
}

describe('A security token', () => {
  test('grants the permissions of its role', async () => {
    const keys = await session(3600);
    expect((await get({ keys })).text).toBe('bytes');
    for (const signature of [1, 4] as const) {
      expect((await aliOss(cloud, { keys, signature }).get('o')).content.toString()).toBe('bytes');
    }
  });

  test('is rejected if it is invalid, of another session, missing or expired', async () => {
    const keys = await session(3600);
    const other = await session(3600);
    const code = async (changed: Partial<Keys>) => (await get({ keys: { ...keys, ...changed } })).code;
    expect(await code({ securityToken: 'x' })).toBe('InvalidSecurityToken');
    expect(await code({ securityToken: other.securityToken })).toBe('AccessKeyIdAndSecurityTokenNotMatch');
    const { securityToken: _, ...bare } = keys;
    expect((await get({ keys: bare })).code).toBe('InvalidAccessKeyId');
    expect((await get({ keys: await session(0) })).code).toBe('SecurityTokenExpired');
  });

  test('is restricted by its session policy', async () => {
    const keys = await session(3600, allow('oss:GetObject', `acs:oss:*:*:${BUCKET}/o`));
    expect((await get({ keys })).status).toBe(200);
    expect(await get({ keys, method: 'DELETE' })).toMatchObject({ status: 403, code: 'AccessDenied' });
  });
});

describe('A RAM user', () => {
  test('has only the permissions that its policy allows, on the objects in the policy', async () => {
    const keys = cloud.makeUser('reader', allow(['oss:GetObject', 'oss:PutObject'], `acs:oss:*:*:${BUCKET}/mine/*`));
    expect((await get({ keys, method: 'PUT', key: 'mine/a', body: 'x' })).status).toBe(200);
    expect((await get({ keys, key: 'mine/a' })).status).toBe(200);
    const head = await get({ keys, method: 'HEAD' });
    expect(head).toMatchObject({ status: 403, code: 'AccessDenied' });
    for (const sent of [
      { key: 'o' },
      { method: 'DELETE', key: 'mine/a' },
      { key: '' },
      { key: '', query: { bucketInfo: '' } },
      { method: 'POST', key: 'mine/a', query: { restore: '' } },
      { method: 'PUT', key: 'mine/b', headers: { 'x-oss-copy-source': `/${BUCKET}/o` } },
    ]) {
      expect(await get({ keys, ...sent })).toMatchObject({ status: 403, code: 'AccessDenied' });
    }
  });

  test('receives the name of the missing permission', async () => {
    const keys = cloud.makeUser('no-oss', allow('ecs:*', '*'));
    const { text } = await get({ keys, method: 'POST', key: 'up', query: { uploads: '' } });
    expect([tags(text, 'AuthAction'), tags(text, 'NoPermissionType')]).toEqual([['oss:PutObject'], ['ImplicitDeny']]);
  });

  test('can be restricted to listing a prefix', async () => {
    const condition = { StringLike: { 'oss:Prefix': ['mine/*'] } };
    const [statement] = allow('oss:ListObjects', `acs:oss:*:*:${BUCKET}`).Statement;
    const keys = cloud.makeUser('lister', { Version: '1', Statement: [{ ...statement, Condition: condition }] });
    expect((await get({ keys, key: '', query: { prefix: 'mine/a' } })).status).toBe(200);
    expect((await get({ keys, key: '', query: { prefix: 'theirs/' } })).code).toBe('AccessDenied');
    expect((await get({ keys, key: '' })).code).toBe('AccessDenied');
  });

  test('needs the permission for each object of DeleteMultipleObjects', async () => {
    const keys = cloud.makeUser('sweeper', allow('oss:DeleteObject', `acs:oss:*:*:${BUCKET}/old/*`));
    const body = (...names: string[]) =>
      `<Delete>${names.map((name) => `<Object><Key>${name}</Key></Object>`).join('')}</Delete>`;
    const many = (...names: string[]) =>
      send(cloud, { method: 'POST', query: { delete: '' }, keys, body: body(...names) });
    expect((await many('old/1', 'old/2')).status).toBe(200);
    expect((await many('old/1', 'o')).code).toBe('AccessDenied');
    expect((await get()).status).toBe(200);
  });
});

describe('OSS', () => {
  test('allows anonymous reads of a public bucket only', async () => {
    expect((await get({ unsigned: true })).code).toBe('AccessDenied');
    await send(cloud, { method: 'PUT', bucket: 'public', headers: { 'x-oss-acl': 'public-read' } });
    const at = { bucket: 'public', key: 'o' };
    await send(cloud, { method: 'PUT', ...at, body: 'public' });
    expect((await get({ ...at, unsigned: true })).text).toBe('public');
    expect((await send(cloud, { method: 'PUT', ...at, unsigned: true, body: 'x' })).code).toBe('AccessDenied');
  });

  test('throttles only the operation that exceeds its rate limit', async () => {
    cloud.set({ rateLimits: [{ service: 'oss', action: 'GetObject', perMinute: 2 }] });
    const answers = [await get(), await get(), await get()].map(({ status, code }) => [status, code]);
    expect(answers).toEqual([
      [200, undefined],
      [200, undefined],
      [503, 'QpsLimitExceeded'],
    ]);
    expect((await get({ method: 'HEAD' })).status).toBe(200);
  });

  test('returns the right endpoint for a request to the endpoint of another region', async () => {
    cloud.makeBucket('north', 'cn-beijing');
    for (const at of [{ region: REGION }, { region: REGION, host: 'north.oss-cn-hangzhou.aliyuncs.com' }]) {
      const rejected = await get({ bucket: 'north', ...at });
      expect(rejected).toMatchObject({ status: 403, code: 'AccessDenied' });
      expect(tags(rejected.text, 'Endpoint')).toEqual(['oss-cn-beijing.aliyuncs.com']);
    }
    expect((await get({ bucket: 'north', region: 'cn-beijing' })).code).toBe('NoSuchKey');
  });

  test('denies access to objects if OSS is disabled for the account', async () => {
    cloud.set({ account: { ...cloud.world.settings.account, arrearage: true, ossEnabled: false } });
    expect(await get()).toMatchObject({ status: 403, code: 'UserDisable' });
    expect((await get({ key: '', query: { bucketInfo: '' } })).status).toBe(200);
  });

  test('denies data calls at the public endpoint of the Chinese mainland to accounts that opened OSS after 2025-03-20', async () => {
    cloud.set({ account: { ...cloud.world.settings.account, publicOssAllowed: false } });
    const denied = await get();
    expect(denied).toMatchObject({ status: 400, code: 'PublicEndpointForbidden' });
    expect(tags(denied.text, 'EC')).toEqual(['0048-00000401']);
    expect((await get({ key: '', query: { bucketInfo: '' } })).status).toBe(200);
    cloud.makeBucket('far', 'ap-southeast-1');
    expect((await get({ bucket: 'far', region: 'ap-southeast-1' })).code).toBe('NoSuchKey');
  });

  test('serves a bucket at the accelerate endpoint only if transfer acceleration is enabled', async () => {
    const host = 'images.oss-accelerate.aliyuncs.com';
    expect(await get({ host })).toMatchObject({ status: 403, code: 'AccessDenied' });
    const body = '<TransferAccelerationConfiguration><Enabled>true</Enabled></TransferAccelerationConfiguration>';
    await send(cloud, { method: 'PUT', key: '', query: { transferAcceleration: '' }, body });
    expect((await get({ host })).status).toBe(200);
    const { text } = await get({ key: '', query: { bucketInfo: '' } });
    expect(tags(text, 'TransferAcceleration')).toEqual(['Enabled']);
  });

  test('names an operation or header that is not emulated', async () => {
    const rejected = await get({ query: { tagging: '' } });
    expect(rejected).toMatchObject({ status: 501, code: 'NotImplemented' });
    expect(tags(rejected.text, 'Message')[0]).toMatch(
      /^The emulator does not support OSS \S*GET object \?tagging\S* GET/,
    );
    const header = { 'x-oss-callback': 'e30=' };
    const withHeader = await send(cloud, { method: 'PUT', key: 'p', body: 'x', headers: header });
    expect(withHeader).toMatchObject({ status: 501, code: 'NotImplemented' });
    expect(tags(withHeader.text, 'Message')[0]).toMatch(
      /^The emulator does not support OSS \S*PutObject with x-oss-callback\S* GET/,
    );
  });

  test('rejects a malformed URL', async () => {
    expect(await exchange(cloud, { method: 'GET', path: '/images/%zz' })).toMatchObject({
      status: 400,
      code: 'InvalidURI',
    });
  });
});

describe('The product', () => {
  test('distinguishes a bucket in another region from a missing permission', async () => {
    cloud.makeBucket('north', 'cn-beijing');
    const oss = createOss({
      endpoint: `http://${cloud.address}`,
      region: REGION,
      credentials: async () => ACCOUNT_KEYS,
    });
    await expect(oss.getBucket('north')).rejects.toMatchObject({
      failure: { code: 'InvalidOSSBucket.NotMatched', class: 'request' },
    });
    await expect(oss.getBucket(BUCKET)).resolves.toMatchObject({ region: REGION });
  });
});
