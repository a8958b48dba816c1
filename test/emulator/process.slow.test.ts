import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import Ecs, { DescribeImagesRequest, ImportImageRequest } from '@alicloud/ecs20140526';
import { $OpenApiUtil } from '@alicloud/openapi-core';
import OSS from 'ali-oss';
import { afterEach, describe, expect, test } from 'vitest';
import { encodePath, queryString, signV4 } from '../../alibaba/oss-signature.js';

const MAIN = path.resolve(import.meta.dirname, '../../dist/emulator/main.js');
const KEYS = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
const REGION = 'cn-hangzhou';
const BUCKET = 'images';

const running = new Set<ChildProcess>();
const folders: string[] = [];

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Emulator {
  readonly child: ChildProcess;
  readonly port: number;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
}

function launch(args: readonly string[]): Omit<Emulator, 'port'> {
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  }
  const ended = once(child, 'close').then(() => {
    running.delete(child);
    return child.exitCode;
  });
  return { child, output: () => text, ended };
}

async function start(...args: readonly string[]): Promise<Emulator> {
  const emulator = launch(args);
  await Promise.race([
    expect.poll(emulator.output, { timeout: 120_000 }).toMatch(/^ready http:\/\/127\.0\.0\.1:\d+$/m),
    emulator.ended.then(() => Promise.reject(new Error(emulator.output()))),
  ]);
  return { ...emulator, port: Number(/:(\d+)$/m.exec(emulator.output())?.[1]) };
}

function folder(): string {
  const created = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
  folders.push(created);
  return created;
}

function ossOf({ port }: Emulator): OSS {
  const target = { endpoint: `http://127.0.0.1:${port}`, sldEnable: true, bucket: BUCKET, region: `oss-${REGION}` };
  return new OSS({ ...KEYS, ...target, ...{ authorizationV4: true, timeout: 20_000 } });
}

function ecsOf({ port }: Emulator): Ecs.default {
  const target = { endpoint: `127.0.0.1:${port}`, protocol: 'HTTP', regionId: REGION };
  return new Ecs.default(new $OpenApiUtil.Config({ ...KEYS, ...target, readTimeout: 20_000, connectTimeout: 20_000 }));
}

async function control<T = unknown>(port: number, route: string, body?: unknown): Promise<T> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  const answer = await fetch(`http://127.0.0.1:${port}/_emulator/${route}`, init);
  return JSON.parse(await answer.text());
}

interface State {
  readonly settings: object;
  readonly uploads: readonly object[];
  readonly objects: readonly { readonly key: string }[];
}

test('keeps every acknowledged change after SIGKILL and a restart with the same folder', async () => {
  const data = folder();
  const args = ['--data', data, '--bucket', `${BUCKET}@${REGION}`];
  const first = await start(...args);
  await control(first.port, 'settings', { signature: 'off', importSeconds: 0.1 });
  const oss = ossOf(first);
  const { uploadId } = await oss.initMultipartUpload('parts');
  await oss.uploadPart('parts', uploadId, 1, MAIN, 0, 1000);

  // Clients upload objects until the emulator is killed, and record each acknowledged upload.
  const acknowledged: string[] = [];
  const clients = [0, 1, 2, 3].map(async (client) => {
    for (let at = 0; ; at += 1) {
      const key = `o-${client}-${at}`;
      try {
        await oss.put(key, Buffer.from(key.repeat(5000)));
        acknowledged.push(key);
        if (at % 3 === 0) await oss.delete(`o-${client}-${at - 1}`);
      } catch {
        return;
      }
    }
  });
  await expect.poll(() => acknowledged.length, { timeout: 120_000 }).toBeGreaterThan(40);
  first.child.kill('SIGKILL');
  await Promise.all(clients);

  const second = await start(...args);
  const again = ossOf(second);
  const state = await control<State>(second.port, 'state');
  expect(state.settings).toMatchObject({ signature: 'off', importSeconds: 0.1 });
  expect(state.uploads).toMatchObject([{ key: 'parts', uploadId, parts: 1, bytes: 1000 }]);
  const stored = new Set(state.objects.map(({ key }) => key));
  const deleted = (key: string) => Number(key.split('-')[2]) % 3 === 2;
  expect(acknowledged.filter((key) => !deleted(key) && !stored.has(key))).toEqual([]);
  for (const key of stored) {
    const { content } = await again.get(key);
    expect(content.toString()).toBe(key.repeat(5000));
  }
});

