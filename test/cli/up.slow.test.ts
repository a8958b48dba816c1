/** `up --emulator` with free ports and buckets, and `up` with a server that does not serve. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import path from 'node:path';
import { createInterface } from 'node:readline';
import OSS from 'ali-oss';
import { afterAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { run, start, temporaryFolder } from '../support/cli/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

test('port 0 and a bucket → free ports are printed, the bucket exists, and files outside the folder are not read', async () => {
  const ports = ['--port', '0', '--emulator-port', '0'];
  const child = start([
    'up',
    '--emulator',
    ...ports,
    '--bucket',
    'images@cn-hangzhou',
    '--data',
    path.join(folder.path, 'up'),
  ]);
  const found: Record<string, string> = {};
  if (child.stdout === null) throw new Error('no output to read');
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = '', url = ''] = line.split(' ');
    found[name] = url;
    if (name === 'ready') break;
  }
  try {
    expect(found.ready).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d+$/);
    expect((await fetch(`${found.ready}/readyz`)).status).toBe(200);
    const keys = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
    const place = { endpoint: found.emulator ?? '', sldEnable: true, region: 'oss-cn-hangzhou', authorizationV4: true };
    const { bucket } = await new OSS({ ...keys, ...place }).getBucketInfo('images');
    expect(bucket).toMatchObject({ Name: 'images', Location: 'oss-cn-hangzhou' });
    await readsNothingOf(found.ready ?? '', ['/etc/shadow', '/proc/self/environ', '/etc/../etc/passwd']);
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
});

/** By the API, whatever the request asks for, and by the command line. */
async function readsNothingOf(api: string, files: readonly string[]): Promise<void> {
  const token = readFileSync(path.join(folder.path, 'up', 'api-token'), 'utf8').trim();
  const send = async (route: string, body?: object) => {
    const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    return z.record(z.string(), z.unknown()).parse(await (await fetch(`${api}${route}`, { ...init, headers })).json());
  };
  for (const [index, file] of [...files, path.join(folder.path, 'up', 'api-token')].entries()) {
    const source = `file://${file}`;
    expect(await send('/v1/inspections', { source })).toMatchObject({ code: 'Source.OutsideRoots' });
    // One shows that an import is treated as an inspection is.
    if (index > 0) continue;
    const { id } = await send('/v1/imports', {
      ...{ region: 'cn-hangzhou', imageName: 'a-file', upload: { bucket: 'images' } },
      ...{ disks: [{ source, format: 'RAW' }], inspection: { failOn: 'never' } },
    });
    const ended = async () => expect(await send(`/v1/imports/${String(id)}`)).toMatchObject({ state: 'failed' });
    await vi.waitFor(ended, { timeout: 30_000, interval: 100 });
    expect(await send(`/v1/imports/${String(id)}`)).toMatchObject({ error: { code: 'Source.OutsideRoots' } });
  }
  const options = ['--region', 'cn-hangzhou', '--bucket', 'images', '--name', 'file', '--api', api];
  const ran = await run(['import', '/etc/shadow', ...options], { ECS_IMPORT_API_TOKEN: token });
  expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining('--images DIR') });
}

test('a bucket without the emulator → wrong usage', async () => {
  const ran = await run(['up', '--bucket', 'images@cn-hangzhou', '--data', path.join(folder.path, 'usage')]);
  expect(ran).toMatchObject({ code: 2, stdout: '' });
  expect(ran.stderr).toContain('add --emulator');
});

test('an unknown namespace → reported at once, retries for a bounded time, and starts nothing', async () => {
  const temporal = http2.createServer();
  const sessions = new Set<http2.ServerHttp2Session>();
  temporal.on('session', (session) => sessions.add(session));
  temporal.on('stream', (stream) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '5' }, { endStream: true });
  });
  temporal.listen(0, '127.0.0.1');
  await once(temporal, 'listening');
  const address = temporal.address();
  const TEMPORAL_ADDRESS = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const env = { TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE: 'unknown' };
  const ran = await run(['up', '--data', path.join(folder.path, 'namespace')], env);
  for (const session of sessions) session.destroy();
  temporal.close();
  expect(ran.code).toBe(1);
  const [first, ...others] = ran.stderr.trim().split('\n');
  expect(first).toMatch(/has no namespace unknown: create it .*\. Trying again for 10 s$/);
  expect(others).toEqual([
    expect.stringMatching(/has no namespace unknown: create it .* or correct TEMPORAL_NAMESPACE$/),
  ]);
});
