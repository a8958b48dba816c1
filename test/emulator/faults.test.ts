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

async function plant(fault: Record<string, unknown>): Promise<void> {
  const body = Buffer.from(JSON.stringify(fault));
  const planted = await exchange(cloud, { method: 'POST', path: '/_emulator/faults', body });
  if (planted.status !== 200) throw new Error(planted.text);
}

const put = (key: string, body: Buffer | string = 'bytes') => send(cloud, { method: 'PUT', key, body });
const exists = async (key: string) => (await send(cloud, { method: 'HEAD', key })).status === 200;
const outcomes = (action: string) => cloud.world.journal.read({ action }).calls.map(({ outcome }) => outcome);
const imageNames = () => [...cloud.world.images.values()].map(({ imageName }) => imageName);
const BROKEN = { code: expect.stringMatching(/^(ECONNRESET|EPIPE)$/) };

/** Waits only as long as it takes to be sure that the call has arrived, and leaves it then. */
async function seesNoAnswer(action: string, call: Promise<unknown>): Promise<void> {
  const answered = call.then(
    () => 'answered',
    () => 'broken',
  );
  await expect.poll(() => outcomes(action)).toHaveLength(1);
  expect(await Promise.race([answered, new Promise((resolve) => setTimeout(resolve, 50, 'nothing'))])).toBe('nothing');
}

describe('A fault in a data call', () => {
  test('reset-before: the line breaks, nothing is done', async () => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'reset-before' });
    await expect(put('a')).rejects.toMatchObject(BROKEN);
    expect(await exists('a')).toBe(false);
    expect((await put('a')).status).toBe(200);
    expect(outcomes('PutObject')).toEqual(['fault:reset-before', 'ok']);
  });

  test('reset-before in the middle of a part: so many bytes arrive, and the part is not there', async () => {
    const { text } = await send(cloud, { method: 'POST', key: 'parts', query: { uploads: '' } });
    const [uploadId = ''] = tags(text, 'UploadId');
    const part = (number: string) =>
      send(cloud, {
        method: 'PUT',
        key: 'parts',
        query: { partNumber: number, uploadId },
        body: Buffer.alloc(4_000_000),
      });
    await plant({
      ...{ service: 'oss', action: 'UploadPart', kind: 'reset-before', afterBytes: 500_000 },
      match: { partNumber: '2' },
    });
    expect((await part('1')).status).toBe(200);
    await expect(part('2')).rejects.toMatchObject(BROKEN);
    const listed = await send(cloud, { method: 'GET', key: 'parts', query: { uploadId } });
    expect(tags(listed.text, 'PartNumber')).toEqual(['1']);
    expect((await part('2')).status).toBe(200);
  });

  test('reset-after: the line breaks, and the work is done', async () => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'reset-after' });
    await expect(put('b')).rejects.toMatchObject(BROKEN);
    expect(await exists('b')).toBe(true);
  });

  test('cut: the answer breaks off in its middle', async () => {
    await put('c', Buffer.alloc(3_000_000));
    await plant({ service: 'oss', action: 'GetObject', kind: 'cut' });
    await expect(send(cloud, { method: 'GET', key: 'c' })).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await send(cloud, { method: 'GET', key: 'c' })).body).toHaveLength(3_000_000);
  });

  test('hang: nothing is done and no answer comes', async () => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'hang' });
    await seesNoAnswer('PutObject', put('d'));
    expect(await exists('d')).toBe(false);
  });

  test('hang-after: the work is done and no answer comes', async () => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'hang-after' });
    await seesNoAnswer('PutObject', put('e'));
    expect(await exists('e')).toBe(true);
  });

  test.each([
    ['hold: the work waits until the fault is taken back', 'hold', false],
    ['hold-after: the work is done, the answer waits until the fault is taken back', 'hold-after', true],
  ] as const)('%s', async (_name, kind, done) => {
    await plant({ service: 'oss', action: 'PutObject', kind });
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

  test('http: the error that was asked for, in the shape of OSS', async () => {
    await plant({ service: 'oss', kind: 'http', status: 503, code: 'ServiceUnavailable', message: 'Try <later>.' });
    const refused = await put('f', Buffer.alloc(2_000_000));
    expect(refused).toMatchObject({ status: 503, code: 'ServiceUnavailable' });
    expect(tags(refused.text, 'Message')).toEqual(['Try &lt;later&gt;.']);
    expect(await exists('f')).toBe(false);
  });

  test('slow: the work is done later, and answered', async () => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'slow', delayMs: 30 });
    expect((await put('g')).status).toBe(200);
    const [call] = cloud.world.journal.read({ action: 'PutObject' }).calls;
    expect(call?.outcome).toBe('fault:slow');
    expect(call?.durationMs).toBeGreaterThanOrEqual(29);
  });
});

