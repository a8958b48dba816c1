/** Every request that leaves this service, through a real forward proxy: its way, its User-Agent, its failures. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clockSkewMs } from '../../alibaba/clock.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { createAgents } from '../../network/agents.js';
import { proxiesFromEnvironment } from '../../network/proxy-rules.js';
import { USER_AGENT } from '../../network/user-agent.js';
import { probeHttp } from '../../sources/http-probe.js';
import { httpReader } from '../../sources/http-ranges.js';
import { createHttpClient } from '../../sources/http-request.js';
import { readPiece } from '../../sources/source.js';
import { type Recorder, startRecorder } from '../support/alibaba/oss-recorder.js';
import { type ForwardProxy, startForwardProxy } from '../support/network/forward-proxy.js';
import { type RangeServer, startRangeServer } from '../support/sources/range-server.js';
import { makeCertificates } from '../support/temporal/certificates.js';

const bytes = randomBytes(300_000);
const { signal } = new AbortController();
const QUICK = { maxFailures: 1, firstWaitMs: 1, maxWaitMs: 1 };
const LOGIN = { url: 'user:s3cr%20et', header: `Basic ${Buffer.from('user:s3cr et').toString('base64')}` };

let proxy: ForwardProxy;
let web: RangeServer;
const before = { ...process.env };

beforeAll(async () => {
  proxy = await startForwardProxy();
  const address = `http://${LOGIN.url}@127.0.0.1:${proxy.port}`;
  Object.assign(process.env, { HTTP_PROXY: address, HTTPS_PROXY: address, NO_PROXY: 'direct.example' });
});

afterAll(async () => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY']) {
    if (before[name] === undefined) delete process.env[name];
    else process.env[name] = before[name];
  }
  await proxy.close();
});

beforeEach(async () => {
  web = await startRangeServer(bytes);
  Object.assign(proxy, { login: LOGIN.header, refuses: null });
  proxy.requests.length = 0;
  proxy.userAgents.length = 0;
  proxy.targets.clear();
  proxy.targets.set('images.example', Number(web.url.port));
});

afterEach(async () => {
  await web.close();
});

async function withClient<Result>(run: (client: ReturnType<typeof createHttpClient>) => Promise<Result>) {
  const client = createHttpClient({ hosts: [], addresses: [], stallMs: 2_000, limits: QUICK });
  return await run(client).finally(() => client.close());
}

describe('a source', () => {
  test('over http → through the proxy, in ranges, with the User-Agent of this service', async () => {
    await withClient(async (client) => {
      const facts = await probeHttp(client, new URL('http://images.example/disk.raw'), signal);
      const reader = httpReader(client, { ...facts, size: facts.size ?? 0 });
      expect((await readPiece(reader, 1000, 200_000, signal)).equals(bytes.subarray(1000, 201_000))).toBe(true);
    });
    expect(new Set(proxy.requests)).toEqual(new Set(['GET http://images.example/disk.raw']));
    expect(new Set(proxy.userAgents)).toEqual(new Set([USER_AGENT]));
    expect(USER_AGENT).toMatch(/^ecs-image-import\/\d+\.\d+\.\d+/);
  });

  test.each(['http://127.0.0.1/', 'http://169.254.169.254/', 'http://localhost/', 'http://100.100.100.200/'])(
    '%s, which imports must not reach → refused also with a proxy',
    async (url) => {
      await withClient(async (client) => {
        await expect(probeHttp(client, new URL(url), signal)).rejects.toMatchObject({
          failure: { code: 'Source.AddressNotAllowed' },
        });
      });
      expect(proxy.requests).toEqual([]);
    },
  );

  test.each([
    [407, 'Source.ProxyRefused', 'attention'],
    [403, 'Source.ProxyRefused', 'attention'],
    [503, 'Source.Unreachable', 'transient'],
  ])('over https, where the proxy answers CONNECT with %i → %s, without the password', async (status, code, kind) => {
    proxy.refuses = status;
    await withClient(async (client) => {
      const failed = probeHttp(client, new URL('https://images.example/disk.raw'), signal);
      const error: unknown = await failed.catch((reason: unknown) => reason);
      expect(error).toMatchObject({ failure: { code, class: kind, message: expect.stringContaining('proxy') } });
      expect(JSON.stringify(error)).not.toContain('s3cr');
    });
    expect(proxy.requests).toEqual(['CONNECT images.example:443']);
  });
});

test('https through a tunnel → the certificate of the target is checked', async () => {
  const certificates = makeCertificates();
  const [ca, cert, key] = [certificates.authority.cert, certificates.server.cert, certificates.server.key].map((file) =>
    readFileSync(file),
  );
  const target = https.createServer({ cert, key }, (_request, response) => response.end('hello'));
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve));
  proxy.targets.set('temporal.test', (target.address() as AddressInfo).port);
  const agents = createAgents();
  const get = (trusted: object) =>
    new Promise<string>((resolve, reject) => {
      const call = https.get('https://temporal.test/', { agent: agents.https, ...trusted }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      });
      call.on('error', reject);
    });
  try {
    expect(await get({ ca })).toBe('hello');
    await expect(get({})).rejects.toMatchObject({ code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO/) });
    expect(proxy.requests).toContain('CONNECT temporal.test:443');
  } finally {
    certificates.remove();
    agents.destroy();
    target.closeAllConnections();
    await new Promise((resolve) => target.close(resolve));
  }
});

describe('calls to the cloud', () => {
  let bucket: Recorder;
  const credentials = staticCredentials({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' });

  beforeEach(async () => {
    bucket = await startRecorder();
    for (const name of ['ecs.example', 'oss.example', 'images.oss.example']) {
      proxy.targets.set(name, Number(new URL(bucket.endpoint).port));
    }
  });

  afterEach(async () => {
    await bucket.close();
  });

  test('→ ECS, RAM, STS, OSS and its data path go through the proxy, with the User-Agent of this service', async () => {
    const [ecs, oss] = ['http://ecs.example', 'http://oss.example'];
    const cloud = createCloud({ endpoints: { ecs, ram: ecs, sts: ecs, oss }, credentials, timeoutMs: 2_000 });
    bucket.objects.set('disk.raw', bytes);
    const region = 'cn-hangzhou';
    // The server behind the proxy knows none of these calls: only their way there matters.
    await Promise.allSettled([
      cloud.oss(region).headObject('images', 'disk.raw'),
      cloud.oss(region).readRange('images', 'disk.raw', 0, 10),
      cloud.ecs(region).describeRegions(),
      cloud.sts.getCallerIdentity(),
    ]);
    await clockSkewMs(ecs, 'cn-hangzhou');
    expect(proxy.requests.some((request) => request.startsWith('HEAD http://images.oss.example/disk.raw'))).toBe(true);
    expect(proxy.requests.some((request) => request.startsWith('GET http://images.oss.example/disk.raw'))).toBe(true);
    expect(proxy.requests.filter((request) => request.includes('http://ecs.example/')).length).toBeGreaterThan(2);
    expect(proxy.userAgents.every((agent) => agent?.includes(USER_AGENT))).toBe(true);
  });

  test('over https, where the proxy requires another login → ProxyRefused, which requires action', async () => {
    proxy.login = 'Basic other';
    const endpoint = 'https://ecs.example';
    const cloud = createCloud({
      endpoints: { ecs: endpoint, ram: endpoint, sts: endpoint, oss: 'https://oss.example' },
      ...{ credentials, timeoutMs: 2_000 },
    });
    const refused = { failure: { code: 'ProxyRefused', class: 'attention' } };
    await expect(cloud.sts.getCallerIdentity()).rejects.toMatchObject(refused);
    await expect(cloud.ecs('cn-hangzhou').describeRegions()).rejects.toMatchObject(refused);
    await expect(cloud.oss('cn-hangzhou').headObject('images', 'disk.raw')).rejects.toMatchObject(refused);
    await expect(cloud.oss('cn-hangzhou').readRange('images', 'disk.raw', 0, 10)).rejects.toMatchObject(refused);
  });
});

test('a proxy that is away → the failure names the proxy', async () => {
  const proxyFor = proxiesFromEnvironment({ HTTP_PROXY: 'http://user:secret@127.0.0.1:1' });
  const client = createHttpClient({ ...{ hosts: [], addresses: [], stallMs: 2_000, limits: QUICK }, proxyFor });
  const error: unknown = await probeHttp(client, new URL('http://images.example/'), signal).catch((reason) => reason);
  client.close();
  expect(error).toMatchObject({
    failure: {
      code: 'Source.Unreachable',
      message: expect.stringContaining('the proxy 127.0.0.1:1 cannot be reached'),
    },
  });
  expect(JSON.stringify(error)).not.toContain('secret');
});
