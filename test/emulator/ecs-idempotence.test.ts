import { DescribeImagesRequest } from '@alicloud/ecs20140526';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { World } from '../../emulator/world.js';
import { importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  cloud = await startReadyCloud(raw());
});

afterEach(async () => {
  await cloud.close();
  vi.useRealTimers();
});

async function start(fields: Record<string, unknown> = {}) {
  const { body } = await cloud.ecs().importImage(importRequest({ clientToken: 'token-1', ...fields }));
  return { imageId: body?.imageId, taskId: body?.taskId };
}

async function imageCount(): Promise<number | undefined> {
  const request = new DescribeImagesRequest({ regionId: REGION, status: 'ALL' });
  return (await cloud.ecs().describeImages(request)).body?.totalCount;
}

test('returns the first response for the same token and parameters, also after the import has finished', async () => {
  const first = await start();
  expect(await start()).toEqual(first);
  vi.setSystemTime(Date.now() + 3_600_000);
  expect(await start()).toEqual(first);
  expect(await imageCount()).toBe(1);
});

test('rejects the same token with other parameters as a mismatch', async () => {
  await start();
  await expect(start({ imageName: 'web-02' })).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' });
  expect(await imageCount()).toBe(1);
});

test('treats tokens that differ in case as different tokens', async () => {
  await start();
  await start({ clientToken: 'TOKEN-1', imageName: 'web-02' });
  expect(await imageCount()).toBe(2);
});

test('returns IdempotentProcessing while the first call runs, and its response after that', async () => {
  const { blobs } = cloud.world;
  const read = blobs.readBytes.bind(blobs);
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const reading = new Promise<void>((resolve) => {
    vi.spyOn(blobs, 'readBytes').mockImplementation(async (...range) => {
      resolve();
      await held;
      return read(...range);
    });
  });
  const first = start();
  await reading;
  await expect(start()).rejects.toMatchObject({ code: 'IdempotentProcessing', statusCode: 403 });
  await expect(start({ imageName: 'web-02' })).rejects.toMatchObject({ code: 'IdempotentParameterMismatch' });
  release();
  const answer = await first;
  expect(await start()).toEqual(answer);
});

test('creates one image for two concurrent calls with the same name and no token', async () => {
  const both = await Promise.allSettled([start({ clientToken: undefined }), start({ clientToken: undefined })]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect(await imageCount()).toBe(1);
});

test('accepts a retry with the same token after a rejected call', async () => {
  cloud.set({ quotaImages: 0 });
  await expect(start()).rejects.toMatchObject({ code: 'QuotaExceed.Image' });
  cloud.set({ quotaImages: 1 });
  await start();
});

test('accepts the token of a dry run for the import', async () => {
  await expect(start({ dryRun: true })).rejects.toMatchObject({ code: 'DRYRUN.SUCCESS' });
  await start();
});

test('expires a token after clientTokenSeconds, so that a retry fails with a duplicate name', async () => {
  cloud.set({ clientTokenSeconds: 60 });
  const first = await start();
  vi.setSystemTime(Date.now() + 59_000);
  expect(await start()).toEqual(first);
  vi.setSystemTime(Date.now() + 1_000);
  await expect(start()).rejects.toMatchObject({ code: 'InvalidImageName.Duplicated' });
});

test('keeps tokens across a restart', async () => {
  const { imageId } = await start();
  const reopened = new World({ data: cloud.folder });
  expect([...reopened.tokens.values()]).toMatchObject([{ answer: { ImageId: imageId } }]);
  expect(reopened.images.has(imageId ?? '')).toBe(true);
  reopened.close();
});