test('finishes an import that was running at SIGKILL after a restart', async () => {
  const data = folder();
  const args = ['--data', data, '--bucket', `${BUCKET}@${REGION}`];
  const first = await start(...args);
  await control(first.port, 'settings', { importSeconds: 1 });
  await ossOf(first).put('disk.raw', Buffer.alloc(1_048_576));
  await control(first.port, 'settings', { signature: 'off' });
  const trust = {
    Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: ['ecs.aliyuncs.com'] } }],
    Version: '1',
  };
  const roleName = 'AliyunECSImageImportDefaultRole';
  const ram = (action: string, params: Record<string, string>) =>
    fetch(`http://127.0.0.1:${first.port}/?${new URLSearchParams(params)}`, {
      ...{ method: 'POST', headers: { 'x-acs-version': '2015-05-01', 'x-acs-action': action } },
    });
  await ram('CreateRole', { RoleName: roleName, AssumeRolePolicyDocument: JSON.stringify(trust) });
  const policy = { PolicyType: 'System', PolicyName: 'AliyunECSImageImportRolePolicy' };
  await ram('AttachPolicyToRole', { RoleName: roleName, ...policy });
  const request = new ImportImageRequest({
    ...{ regionId: REGION, imageName: 'web-01', clientToken: 'token-1' },
    diskDeviceMapping: [{ OSSBucket: BUCKET, OSSObject: 'disk.raw' }],
  });
  const created = await ecsOf(first).importImage(request);
  first.child.kill('SIGKILL');
  await first.ended;

  const second = await start(...args);
  const again = await ecsOf(second).importImage(request);
  expect(again.body?.imageId).toBe(created.body?.imageId);
  const status = async () => {
    const { body } = await ecsOf(second).describeImages(
      new DescribeImagesRequest({ regionId: REGION, imageId: created.body?.imageId, status: 'ALL' }),
    );
    return body?.images?.image?.map((image) => image.status);
  };
  await expect.poll(status, { timeout: 120_000 }).toEqual(['Available']);
});

test('receives a large upload in bounded memory', async () => {
  const emulator = await start('--data', folder(), '--bucket', `${BUCKET}@${REGION}`);
  const oss = ossOf(emulator);
  const { uploadId } = await oss.initMultipartUpload('big');
  const residentKib = () => Number(execFileSync('ps', ['-o', 'rss=', '-p', String(emulator.child.pid)]).toString());
  await putZeros(emulator.port, uploadId, 1, 64 * 1024 ** 2);
  const before = residentKib();
  let peak = 0;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentKib());
  }, 100);
  for (const number of [2, 3]) await putZeros(emulator.port, uploadId, number, 160 * 1024 ** 2);
  clearInterval(watch);
  expect(peak - before).toBeLessThan(64 * 1024);
});

/** Uploads one part of zeros, generated while it is sent. */
async function putZeros(port: number, uploadId: string, number: number, length: number): Promise<void> {
  const query = { partNumber: String(number), uploadId };
  const signed = { method: 'PUT', bucket: BUCKET, key: 'big', query, headers: { 'content-length': String(length) } };
  const target = `${encodePath(`/${BUCKET}/big`)}?${queryString(query)}`;
  const headers = signV4(signed, KEYS, REGION, new Date());
  const request = http.request({ host: '127.0.0.1', port, method: 'PUT', path: target, headers, agent: false });
  const responded = once(request, 'response');
  const chunk = Buffer.alloc(1_048_576);
  for (let sent = 0; sent < length; sent += chunk.length) {
    if (!request.write(chunk)) await once(request, 'drain');
  }
  request.end();
  const [response] = await responded;
  response.resume();
  expect(response.statusCode).toBe(200);
}