describe('A fault in a call of ECS', () => {
  test('reset-after loses the answer and keeps the image; the same token finds it again', async () => {
    await plant({ service: 'ecs', action: 'ImportImage', kind: 'reset-after' });
    const request = importRequest({ imageName: 'lost', clientToken: 'token-1' });
    await expect(cloud.ecs().importImage(request)).rejects.toMatchObject({ code: 'ECONNRESET' });
    const again = await cloud.ecs().importImage(request);
    expect(imageNames().filter((name) => name === 'lost')).toHaveLength(1);
    expect(cloud.world.images.get(again.body?.imageId ?? '')?.imageName).toBe('lost');
  });

  test('reset-before makes nothing', async () => {
    await plant({ service: 'ecs', action: 'ImportImage', kind: 'reset-before' });
    await expect(cloud.ecs().importImage(importRequest({ imageName: 'never' }))).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(imageNames()).not.toContain('never');
  });

  test('http is the error in the shape of ECS', async () => {
    await plant({
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

describe('A fault strikes', () => {
  const strikes = async (fault: Record<string, unknown>, keys: readonly string[]) => {
    await plant({ service: 'oss', action: 'PutObject', kind: 'http', status: 500, ...fault });
    const statuses: number[] = [];
    for (const key of keys) statuses.push((await put(key)).status);
    return statuses;
  };

  test.each<readonly [string, Record<string, unknown>, readonly number[]]>([
    ['once, unless told otherwise', {}, [500, 200, 200, 200]],
    ['as often as it is told', { times: 2 }, [500, 500, 200, 200]],
    ['always', { times: -1 }, [500, 500, 500, 500]],
    ['after so many calls', { after: 2 }, [200, 200, 500, 200]],
    ['calls with a text in a parameter', { match: 'y-2', times: -1 }, [200, 200, 200, 500]],
    ['calls with just these parameters', { match: { key: 'y-1', bucket: BUCKET }, times: -1 }, [200, 200, 500, 200]],
    ['calls that have a parameter at all', { match: { key: '*' }, times: 1 }, [500, 200, 200, 200]],
    ['no call that lacks a parameter', { match: { partNumber: '*' }, times: -1 }, [200, 200, 200, 200]],
    ['calls of one action only', { action: 'DeleteObject', times: -1 }, [200, 200, 200, 200]],
    ['of the calls that match, after so many', { match: 'x-', after: 1 }, [200, 500, 200, 200]],
  ])('%s', async (_what, fault, statuses) => {
    expect(await strikes(fault, ['x-1', 'x-2', 'y-1', 'y-2'])).toEqual(statuses);
  });

  test.each<readonly [Record<string, unknown>, string]>([
    [{ kind: 'explode' }, 'kind'],
    [{ kind: 'http', times: 'often' }, 'times'],
    [{ kind: 'http', service: 7 }, 'service'],
    [{ kind: 'http', match: 7 }, 'match'],
    [{ kind: 'http', tmies: 2 }, 'tmies'],
  ])('not when its description is wrong: %j', async (fault, word) => {
    const body = Buffer.from(JSON.stringify(fault));
    const refused = await exchange(cloud, { method: 'POST', path: '/_emulator/faults', body });
    expect(refused.status).toBe(400);
    expect(JSON.parse(refused.text).error).toContain(word);
  });
});

test('A copy that is hit by a fault is not made', async () => {
  const { body } = await cloud.ecs().importImage(importRequest({ imageName: 'to-copy' }));
  await plant({
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
