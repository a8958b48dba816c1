import { CopyImageRequest, DescribeRegionsRequest } from '@alicloud/ecs20140526';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, importRequest, type LocalCloud, startReadyCloud } from '../support/emulator/local-cloud.js';
import { exchange, send, tags } from '../support/emulator/oss-clients.js';

let cloud: LocalCloud;

beforeAll(async () => {
  cloud = await startReadyCloud(Buffer.alloc(1_048_576));
});

beforeEach(() => {
  cloud.world.faults.clear();
  cloud.world.journal.clear();
  cloud.set({ importSeconds: 0 });
});

afterAll(() => cloud.close());

async function inject(fault: Record<string, unknown>): Promise<void> {
  const body = Buffer.from(JSON.stringify(fault));
  const answer = await exchange(cloud, { method: 'POST', path: '/_emulator/faults', body });
  if (answer.status !== 200) throw new Error(answer.text);
}

const put = (key: string, body: Buffer | string = 'bytes') => send(cloud, { method: 'PUT', key, body });
const exists = async (key: string) => (await send(cloud, { method: 'HEAD', key })).status === 200;
const outcomes = (action: string) => cloud.world.journal.read({ action }).calls.map(({ outcome }) => outcome);
const imageNames = () => [...cloud.world.images.values()].map(({ imageName }) => imageName);
const CONNECTION_RESET = { code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) };

/** Waits until the emulator has received the call, then checks for 50 ms that no response arrives. */
async function expectNoResponse(action: string, call: Promise<unknown>): Promise<void> {
  const settled = call.then(
    () => 'response',
    () => 'error',
  );
  await expect.poll(() => outcomes(action)).toHaveLength(1);
  expect(await Promise.race([settled, new Promise((resolve) => setTimeout(resolve, 50, 'pending'))])).toBe('pending');
}

describe('A fault in a call of OSS', () => {
  test('reset-before: resets the connection and does not execute the call', async () => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'reset-before' });
    await expect(put('a')).rejects.toMatchObject(CONNECTION_RESET);
    expect(await exists('a')).toBe(false);
    expect((await put('a')).status).toBe(200);
    expect(outcomes('PutObject')).toEqual(['fault:reset-before', 'ok']);
  });

  test('reset-before with afterBytes: resets the connection during the upload of a part, and the part does not exist', async () => {
    const { text } = await send(cloud, { method: 'POST', key: 'parts', query: { uploads: '' } });
    const [uploadId = ''] = tags(text, 'UploadId');
    const part = (number: string) =>
      send(cloud, {
        method: 'PUT',
        key: 'parts',
        query: { partNumber: number, uploadId },
        body: Buffer.alloc(4_000_000),
      });
    await inject({
      ...{ service: 'oss', action: 'UploadPart', kind: 'reset-before', afterBytes: 500_000 },
      match: { partNumber: '2' },
    });
    expect((await part('1')).status).toBe(200);
    await expect(part('2')).rejects.toMatchObject(CONNECTION_RESET);
    const listed = await send(cloud, { method: 'GET', key: 'parts', query: { uploadId } });
    expect(tags(listed.text, 'PartNumber')).toEqual(['1']);
    expect((await part('2')).status).toBe(200);
  });

  test('reset-after: executes the call and resets the connection', async () => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'reset-after' });
    await expect(put('b')).rejects.toMatchObject(CONNECTION_RESET);
    expect(await exists('b')).toBe(true);
  });

  test('cut: closes the connection in the middle of the response', async () => {
    await put('c', Buffer.alloc(3_000_000));
    await inject({ service: 'oss', action: 'GetObject', kind: 'cut' });
    await expect(send(cloud, { method: 'GET', key: 'c' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await send(cloud, { method: 'GET', key: 'c' })).body).toHaveLength(3_000_000);
  });

  test('hang: does not execute the call and sends no response', async () => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'hang' });
    await expectNoResponse('PutObject', put('d'));
    expect(await exists('d')).toBe(false);
  });

  test('hang-after: executes the call and sends no response', async () => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'hang-after' });
    await expectNoResponse('PutObject', put('e'));
    expect(await exists('e')).toBe(true);
  });

  test.each([
    ['hold: executes the call when the fault is removed', 'hold', false],
    ['hold-after: executes the call and sends the response when the fault is removed', 'hold-after', true],
  ] as const)('%s', async (_name, kind, done) => {
    await inject({ service: 'oss', action: 'PutObject', kind });
    const [fault] = cloud.world.faults.list();
    const answer = put(kind);
    await expect.poll(() => cloud.world.faults.list()[0]?.hits).toBe(1);
    await expect.poll(() => exists(kind)).toBe(done);
    expect(outcomes('PutObject')).toEqual([]);
    await exchange(cloud, { method: 'DELETE', path: `/_emulator/faults?id=${fault?.id}` });
    expect((await answer).status).toBe(200);
    expect(await exists(kind)).toBe(true);
    expect(outcomes('PutObject')).toEqual([`fault:${kind}`]);
  });

  test('http: returns the configured error in the format of OSS', async () => {
    await inject({ service: 'oss', kind: 'http', status: 503, code: 'ServiceUnavailable', message: 'Try <later>.' });
    const answer = await put('f', Buffer.alloc(2_000_000));
    expect(answer).toMatchObject({ status: 503, code: 'ServiceUnavailable' });
    expect(tags(answer.text, 'Message')).toEqual(['Try &lt;later&gt;.']);
    expect(await exists('f')).toBe(false);
  });

  test('slow: executes the call after delayMs', async () => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'slow', delayMs: 30 });
    expect((await put('g')).status).toBe(200);
    const [call] = cloud.world.journal.read({ action: 'PutObject' }).calls;
    expect(call?.outcome).toBe('fault:slow');
    expect(call?.durationMs).toBeGreaterThanOrEqual(29);
  });
});

