/** `up --emulator` with free ports and buckets, and `up` with a server that does not serve. */
import { once } from 'node:events';
import http2 from 'node:http2';
import path from 'node:path';
import { createInterface } from 'node:readline';
import OSS from 'ali-oss';
import { afterAll, expect, test } from 'vitest';
import { run, start, temporaryFolder } from '../support/cli/run-cli.js';

const folder = temporaryFolder();
afterAll(() => folder.remove());

test('port 0 and a bucket → free ports are chosen and printed, and the bucket exists', async () => {
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
  } finally {
    child.kill('SIGINT');
    await once(child, 'exit');
  }
});

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
