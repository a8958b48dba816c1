import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BUCKET, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { acs3, type Reply, rpc, rpcParams, send, VERSIONS } from '../support/emulator/signed-request.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startReadyCloud(raw());
});

afterEach(() => cloud.close());

const IMPORT = {
  ...{ RegionId: REGION, ImageName: 'web-01' },
  ...{ 'DiskDeviceMapping.1.OSSBucket': BUCKET, 'DiskDeviceMapping.1.OSSObject': 'web-01.raw' },
};

const answer = ({ status, text }: Reply) => ({ status, ...JSON.parse(text) });
const code = (reply: Reply) => `${reply.status} ${answer(reply).Code}`;

describe.each([
  [
    'older',
    (params: Readonly<Record<string, string>>, keys?: Parameters<typeof rpc>[3]) =>
      rpc(cloud.address, 'DescribeImages', params, keys),
  ],
  [
    'current',
    (params: Readonly<Record<string, string>>, keys?: Parameters<typeof acs3>[3]) =>
      acs3(cloud.address, 'DescribeImages', params, keys),
  ],
])('a request with the %s signature', (_signature, describeImages) => {
  const params = { RegionId: REGION, ImageName: "a b+c&d=e/ü*'()!~中" };

  test('is accepted with any characters and any number of parameters', async () => {
    expect(answer(await describeImages(params))).toMatchObject({ status: 200, TotalCount: 0 });
    const tags = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`Tag.${index + 1}.Key`, `k${index}`]));
    expect(answer(await describeImages({ ...params, ...tags, Empty: '' }))).toMatchObject({ status: 200 });
  });

  test('is rejected with a wrong secret, an unknown key and a disabled key', async () => {
    const keys = { accessKeyId: 'emulator', accessKeySecret: 'wrong' };
    expect(answer(await describeImages(params, { keys }))).toMatchObject({
      status: 400,
      Code: 'SignatureDoesNotMatch',
      Message: expect.stringMatching(/^Specified signature is not matched with our calculation/),
    });
    const unknown = { accessKeyId: 'unknown', accessKeySecret: 'x' };
    expect(code(await describeImages(params, { keys: unknown }))).toBe('404 InvalidAccessKeyId.NotFound');
    const disabled = cloud.makeUser('disabled', { Version: '1', Statement: [] });
    const record = cloud.world.accessKeys.get('disabled');
    if (record !== undefined) cloud.world.accessKeys.put('disabled', { ...record, status: 'Inactive' });
    expect(code(await describeImages(params, { keys: disabled }))).toBe('400 InvalidAccessKeyId.Inactive');
  });

  test('is rejected if its date differs by more than 15 minutes', async () => {
    for (const minutes of [-16, 16]) {
      vi.spyOn(cloud.world, 'now').mockReturnValue(Date.now() + minutes * 60_000);
      expect(code(await describeImages(params))).toBe('400 InvalidTimeStamp.Expired');
    }
    vi.spyOn(cloud.world, 'now').mockReturnValue(Date.now() + 14 * 60_000);
    expect((await describeImages(params)).status).toBe(200);
  });
});