describe('A fault in a call of ECS', () => {
  test('reset-after: creates the image, and a retry with the same token returns it', async () => {
    await inject({ service: 'ecs', action: 'ImportImage', kind: 'reset-after' });
    const request = importRequest({ imageName: 'lost', clientToken: 'token-1' });
    await expect(cloud.ecs().importImage(request)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const again = await cloud.ecs().importImage(request);
    expect(imageNames().filter((name) => name === 'lost')).toHaveLength(1);
    expect(cloud.world.images.get(again.body?.imageId ?? '')?.imageName).toBe('lost');
  });

  test('reset-before: creates no image', async () => {
    await inject({ service: 'ecs', action: 'ImportImage', kind: 'reset-before' });
    await expect(cloud.ecs().importImage(importRequest({ imageName: 'never' }))).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(imageNames()).not.toContain('never');
  });

  test('http: returns the configured error in the format of ECS', async () => {
    await inject({
      service: 'ecs',
      action: '*',
      kind: 'http',
      status: 400,
      code: 'Throttling.User',
      message: 'slow down',
    });
    await expect(cloud.ecs().describeRegions(new DescribeRegionsRequest({}))).rejects.toMatchObject({
      ...{ name: 'ThrottlingError', code: 'Throttling.User', statusCode: 400 },
    });
  });
});

describe('A fault', () => {
  const putAll = async (fault: Record<string, unknown>, keys: readonly string[]) => {
    await inject({ service: 'oss', action: 'PutObject', kind: 'http', status: 500, ...fault });
    const statuses: number[] = [];
    for (const key of keys) statuses.push((await put(key)).status);
    return statuses;
  };

  test.each<readonly [string, Record<string, unknown>, readonly number[]]>([
    ['one call by default', {}, [500, 200, 200, 200]],
    ['the number of calls in times', { times: 2 }, [500, 500, 200, 200]],
    ['all calls if times is -1', { times: -1 }, [500, 500, 500, 500]],
    ['calls behind the number in after', { after: 2 }, [200, 200, 500, 200]],
    ['calls with the text of match in a parameter', { match: 'y-2', times: -1 }, [200, 200, 200, 500]],
    [
      'calls with the parameter values of match',
      { match: { key: 'y-1', bucket: BUCKET }, times: -1 },
      [200, 200, 500, 200],
    ],
    ['calls with any value of a parameter if match has *', { match: { key: '*' }, times: 1 }, [500, 200, 200, 200]],
    ['no calls without a parameter of match', { match: { partNumber: '*' }, times: -1 }, [200, 200, 200, 200]],
    ['only calls of its action', { action: 'DeleteObject', times: -1 }, [200, 200, 200, 200]],
    ['matching calls behind the number in after', { match: 'x-', after: 1 }, [200, 500, 200, 200]],
  ])('applies to %s', async (_calls, fault, statuses) => {
    expect(await putAll(fault, ['x-1', 'x-2', 'y-1', 'y-2'])).toEqual(statuses);
  });

  test.each<readonly [Record<string, unknown>, string]>([
    [{ kind: 'explode' }, 'kind'],
    [{ kind: 'http', times: 'often' }, 'times'],
    [{ kind: 'http', service: 7 }, 'service'],
    [{ kind: 'http', match: 7 }, 'match'],
    [{ kind: 'http', tmies: 2 }, 'tmies'],
  ])('is rejected if its description is invalid: %j', async (fault, field) => {
    const body = Buffer.from(JSON.stringify(fault));
    const answer = await exchange(cloud, { method: 'POST', path: '/_emulator/faults', body });
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text).error).toContain(field);
  });
});

test('CopyImage with an injected error creates no copy', async () => {
  const { body } = await cloud.ecs().importImage(importRequest({ imageName: 'to-copy' }));
  await inject({
    service: 'ecs',
    action: 'CopyImage',
    kind: 'http',
    status: 503,
    code: 'ServiceUnavailable',
    message: 'no',
  });
  const request = new CopyImageRequest({
    ...{ regionId: 'cn-hangzhou', imageId: body?.imageId, destinationRegionId: 'cn-beijing' },
    destinationImageName: 'copied',
  });
  await expect(cloud.ecs().copyImage(request)).rejects.toMatchObject({ code: 'ServiceUnavailable' });
  expect(imageNames()).not.toContain('copied');
});
