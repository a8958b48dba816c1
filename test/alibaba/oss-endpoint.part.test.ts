/** Which endpoint of OSS is used: every call of ali-oss and of our own data path goes over a socket to the emulator, under the host's name. */
import http from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { leastPolicy } from '../../alibaba/least-policy.js';
import { createMetadata, type Metadata } from '../../alibaba/metadata-service.js';
import { createOss, type OssOptions } from '../../alibaba/oss.js';
import { ORDINARY_ACCESS, type UploadEndpoint } from '../../domain/oss-access.js';
import { defaultSettings } from '../../emulator/settings.js';
import { uploadInput } from '../support/alibaba/upload-input.js';
import { ACCOUNT_KEYS, BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';

let cloud: LocalCloud;
let hosts: string[];
let listener: http.Server;
let address: string;

beforeEach(async () => {
  cloud = await startCloud();
  cloud.makeBucket(BUCKET);
  hosts = [];
  // Notes the host of every request, and passes it on.
  listener = http.createServer((request, response) => {
    hosts.push(String(request.headers.host));
    const [host = '', port] = cloud.address.split(':');
    const { method, url: path, headers } = request;
    const onward = http.request({ host, port: Number(port), method, path, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const place = listener.address();
  address = `http://127.0.0.1:${typeof place === 'object' ? place?.port : ''}`;
});
afterEach(async () => {
  listener.closeAllConnections();
  listener.close();
  await cloud.close();
});

const onInstance =
  (regionId: string): Metadata =>
  async () => ({ kind: 'instance', regionId });
const elsewhere: Metadata = async () => ({ kind: 'none', reason: 'the worker does not run on ECS' });

function oss(options: Partial<OssOptions> & { readonly choice?: UploadEndpoint } = {}) {
  const { choice = 'auto', ...rest } = options;
  return createOss({
    ...{ region: REGION, credentials: async () => ACCOUNT_KEYS, metadata: elsewhere, address },
    access: { ...ORDINARY_ACCESS, endpoint: choice },
    settings: { controlTimeoutMs: 5_000, stallMs: 5_000, firstMs: 1, maxAttempts: 2 },
    ...rest,
  });
}

/** An upload in parts, a read, a check and a deletion: with ali-oss and with our own requests. */
async function transfer(api: ReturnType<typeof oss>, bucket = BUCKET): Promise<void> {
  const key = "imports/a ü'(1)!.raw";
  const bytes = Buffer.alloc(250_000, 'x');
  await api.upload(uploadInput(bucket, key, bytes));
  expect((await api.headObject(bucket, key))?.size).toBe(bytes.length);
  expect(Buffer.from(await api.readRange(bucket, key, 10, 3)).toString()).toBe('xxx');
  expect(await api.listUploads(bucket, key)).toEqual([]);
  await api.deleteObject(bucket, key);
  expect(await api.headObject(bucket, key)).toBeNull();
}

const forbidPublic = () => cloud.set({ account: { ...defaultSettings.account, publicOssAllowed: false } });
const seen = () => [...new Set(hosts)];
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => null,
    (error: { failure?: { code: string; class: string } }) => `${error.failure?.code} ${error.failure?.class}`,
  );

describe('A request that chooses', () => {
  test.each([
    ['public', `${BUCKET}.oss-cn-hangzhou.aliyuncs.com`],
    ['internal', `${BUCKET}.oss-cn-hangzhou-internal.aliyuncs.com`],
  ] as const)('%s → every call goes to %s', async (choice, host) => {
    await transfer(oss({ choice }));
    expect(seen()).toEqual([host]);
  });

  test('accelerate → every call on data goes to the accelerate endpoint, signed for the region of the bucket', async () => {
    cloud.world.buckets.put(BUCKET, { ...bucketRecord(), accelerated: true });
    const api = oss({ choice: 'accelerate' });
    await api.checkDataCalls(BUCKET);
    hosts = [];
    await transfer(api);
    expect(seen()).toEqual([`${BUCKET}.oss-accelerate.aliyuncs.com`]);
  });

  test('accelerate for a bucket without transfer acceleration → attention before any byte is sent', async () => {
    const api = oss({ choice: 'accelerate' });
    expect(await codeOf(api.checkDataCalls(BUCKET))).toBe('Upload.AccelerationNotEnabled attention');
    expect(await codeOf(api.headObject(BUCKET, 'k'))).toBe('Upload.AccelerationNotEnabled attention');
    expect(await codeOf(api.readRange(BUCKET, 'k', 0, 1))).toBe('Upload.AccelerationNotEnabled attention');
  });

  test('internal where the endpoint cannot be reached → attention that names the endpoint', async () => {
    const api = oss({ choice: 'internal', address: 'http://127.0.0.1:1' });
    await expect(api.checkDataCalls(BUCKET)).rejects.toMatchObject({
      failure: {
        ...{ code: 'Upload.EndpointUnreachable', class: 'attention' },
        message: 'oss-cn-hangzhou-internal.aliyuncs.com cannot be reached from this worker (ECONNREFUSED)',
      },
    });
  });

  test('an endpoint → it has priority over OSS_ENDPOINT and the domains of the operator', async () => {
    const endpoints = { byBucket: { [BUCKET]: 'https://disks.example.com' } };
    expect(await oss({ choice: 'internal', endpoint: address, endpoints }).endpoint(BUCKET)).toMatchObject({
      host: 'oss-cn-hangzhou-internal.aliyuncs.com',
    });
  });
});

describe('auto', () => {
  test('a worker on ECS in the region → the internal endpoint', async () => {
    forbidPublic();
    const api = oss({ metadata: onInstance(REGION) });
    await api.checkDataCalls(BUCKET);
    await transfer(api);
    expect(seen()).toEqual([`${BUCKET}.oss-cn-hangzhou-internal.aliyuncs.com`]);
    expect(await api.endpoint(BUCKET)).toMatchObject({
      ...{ kind: 'internal', reason: 'the worker runs on ECS in cn-hangzhou' },
    });
  });

  test.each([
    ['not on ECS', elsewhere, 'the worker does not run on ECS'],
    [
      'in another region',
      onInstance('cn-beijing'),
      'the worker runs on ECS in cn-beijing, the bucket is in cn-hangzhou',
    ],
  ])('a worker %s → the public endpoint, with the reason', async (_, metadata, reason) => {
    const api = oss({ metadata });
    expect(await api.endpoint(BUCKET)).toEqual({ kind: 'public', host: 'oss-cn-hangzhou.aliyuncs.com', reason });
    await transfer(api);
    expect(seen()).toEqual([`${BUCKET}.oss-cn-hangzhou.aliyuncs.com`]);
  });

  test('an internal endpoint that cannot be reached → the public one, with the reason', async () => {
    const api = oss({ metadata: onInstance(REGION), address: 'http://127.0.0.1:1' });
    expect(await api.endpoint(BUCKET)).toEqual({
      ...{ kind: 'public', host: 'oss-cn-hangzhou.aliyuncs.com' },
      reason: 'oss-cn-hangzhou-internal.aliyuncs.com cannot be reached from this worker (ECONNREFUSED)',
    });
  });

  test('a bucket in the other place of a finance region → the internal host of that place', async () => {
    const region = 'cn-hangzhou-finance';
    cloud.world.buckets.put('money', { ...bucketRecord(), name: 'money', regionId: region, place: 'cn-hzfinance' });
    const api = oss({ region, metadata: onInstance(region) });
    expect((await api.getBucket('money')).region).toBe(region);
    hosts = [];
    await transfer(api, 'money');
    expect(seen()).toEqual(['money.oss-cn-hzfinance-internal.aliyuncs.com']);
  });

  test.each([
    ['cn-hangzhou-finance', 'oss-cn-hzfinance.aliyuncs.com', 'oss-cn-hzjbp-a-internal.aliyuncs.com'],
    [
      'cn-shanghai-finance-1',
      'oss-cn-shanghai-finance-1-pub.aliyuncs.com',
      'oss-cn-shanghai-finance-1-internal.aliyuncs.com',
    ],
    ['cn-shenzhen-finance-1', 'oss-cn-szfinance.aliyuncs.com', 'oss-cn-shenzhen-finance-1-internal.aliyuncs.com'],
    [
      'cn-beijing-finance-1',
      'oss-cn-beijing-finance-1-pub.aliyuncs.com',
      'oss-cn-beijing-finance-1-internal.aliyuncs.com',
    ],
    ['cn-north-2-gov-1', 'oss-cn-north-2-gov-1.aliyuncs.com', 'oss-cn-north-2-gov-1-internal.aliyuncs.com'],
  ])('%s → public %s, internal %s', async (region, atPublic, atInternal) => {
    expect((await oss({ region, choice: 'public' }).endpoint('b')).host).toBe(atPublic);
    expect((await oss({ region, choice: 'internal' }).endpoint('b')).host).toBe(atInternal);
  });
});

describe('The operator configures', () => {
  test('OSS_ENDPOINT → it replaces auto', async () => {
    await transfer(oss({ endpoint: address, metadata: onInstance(REGION) }));
    expect(seen()).toEqual([`${BUCKET}.oss-cn-hangzhou.aliyuncs.com`, address.replace('http://', '')]);
  });

  test('a custom domain of the bucket → used instead of OSS_ENDPOINT, and the bucket is only signed', async () => {
    forbidPublic();
    cloud.set({ customDomains: [{ domain: 'disks.example.com', bucket: BUCKET }] });
    const endpoints = { byBucket: { [BUCKET]: 'https://disks.example.com' } };
    const api = oss({ endpoint: address, endpoints });
    await api.checkDataCalls(BUCKET);
    expect((await api.getBucket(BUCKET)).region).toBe(REGION);
    await transfer(api);
    expect(seen()).toEqual(['disks.example.com']);
  });

  test('a pattern for a region → the custom domain of each bucket', async () => {
    cloud.set({ customDomains: [{ domain: `${BUCKET}.disks.example.com`, bucket: BUCKET }] });
    await transfer(oss({ endpoints: { byRegion: { [REGION]: 'https://{bucket}.disks.example.com' } } }));
    expect(seen()).toEqual([`${BUCKET}.disks.example.com`]);
  });

  test('an endpoint for a region → the bucket is a part of its host', async () => {
    const byRegion = { [REGION]: 'https://oss-cn-hangzhou-internal.aliyuncs.com', 'cn-beijing': 'https://other' };
    await transfer(oss({ endpoints: { byRegion } }));
    expect(seen()).toEqual([`${BUCKET}.oss-cn-hangzhou-internal.aliyuncs.com`]);
  });

  test('a domain that is bound to no bucket → attention, never taken for a bucket without the object', async () => {
    cloud.set({ customDomains: [] });
    const api = oss({ endpoints: { byBucket: { [BUCKET]: 'https://disks.example.com' } } });
    expect(await codeOf(api.getBucket(BUCKET))).toBe('Upload.DomainNotBound attention');
    expect(await codeOf(api.deleteObject(BUCKET, 'k'))).toBe('Upload.DomainNotBound attention');
    expect(await codeOf(api.readRange(BUCKET, 'k', 0, 1))).toBe('Upload.DomainNotBound attention');
  });
});

describe('An account that may not use public endpoints', () => {
  test('→ preflight and the first call of an upload get the same failure, and nothing is left', async () => {
    forbidPublic();
    const api = oss();
    expect(await codeOf(api.checkDataCalls(BUCKET))).toBe('PublicEndpointForbidden attention');
    expect(await codeOf(api.upload(uploadInput(BUCKET, 'k', Buffer.alloc(10))))).toBe(
      'PublicEndpointForbidden attention',
    );
    expect(await codeOf(api.listFolder(BUCKET, ''))).toBe('PublicEndpointForbidden attention');
    expect((await api.getBucket(BUCKET)).region).toBe(REGION);
    expect([...cloud.world.objects.values()]).toEqual([]);
  });

  test('whose other worker is on ECS in the region → continues the upload at the internal endpoint', async () => {
    const bytes = Buffer.alloc(300_000, 'y');
    const first = new AbortController();
    let uploadId = '';
    const input = uploadInput(BUCKET, 'k', bytes);
    const interrupted = oss({ settings: { partSize: 100_000, concurrentParts: 1, firstMs: 1 } }).upload({
      ...input,
      signal: first.signal,
      onUploadId: async (id) => {
        uploadId = id;
      },
      onPart: () => first.abort(new Error('killed')),
    });
    await expect(interrupted).rejects.toThrow('killed');
    forbidPublic();
    const result = await oss({ metadata: onInstance(REGION), settings: { partSize: 100_000 } }).upload({
      ...input,
      ...{ uploadId, isFirst: false },
    });
    expect(result.bytesSent).toBeLessThan(bytes.length);
    expect(seen()).toContain(`${BUCKET}.oss-cn-hangzhou-internal.aliyuncs.com`);
  });
});

describe('A CloudBox', () => {
  const ARN = 'arn:acs:cloudbox:cn-hangzhou:1000000000000001:cloudbox/cb-1';
  const access = { endpoint: 'auto', storageLocationArn: ARN } as const;
  const byCloudBox = { 'cb-1': 'https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com' };

  test('whose endpoint is configured → every call goes there, signed for the CloudBox', async () => {
    cloud.world.buckets.put('box', { ...bucketRecord(), name: 'box', cloudBoxId: 'cb-1' });
    const api = oss({ access, endpoints: { byCloudBox } });
    expect(await api.getBucket('box')).toMatchObject({ name: 'box', encryption: null });
    await transfer(api, 'box');
    expect(seen()).toEqual(['box.cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com']);
  });

  test('for a user with the policy of `policy --cloud-box` → allows every call; the one of the region allows none', async () => {
    cloud.world.buckets.put('box', { ...bucketRecord(), name: 'box', cloudBoxId: 'cb-1' });
    const as = (cloudBox: boolean) => {
      const features = { regions: [], copyTo: [], buckets: ['box'], role: 'skip', roleNames: [] } as const;
      const document = leastPolicy({ ...features, cloudBox, upload: true, share: false });
      const keys = cloud.makeUser(`user-${cloudBox}`, document);
      return oss({ access, endpoints: { byCloudBox }, credentials: async () => keys });
    };
    const api = as(true);
    await api.getBucket('box');
    expect(await api.getProtection('box')).toMatchObject({ versioning: 'off', retentionDays: 0 });
    await transfer(api, 'box');
    await api.tryUpload('box', 'k');
    await api.listFolder('box', 'k/');
    expect(await codeOf(as(false).getBucket('box'))).toMatch(/^AccessDenied/);
    expect(await codeOf(as(false).tryUpload('box', 'k'))).toMatch(/^AccessDenied/);
  });

  test('→ has only its own buckets, and the region only those outside of it', async () => {
    cloud.world.buckets.put('box', { ...bucketRecord(), name: 'box', cloudBoxId: 'cb-1' });
    expect(await codeOf(oss({ access, endpoints: { byCloudBox } }).getBucket(BUCKET))).toMatch(/^NoSuchBucket/);
    expect(await codeOf(oss().getBucket('box'))).toMatch(/^NoSuchBucket/);
  });

  test('without a configured endpoint → attention without a call, also with OSS_ENDPOINT', async () => {
    for (const endpoint of [undefined, address]) {
      const api = oss({ access, endpoint, endpoints: { byCloudBox: { 'cb-2': 'https://other' } } });
      expect(await codeOf(api.headObject('box', 'k'))).toBe('CloudBox.NoEndpoint attention');
      expect(await codeOf(api.readRange('box', 'k', 0, 1))).toBe('CloudBox.NoEndpoint attention');
    }
    expect(hosts).toEqual([]);
  });

  test('whose endpoint is OSS_ENDPOINT → used for this CloudBox', async () => {
    const endpoint = 'https://cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com';
    expect(await oss({ access, endpoint }).endpoint('box')).toMatchObject({ kind: 'cloudbox' });
  });
});

describe('The metadata service', () => {
  const url = () => `http://${cloud.address}`;

  test.each([false, true])('of an instance that requires a token: %s → its region', async (tokenRequired) => {
    cloud.set({ instance: { regionId: 'cn-beijing', tokenRequired } });
    expect(await createMetadata({ url: url() })()).toEqual({ kind: 'instance', regionId: 'cn-beijing' });
  });

  test('is asked once for all callers, never through a proxy', async () => {
    cloud.set({ instance: { regionId: 'cn-beijing' } });
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: 'http://127.0.0.1:1', http_proxy: 'http://127.0.0.1:1', NO_PROXY: '' });
    try {
      const metadata = createMetadata({ url: address });
      const answers = await Promise.all([metadata(), metadata()]);
      await metadata();
      expect(answers.map(({ kind }) => kind)).toEqual(['instance', 'instance']);
      expect(hosts).toHaveLength(2);
    } finally {
      process.env = before;
    }
  });

  test.each([
    ['refuses', () => 'http://127.0.0.1:1', /does not run on ECS: no metadata service \(ECONNREFUSED\)/],
    ['answers with something else', () => url(), /does not report the region|is not a region/],
  ])('%s → the reason', async (_, at, reason) => {
    expect(await createMetadata({ url: at() })()).toMatchObject({
      kind: 'none',
      reason: expect.stringMatching(reason),
    });
  });

  test('that does not answer → given up after 1 s, and asked again later', async () => {
    const silent = http.createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const place = silent.address();
    const at = `http://127.0.0.1:${typeof place === 'object' ? place?.port : ''}`;
    const metadata = createMetadata({ url: at, absentForMs: 0 });
    expect(await metadata()).toMatchObject({
      reason: expect.stringContaining('no answer of the metadata service within 1 s'),
    });
    silent.closeAllConnections();
    silent.close();
    expect(await metadata()).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
  });

  test('that is disabled → not asked', async () => {
    expect(await createMetadata({ url: address, disabled: true })()).toMatchObject({ kind: 'none' });
    expect(hosts).toEqual([]);
  });
});

function bucketRecord() {
  const record = cloud.world.buckets.get(BUCKET);
  if (record === undefined) throw new Error('no bucket');
  return record;
}