describe('the older signature', () => {
  test('can be sent by POST, with the parameters in the query or in a form', async () => {
    for (const form of [true, false]) {
      const reply = await rpc(cloud.address, 'DescribeRegions', {}, { method: 'POST', form });
      expect(reply.status).toBe(200);
    }
  });

  test.each([
    ['400 MissingParameter', { change: { AccessKeyId: undefined } }],
    ['400 MissingParameter', { change: { Timestamp: undefined } }],
    ['400 MissingParameter', { change: { SignatureNonce: undefined } }],
    ['400 MissingParameter', { change: { Action: undefined } }],
    ['400 InvalidTimeStamp.Format', { change: { Timestamp: 'now' } }],
    ['400 IncompleteSignature', { change: { SignatureMethod: 'HMAC-MD5' } }],
    ['400 SignatureDoesNotMatch', { tamper: { RegionId: 'cn-beijing' } }],
    ['400 InvalidParameter', { change: { Version: '1999-01-01' } }],
  ])('answers %s to %o', async (expected, options) => {
    expect(code(await rpc(cloud.address, 'DescribeImages', { RegionId: REGION }, options))).toBe(expected);
  });

  test('is rejected if its nonce was used before', async () => {
    const query = new URLSearchParams({ ...rpcParams('DescribeRegions', {}) }).toString();
    expect((await send(cloud.address, 'GET', query, {})).status).toBe(200);
    expect(code(await send(cloud.address, 'GET', query, {}))).toBe('400 SignatureNonceUsed');
  });

  test('receives XML, also for errors, unless Format is JSON', async () => {
    const change = { Format: undefined };
    const good = await rpc(cloud.address, 'DescribeImages', { RegionId: REGION, Status: 'ALL' }, { change });
    expect(good.headers['content-type']).toBe('text/xml;charset=utf-8');
    expect(good.text).toMatch(/^<\?xml[^>]*>\n<DescribeImagesResponse><RequestId>[0-9A-F-]{36}<\/RequestId>/);
    expect(good.text).toContain('<TotalCount>0</TotalCount><Images></Images>');

    await rpc(cloud.address, 'ImportImage', { ...IMPORT, Description: 'a <b> & "c"' });
    const one = await rpc(cloud.address, 'DescribeImages', { RegionId: REGION, Status: 'ALL' }, { change });
    expect(one.text).toContain('<Images><Image><ImageId>m-');
    expect(one.text).toContain('<Description>a &lt;b&gt; &amp; &quot;c&quot;</Description>');

    const bad = await rpc(cloud.address, 'DescribeImages', {}, { change: { Format: 'XML' } });
    expect(bad.text).toMatch(/<Error><RequestId>.*<HostId>.*<Code>MissingParameter<\/Code><Message>.*<\/Error>$/);
  });
});

describe('the current signature', () => {
  test.each([
    ['400 IncompleteSignature', { signedHeaders: ['host', 'x-acs-date'] }],
    ['400 IncompleteSignature', { headers: { 'x-acs-content-sha256': 'ff' } }],
    ['400 InvalidTimeStamp.Format', { headers: { 'x-acs-date': '20261124' } }],
    ['400 SignatureDoesNotMatch', { sentQuery: 'RegionId=cn-beijing' }],
  ])('answers %s to %o', async (expected, options) => {
    expect(code(await acs3(cloud.address, 'DescribeImages', { RegionId: REGION }, options))).toBe(expected);
  });

  test('is rejected if its nonce was used before', async () => {
    const headers = { 'x-acs-signature-nonce': 'nonce-1' };
    expect((await acs3(cloud.address, 'DescribeRegions', {}, { headers })).status).toBe(200);
    expect(code(await acs3(cloud.address, 'DescribeRegions', {}, { headers }))).toBe('400 SignatureNonceUsed');
  });

  test('is rejected with an unsupported algorithm', async () => {
    const headers = {
      authorization: 'ACS3-HMAC-SM3 Credential=emulator',
      'x-acs-action': 'DescribeRegions',
      'x-acs-version': VERSIONS.ecs,
    };
    expect(code(await send(cloud.address, 'POST', '', headers))).toBe('400 IncompleteSignature');
  });

  test('receives JSON, with the request id in a header, and the host of the region in errors', async () => {
    const reply = await acs3(cloud.address, 'DescribeTasks', { RegionId: REGION, PageSize: '0' });
    const { RequestId, ...error } = answer(reply);
    expect(reply.headers).toMatchObject({
      'content-type': 'application/json;charset=utf-8',
      'x-acs-request-id': RequestId,
    });
    expect(error).toMatchObject({
      ...{ status: 400, Code: 'InvalidParameter', HostId: `ecs.${REGION}.aliyuncs.com` },
      Recommend: expect.stringContaining('InvalidParameter'),
    });
  });
});

