/** Responses lost for a long time, imports that no user resumes, and resources that other clients leave behind. */

import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { newImportId } from '../../domain/ids.js';
import { run } from '../support/cli/run-cli.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';

let service: Service;

beforeAll(async () => {
  service = await startService({ env: { ECS_IMPORT_ATTENTION_LIMIT_MS: '4000' } });
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

const succeeded = (id: string) => service.untilState(id, 'succeeded', 'failed', 'cancelled');

describe('an ImportImage with a lost response', () => {
  test('is found by its tag after its client token has expired: one image, one successful call', async () => {
    await service.settings({ clientTokenSeconds: 0 });
    await service.fault({ service: 'ecs', action: 'ImportImage', kind: 'reset-after', times: 1 });
    const view = await succeeded(await service.start());
    expect(view.state).toBe('succeeded');
    const { images, tasks } = await service.state();
    expect(images).toMatchObject([{ imageId: view.image?.imageId }]);
    expect(tasks).toHaveLength(1);
  });

  test('and a new image name is ended before the new attempt starts', async () => {
    await service.settings({ importSeconds: 2 });
    await service.fault({ service: 'ecs', action: 'ImportImage', kind: 'reset-after', times: 1 });
    // Neither found nor called again until the user has changed the name.
    const lost = { service: 'ecs', action: 'DescribeImages', match: { 'Tag.1.Key': 'ecs-image-import' } };
    const hidden = await service.fault({ ...lost, kind: 'http', status: 403, code: 'Forbidden.RAM', times: -1 });
    const id = await service.start();
    await service.untilState(id, 'attention');
    await service.endFault(hidden);
    await service.request('POST', `/v1/imports/${id}/resume`, { set: { imageName: 'another-name' } });
    expect(await succeeded(id)).toMatchObject({ state: 'succeeded' });
    expect((await service.state()).images).toMatchObject([{ imageName: 'another-name' }]);
  });
});

test('an image of another client with the same name → never adopted', async () => {
  const first = await service.start({ imageName: 'taken' });
  const other = await succeeded(first);
  const view = await succeeded(await service.start({ imageName: 'taken' }));
  expect(view).toMatchObject({ state: 'failed', error: { code: 'InvalidImageName.Duplicated' } });
  expect((await service.state()).images).toMatchObject([{ imageId: other.image?.imageId }]);
});

describe('imports in attention', () => {
  test('for the same cause are listed together, and one command resumes all of them', async () => {
    await service.settings({ account: { arrearage: true } });
    const ids = [await service.start(), await service.start()];
    for (const id of ids) await service.untilState(id, 'attention');
    const { causes } = (await service.request('GET', '/v1/imports/waiting')).body;
    expect(causes).toContainEqual(expect.objectContaining({ code: 'Account.Arrearage', imports: 2 }));
    await service.settings({ account: { arrearage: false } });
    const { body } = await service.request('POST', '/v1/imports/resume', { code: 'Account.Arrearage' });
    expect([...body.resumed].sort()).toEqual([...ids].sort());
    for (const id of ids) expect((await succeeded(id)).state).toBe('succeeded');
  });

  test('longer than the configured limit fail with that cause, and leave nothing behind', async () => {
    await service.settings({ account: { arrearage: true } });
    const view = await succeeded(await service.start());
    expect(view).toMatchObject({ state: 'failed', error: { code: 'Account.Arrearage' } });
    expect(view.error?.message).toContain('not resumed within the time limit');
    expect(await service.state()).toMatchObject({ images: [], objects: [], uploads: [] });
  });
});

test('a cleanup that cannot continue → reports the remaining resources and the commands to remove them, waits without limit, and ends after resume', async () => {
  await service.settings({ importSeconds: 60 });
  const id = await service.start();
  const { image } = await service.until(id, (view) => view.phase === 'import' && view.image !== null);
  const refused = { service: 'ecs', action: 'CancelTask', kind: 'http', status: 403, code: 'Forbidden.RAM' } as const;
  const fault = await service.fault({ ...refused, times: -1 });
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  const stopped = await service.untilState(id, 'attention');
  expect(stopped.phase).toBe('cleanup');
  expect(stopped.attention?.message).toContain(image?.imageId);
  expect(stopped.attention?.remedy).toContain(
    `aliyun ecs DeleteImage --RegionId ${REGION} --ImageId ${image?.imageId}`,
  );
  await service.endFault(fault);
  await service.request('POST', `/v1/imports/${id}/resume`, {});
  expect((await succeeded(id)).state).toBe('cancelled');
  expect(await service.state()).toMatchObject({ images: [], objects: [], uploads: [] });
});

/** test/activities/sweep-orphans.part.test.ts tests the kinds of orphans and their removal. */
describe('orphans', () => {
  const FAR = 'cn-beijing';
  const orphans = async (body: object = {}) => (await service.request('POST', '/v1/orphans', body)).body;
  const key = `imports/${newImportId(Date.now(), Buffer.alloc(10, 7))}/disk-1.raw`;

  test('are resources that no ledger contains, never those of running uploads, imports or copies', async () => {
    await service.makeBucket('live-upload');
    await service.settings({ importSeconds: 0.2, copySeconds: 3_600 });
    const kept = await succeeded(
      await service.start({ upload: { bucket: BUCKET, prefix: 'imports/', keepObject: true } }),
    );
    const part = { service: 'oss', action: 'UploadPart', match: { bucket: 'live-upload' } } as const;
    const held = await service.fault({ ...part, kind: 'hold', times: -1 });
    const uploading = await service.start({ upload: { bucket: 'live-upload', prefix: 'imports/' } });
    const copying = await service.start({ distribute: { regions: [FAR], shareWith: [] } });
    await service.until(copying, ({ copies }) => copies.length === 1);
    await expect.poll(async () => (await service.hits()).get(held), { timeout: 120_000 }).not.toBe(0);
    await service.put(BUCKET, key, 'content of an unknown import');
    const { uploads, images } = await service.state();

    const result = await run(['orphans', '--delete'], service.cliEnv);
    expect(result.stdout).toMatch(new RegExp(`object +${REGION} +oss://${BUCKET}/${key} .* CNY +deleted`));
    expect(result.stdout.match(/ CNY /g)).toHaveLength(1);
    expect(await orphans()).toMatchObject({ orphans: [], deleted: [], left: [] });
    const left = await service.state();
    expect(left.images.map(({ imageId }) => imageId)).toEqual(images.map(({ imageId }) => imageId));
    expect(left.uploads.map(({ uploadId }) => uploadId)).toEqual(uploads.map(({ uploadId }) => uploadId));
    // Both imports use one object, because they have the same content.
    expect(left.objects).toHaveLength(1);
    expect(images.map(({ imageId }) => imageId)).toContain(kept.image?.imageId);

    await service.endFault(held);
    expect((await succeeded(uploading)).state).toBe('succeeded');
    await service.request('POST', `/v1/imports/${copying}/cancel`, {});
    expect((await succeeded(copying)).state).toBe('cancelled');
  });

  test('are swept daily by a Temporal schedule', async () => {
    await succeeded(await service.start());
    const connection = await Connection.connect(service.temporalConnection());
    const schedule = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) }).schedule.getHandle(
      'orphans-daily',
    );
    const { spec } = await schedule.describe();
    expect(spec.calendars).toMatchObject([{ hour: [{ start: 3 }], minute: [{ start: 17 }] }]);
    await schedule.trigger();
    await expect.poll(async () => (await service.calls('ListObjectsV2')).length, { timeout: 120_000 }).not.toBe(0);
    await connection.close();
  });
});