test('exits with code 2 and one line if the port is in use', async () => {
  const other = net.createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const emulator = launch(['--port', String(port)]);
  expect(await emulator.ended).toBe(2);
  expect(emulator.output()).toBe(`emulator: port ${port} of 127.0.0.1 is in use; set another port with --port\n`);
  other.close();
});

test('rejects the folder of a running emulator, and accepts the folder of a killed one', async () => {
  const data = folder();
  const first = await start('--data', data);
  const second = launch(['--data', data]);
  expect(await second.ended).toBe(2);
  expect(second.output()).toMatch(/^emulator: cannot use .*process id \d+ uses this folder.*\n$/);
  first.child.kill('SIGKILL');
  await first.ended;
  const third = await start('--data', data);
  expect(third.port).toBeGreaterThan(0);
});

test('on SIGTERM finishes running responses, closes hanging connections and exits with 0', async () => {
  const emulator = await start('--bucket', `${BUCKET}@${REGION}`);
  await control(emulator.port, 'faults', { service: 'oss', action: 'HeadObject', kind: 'hang' });
  await control(emulator.port, 'faults', { service: 'oss', action: 'PutObject', kind: 'slow', delayMs: 300 });
  const hanging = ossOf(emulator)
    .head('o')
    .then(
      () => 'response',
      () => 'error',
    );
  const slow = ossOf(emulator).put('o', Buffer.from('bytes'));
  const hits = async () => {
    const { faults } = await control<{ faults: readonly { hits: number }[] }>(emulator.port, 'faults');
    return faults.map((fault) => fault.hits);
  };
  await expect.poll(hits, { timeout: 120_000 }).toEqual([1, 1]);
  emulator.child.kill('SIGTERM');
  expect((await slow).res.status).toBe(200);
  expect(await hanging).toBe('error');
  expect(await emulator.ended).toBe(0);
});

test('--help prints the options', async () => {
  const emulator = launch(['--help']);
  expect(await emulator.ended).toBe(0);
  for (const option of ['--port', '--data', '--bucket', '--access-key']) expect(emulator.output()).toContain(option);
});

describe('with --tls', () => {
  const CALLS = `
    const [{ createCloud }, { staticCredentials }] = await Promise.all(
      ['create-cloud', 'credentials'].map((name) => import(process.env.DIST + '/alibaba/' + name + '.js')),
    );
    const url = process.env.CLOUD;
    const endpoints = { ecs: url, ram: url, sts: url, oss: url };
    const credentials = staticCredentials({ accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' });
    const cloud = createCloud({ endpoints, credentials, timeoutMs: 10_000 });
    const { accountId } = await cloud.sts.getCallerIdentity();
    const { region } = await cloud.oss('${REGION}').getBucket('${BUCKET}');
    await cloud.oss('${REGION}').tryUpload('${BUCKET}', 'probe');
    const images = await cloud.ecs('${REGION}').describeImages({ imageIds: ['m-1'] });
    console.log(JSON.stringify({ accountId, region, images }));
  `;

  test('this service works against it if it trusts the certificate, and not otherwise', async () => {
    const { output, ended } = launch(['--tls', '--bucket', `${BUCKET}@${REGION}`]);
    await Promise.race([
      expect.poll(output, { timeout: 120_000 }).toMatch(/^ready https:\/\/127\.0\.0\.1:\d+$/m),
      ended.then(() => Promise.reject(new Error(output()))),
    ]);
    const [, certificate = ''] = /^certificate (.+)$/m.exec(output()) ?? [];
    const [, address = ''] = /^ready (.+)$/m.exec(output()) ?? [];
    const call = (more: NodeJS.ProcessEnv) => {
      const env = { ...process.env, DIST: path.resolve(MAIN, '../..'), CLOUD: address, ...more };
      const options = { env, encoding: 'utf8', stdio: 'pipe' } as const;
      return execFileSync(process.execPath, ['--input-type=module', '-e', CALLS], options);
    };
    expect(JSON.parse(call({ NODE_EXTRA_CA_CERTS: certificate }))).toEqual({
      ...{ accountId: '1000000000000001', region: REGION, images: [] },
    });
    expect(() => call({ NODE_EXTRA_CA_CERTS: '' })).toThrow('DEPTH_ZERO_SELF_SIGNED_CERT');
  });
});