test('accepts an unsigned request as the account if the setting signature is off', async () => {
  cloud.set({ signature: 'off' });
  const query = `Action=DescribeRegions&Version=${VERSIONS.ecs}&Format=JSON`;
  expect((await send(cloud.address, 'GET', query, {})).status).toBe(200);
});

test('rejects an invalid percent-encoding', async () => {
  const reply = await send(cloud.address, 'GET', `Action=%zz&Version=${VERSIONS.ecs}`, {});
  expect(reply).toMatchObject({ status: 400, text: expect.stringContaining('InvalidParameter') });
});

test('names an action that is not emulated, and the list of emulated actions', async () => {
  expect(answer(await acs3(cloud.address, 'RunInstances'))).toMatchObject({
    status: 404,
    Code: 'InvalidApi.NotFound',
    Message: expect.stringMatching(/^The emulator does not support ecs "RunInstances"\..*\/_emulator\/coverage/),
  });
});

describe('rate limits', () => {
  test('apply to each action and region separately, and reset every minute', async () => {
    vi.spyOn(cloud.world, 'now').mockReturnValue(Math.floor(Date.now() / 60_000) * 60_000);
    cloud.set({ rateLimits: [{ service: 'ecs', action: 'DescribeImages', perMinute: 2 }] });
    const call = (action: string, RegionId = REGION) => acs3(cloud.address, action, { RegionId });
    for (let number = 0; number < 2; number++) expect((await call('DescribeImages')).status).toBe(200);
    const rejected = await call('DescribeImages');
    expect(answer(rejected)).toMatchObject({ status: 400, Code: 'Throttling.User' });
    expect(rejected.headers).not.toHaveProperty('x-acs-retry-after');
    expect((await call('DescribeImages', 'cn-beijing')).status).toBe(200);
    expect((await call('DescribeTasks')).status).toBe(200);
    vi.spyOn(cloud.world, 'now').mockReturnValue(Math.floor(Date.now() / 60_000 + 1) * 60_000);
    expect((await call('DescribeImages')).status).toBe(200);
  });

  test('return the configured code and retry delay', async () => {
    const limit = { service: 'ecs', action: '*', perMinute: 0, code: 'Throttling', retryAfterMs: 1500 };
    cloud.set({ rateLimits: [limit] });
    const reply = await acs3(cloud.address, 'DescribeRegions');
    expect(code(reply)).toBe('400 Throttling');
    expect(reply.headers['x-acs-retry-after']).toBe('1500');
  });
});

test('checks signature, permission, rate limit, parameters and resources in this order', async () => {
  const bad = { ...IMPORT, ImageName: '1', 'DiskDeviceMapping.1.OSSObject': 'none.raw' };
  const user = cloud.makeUser('reader', {
    Version: '1',
    Statement: [{ Effect: 'Allow', Action: 'ecs:Describe*', Resource: '*' }],
  });
  cloud.set({ rateLimits: [{ service: 'ecs', action: 'ImportImage', perMinute: 0 }] });
  const wrong = { ...user, accessKeySecret: 'wrong' };
  const ask = async (params: Readonly<Record<string, string>>, keys = user) =>
    code(await acs3(cloud.address, 'ImportImage', params, { keys }));
  expect(await ask(bad, wrong)).toBe('400 SignatureDoesNotMatch');
  expect(await ask(bad)).toBe('403 Forbidden.RAM');
  const account = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
  expect(await ask(bad, account)).toBe('400 Throttling.User');
  cloud.set({ rateLimits: [] });
  expect(await ask(bad, account)).toBe('400 InvalidImageName.Malformed');
  expect(await ask({ ...bad, ImageName: 'web-01' }, account)).toBe('400 InvalidOSSObject.NotFound');
});
