import { DescribeTasksRequest } from '@alicloud/ecs20140526';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readCommandLine } from '../../emulator/command-line.js';
import { BUCKET, importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { exchange, send, tags } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startReadyCloud(Buffer.alloc(1_048_576), { importSeconds: 3600 });
});

beforeEach(() => cloud.world.journal.clear());

afterAll(() => cloud.close());

async function control(method: string, path: string, body?: unknown) {
  const bytes = body === undefined ? {} : { body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
  const { status, text } = await exchange(cloud, { method, path: `/_emulator/${path}`, ...bytes });
  expect(text.trimEnd().split('\n')).toHaveLength(1);
  return { status, body: JSON.parse(text) };
}

describe('The control API', () => {
  test('returns images, tasks, objects, uploads, buckets and roles from state', async () => {
    const { body } = await cloud.ecs().importImage(importRequest());
    const upload = await send(cloud, { method: 'POST', key: 'big', query: { uploads: '' } });
    const [uploadId = ''] = tags(upload.text, 'UploadId');
    await send(cloud, { method: 'PUT', key: 'big', query: { uploadId, partNumber: '1' }, body: 'part' });
    const state = (await control('GET', 'state')).body;
    expect(state).toMatchObject({
      images: [{ imageId: body?.imageId, imageName: 'web-01', status: 'Creating', regionId: REGION }],
      tasks: [{ taskId: body?.taskId, status: 'Processing', action: 'ImportImage' }],
      objects: [{ bucket: BUCKET, key: 'web-01.raw', size: 1_048_576 }],
      uploads: [{ bucket: BUCKET, key: 'big', uploadId, parts: 1, bytes: 4 }],
      buckets: [{ name: BUCKET, regionId: REGION }],
    });
    expect(state.roles[0]).toMatchObject({
      roleName: 'AliyunECSImageImportDefaultRole',
      policies: [{ policyType: 'System', policyName: 'AliyunECSImageImportRolePolicy' }],
    });
  });

  test('records every call in the journal, without secrets', async () => {
    await send(cloud, { method: 'PUT', key: 'o', body: 'bytes' });
    await send(cloud, { method: 'GET', key: 'none' });
    await cloud.ecs().describeTasks(new DescribeTasksRequest({ regionId: REGION }));
    const { calls, counts } = (await control('GET', 'calls')).body;
    expect(calls).toMatchObject([
      {
        service: 'oss',
        action: 'PutObject',
        outcome: 'ok',
        status: 200,
        bytes: 5,
        params: { bucket: BUCKET, key: 'o' },
      },
      { service: 'oss', action: 'GetObject', outcome: 'error', status: 404, code: 'NoSuchKey' },
      { service: 'ecs', action: 'DescribeTasks', outcome: 'ok', clientToken: null, accessKeyId: 'emulator' },
    ]);
    expect(counts).toEqual({ 'oss.PutObject': 1, 'oss.GetObject': 1, 'ecs.DescribeTasks': 1 });
    expect(JSON.stringify(calls)).not.toMatch(/secret|Signature/i);
    const some = await control('GET', `calls?service=oss&after=${calls[0].seq}`);
    expect(some.body.calls).toHaveLength(1);
  });

  test('changes a valid setting, and names an invalid one with status 400', async () => {
    expect((await control('POST', 'settings', { copySeconds: 7 })).body).toMatchObject({ copySeconds: 7 });
    expect((await control('GET', 'settings')).body).toMatchObject({ copySeconds: 7 });
    for (const [change, invalid] of [
      [{ copySecond: 7 }, 'copySecond'],
      [{ copySeconds: 'soon' }, 'copySeconds'],
      [{ signature: 'maybe' }, 'signature'],
      [{ rateLimits: [{ service: 'oss' }] }, 'rateLimits'],
      [[], 'object'],
    ] as const) {
      const { status, body } = await control('POST', 'settings', change);
      expect([status, body.error]).toEqual([400, expect.stringContaining(invalid)]);
    }
  });

  test('removes all records, faults and files and restores the initial settings on reset', async () => {
    await control('POST', 'settings', { copySeconds: 9 });
    await send(cloud, { method: 'PUT', bucket: 'another' });
    await control('POST', 'faults', { kind: 'hang', service: 'oss' });
    await control('POST', 'reset');
    const { body } = await control('GET', 'state');
    expect(body).toMatchObject({ images: [], tasks: [], objects: [], uploads: [], roles: [], buckets: [] });
    expect(body.settings).toMatchObject({ copySeconds: 3, importSeconds: 3600 });
    expect((await control('GET', 'faults')).body).toEqual({ faults: [] });
    expect(cloud.world.blobs.files()).toEqual([]);
  });

  test.each([
    ['GET', 'nothing', undefined, 404],
    ['POST', 'state', undefined, 405],
    ['POST', 'settings', '{"copySeconds":', 400],
    ['GET', 'calls?after=x', undefined, 400],
  ])('answers %s %s with an error of one line', async (method, path, body, status) => {
    const answer = await control(method, path, body);
    expect(answer.status).toBe(status);
    expect(answer.body).toEqual({ error: expect.stringMatching(/^[^\n]{8,}$/) });
  });
});

describe('a request of a web page', () => {
  const post = async (headers: Readonly<Record<string, string>>) => {
    const { status, text } = await exchange(cloud, { method: 'POST', path: '/_emulator/settings', headers });
    return { status, error: JSON.parse(text).error };
  };

  test.each([
    { host: 'rebound.example.com' },
    { host: 'rebound.example.com:8080' },
    { host: '127.0.0.1.example.com' },
    { host: 'notlocalhost' },
    { origin: 'https://example.com' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ])('with %o → 403, and nothing changes', async (headers) => {
    expect(await post(headers)).toEqual({ status: 403, error: expect.stringContaining('the control API accepts') });
  });

  test.each(['localhost', 'LOCALHOST:1', 'emulator.localhost', '127.0.0.1:80', '[::1]:80'])(
    'a program that uses the address %s → 200',
    async (host) => {
      expect((await post({ host })).status).toBe(200);
    },
  );
});

describe('GET /_emulator/coverage', () => {
  test('lists emulated actions; a call of another action returns an error that names it', async () => {
    const { body } = await control('GET', 'coverage');
    const [ecs] = body.rpc;
    expect(ecs).toMatchObject({ service: 'ecs', version: '2014-05-26' });
    const actions = ecs.emulated.map(({ action }: { action: string }) => action);
    expect(actions).toEqual(expect.arrayContaining(['ImportImage', 'DescribeTasks', 'CopyImage']));
    expect(actions).not.toContain('RunInstances');
    expect(body.oss.emulated).toContainEqual({ action: 'UploadPart' });
    expect(body.oss.notEmulated).toContain('?tagging');

    cloud.set({ signature: 'off' });
    for (const [action, version] of [
      ['RunInstances', '2014-05-26'],
      ['DescribeDisks', '2099-01-01'],
    ] as const) {
      const headers = { 'x-acs-action': action, 'x-acs-version': version };
      const { status, text } = await exchange(cloud, { method: 'POST', path: '/', headers });
      expect(status).toBe(version.startsWith('2014') ? 404 : 400);
      expect(text).toContain(version.startsWith('2014') ? action : version);
    }
  });
});

describe('The command line', () => {
  test('accepts port, data folder, buckets, access keys and accounts', () => {
    const args = [
      '--port',
      '80',
      '--data',
      'd',
      '--bucket',
      'one@cn-hangzhou',
      '--bucket',
      'two@cn-beijing',
      '--access-key',
      'a:b:c',
      '--account',
      '2000000000000002',
    ];
    expect(readCommandLine(args)).toEqual({
      ...{ help: false, port: 80, host: '127.0.0.1', tls: false },
      world: {
        data: 'd',
        buckets: [
          { name: 'one', region: 'cn-hangzhou' },
          { name: 'two', region: 'cn-beijing' },
        ],
        accessKeys: [{ id: 'a', secret: 'b:c' }],
        accounts: [{ id: '2000000000000002' }],
      },
    });
  });

  test.each([
    [['--port', '99999'], '--port must be'],
    [['--bucket', 'name'], 'NAME@REGION'],
    [['--bucket', 'name@'], 'NAME@REGION'],
    [['--bucket', 'b1@cn-hangzhou'], '"b1@cn-hangzhou": the name of a bucket must be 3 to 63'],
    [['--bucket', 'Images@cn-hangzhou'], 'lower-case'],
    [['--access-key', 'only-the-id'], 'ID:SECRET'],
    [['--porta', '1'], '--porta'],
    [['stray'], 'stray'],
  ])('rejects %j with a message that contains %j', (args, text) => {
    expect(() => readCommandLine(args)).toThrow(text);
  });

  test('omits an invalid access key from the error, because it may contain a secret', () => {
    expect(() => readCommandLine(['--access-key', ':my-secret'])).toThrow(/^(?!.*my-secret)/);
  });
});
