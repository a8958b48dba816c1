import {
  CopyImageRequest,
  DeleteImageRequest,
  DescribeAccountAttributesRequest,
  DescribeImageSharePermissionRequest,
  DescribeImagesRequest,
  DescribeRegionsRequest,
  ListTagResourcesRequest,
  ModifyImageAttributeRequest,
  ModifyImageSharePermissionRequest,
  TagResourcesRequest,
  UntagResourcesRequest,
} from '@alicloud/ecs20140526';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { importRequest, type LocalCloud, REGION, startReadyCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';

let cloud: LocalCloud;
let imageId: string;

beforeEach(async () => {
  cloud = await startReadyCloud(raw(), { importSeconds: 0, copySeconds: 0 });
  imageId = (await cloud.ecs().importImage(importRequest())).body?.imageId ?? '';
});

afterEach(() => cloud.close());

const accounts = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => String(200_000 + from + index));

const share = (fields: Record<string, unknown>) =>
  cloud
    .ecs()
    .modifyImageSharePermission(new ModifyImageSharePermissionRequest({ regionId: REGION, imageId, ...fields }));

async function shared(fields: Record<string, unknown> = {}) {
  const request = new DescribeImageSharePermissionRequest({ regionId: REGION, imageId, pageSize: 100, ...fields });
  return (await cloud.ecs().describeImageSharePermission(request)).body;
}

describe('sharing', () => {
  test('adds and removes accounts, idempotently', async () => {
    await share({ addAccount: ['200001', '200002'] });
    await share({ addAccount: ['200002'], removeAccount: ['200001', '200009'] });
    expect((await shared())?.accounts?.account).toMatchObject([{ aliyunId: '200002' }]);
  });

  test('applies the first ten accounts of a call and ignores the others', async () => {
    await share({ addAccount: accounts(12) });
    expect((await shared())?.totalCount).toBe(10);
    expect((await shared({ pageSize: 4, pageNumber: 3 }))?.accounts?.account).toHaveLength(2);
  });

  test('rejects more than 50 accounts', async () => {
    for (let from = 0; from < 50; from += 10) await share({ addAccount: accounts(10, from) });
    await expect(share({ addAccount: ['300000'] })).rejects.toMatchObject({
      code: 'QuotaExceed.ShareImageUser',
      statusCode: 403,
    });
    await share({ addAccount: ['300000'], removeAccount: ['200000'] });
  });

  test('rejects unknown accounts and the account of the owner', async () => {
    await expect(share({ addAccount: ['unknown'] })).rejects.toMatchObject({ code: 'InvalidAccount.NotFound' });
    await expect(share({ addAccount: ['1000000000000001'] })).rejects.toMatchObject({
      code: 'InvalidAccount.Forbbiden',
    });
    cloud.set({ otherAccounts: ['200001'] });
    await expect(share({ addAccount: ['200002'] })).rejects.toMatchObject({
      code: 'InvalidAccount.NotFound',
      statusCode: 404,
    });
  });

  test('prevents deletion without Force, and deprecation', async () => {
    await share({ addAccount: ['200001'] });
    const remove = (force: boolean) =>
      cloud.ecs().deleteImage(new DeleteImageRequest({ regionId: REGION, imageId, force }));
    const deprecate = new ModifyImageAttributeRequest({ regionId: REGION, imageId, status: 'Deprecated' });
    await expect(cloud.ecs().modifyImageAttribute(deprecate)).rejects.toMatchObject({ code: 'ImageUseShared' });
    await expect(remove(false)).rejects.toMatchObject({ code: 'ImageUseShared', statusCode: 403 });
    await remove(true);
  });

  test('rejects images encrypted with the service key, and unfinished images', async () => {
    const copy = async (fields: object) =>
      cloud.ecs().copyImage(new CopyImageRequest({ regionId: REGION, imageId, encrypted: true, ...fields }));
    const withServiceKey = (await copy({})).body?.imageId;
    await expect(share({ imageId: withServiceKey, addAccount: ['200001'] })).rejects.toMatchObject({ statusCode: 403 });
    const withOwnKey = (await copy({ KMSKeyId: 'key-1' })).body?.imageId;
    await share({ imageId: withOwnKey, addAccount: ['200001'] });
    cloud.set({ importSeconds: 100 });
    const unfinished = (await cloud.ecs().importImage(importRequest({ imageName: 'unfinished' }))).body?.imageId;
    await expect(share({ imageId: unfinished, addAccount: ['200001'] })).rejects.toMatchObject({
      code: 'IncorrectImageStatus',
    });
  });
});

describe('tags', () => {
  const tag = (fields: Record<string, unknown>) =>
    cloud
      .ecs()
      .tagResources(
        new TagResourcesRequest({ regionId: REGION, resourceType: 'image', resourceId: [imageId], ...fields }),
      );
  const untag = (fields: Record<string, unknown>) =>
    cloud
      .ecs()
      .untagResources(
        new UntagResourcesRequest({ regionId: REGION, resourceType: 'image', resourceId: [imageId], ...fields }),
      );
  const list = async (fields: Record<string, unknown>) =>
    (
      await cloud
        .ecs()
        .listTagResources(new ListTagResourcesRequest({ regionId: REGION, resourceType: 'image', ...fields }))
    ).body;
  const many = (count: number) => Array.from({ length: count }, (_, index) => ({ key: `k${index}`, value: 'v' }));

  test('can be added, listed, used as a filter, and removed', async () => {
    await tag({
      tag: [
        { key: 'team', value: 'web' },
        { key: 'tier', value: '' },
      ],
    });
    expect((await list({ resourceId: [imageId] }))?.tagResources?.tagResource).toEqual([
      { resourceId: imageId, resourceType: 'image', tagKey: 'team', tagValue: 'web' },
      { resourceId: imageId, resourceType: 'image', tagKey: 'tier', tagValue: '' },
    ]);
    const byTag = new DescribeImagesRequest({ regionId: REGION, tag: [{ key: 'team', value: 'web' }] });
    expect((await cloud.ecs().describeImages(byTag)).body?.totalCount).toBe(1);
    await untag({ tagKey: ['team'] });
    expect((await list({ tag: [{ key: 'team' }] }))?.tagResources?.tagResource).toEqual([]);
    await untag({ all: true });
    expect((await list({ resourceId: [imageId] }))?.tagResources?.tagResource).toEqual([]);
  });

  test('are paginated', async () => {
    for (let number = 0; number < 4; number++) {
      await cloud.ecs().importImage(importRequest({ imageName: `web-${number}x`, tag: many(20) }));
    }
    const first = await list({ tag: [{ key: 'k0' }] });
    expect(first?.tagResources?.tagResource).toHaveLength(4);
    const ids = (first?.tagResources?.tagResource ?? []).flatMap(({ resourceId }) => resourceId ?? []);
    const seen: unknown[] = [];
    let nextToken: string | undefined;
    do {
      const page = await list({ resourceId: ids, ...(nextToken === undefined ? {} : { nextToken }) });
      seen.push(...(page?.tagResources?.tagResource ?? []));
      nextToken = page?.nextToken || undefined;
    } while (nextToken !== undefined);
    expect(seen).toHaveLength(80);
  });

  test('are limited to 20 per resource, and malformed keys and values are rejected', async () => {
    await tag({ tag: many(20) });
    await tag({ tag: [{ key: 'k0', value: 'other' }] });
    await expect(tag({ tag: [{ key: 'k20', value: 'v' }] })).rejects.toMatchObject({ code: 'NumberExceed.Tags' });
    await expect(tag({ tag: [] })).rejects.toMatchObject({ code: 'MissingParameter' });
    for (const key of ['', 'aliyun1', 'acs:x', 'http://x', 'k'.repeat(129)]) {
      await expect(tag({ tag: [{ key, value: '' }] })).rejects.toMatchObject({ code: 'InvalidTagKey.Malformed' });
    }
    for (const value of ['acs:x', 'a https://x', 'v'.repeat(129)]) {
      await expect(tag({ tag: [{ key: 'k', value }] })).rejects.toMatchObject({ code: 'InvalidTagValue.Malformed' });
    }
  });

  test('of ImportImage have the same limits and format', async () => {
    const withTags = (tags: object[]) => cloud.ecs().importImage(importRequest({ imageName: 'web-02', tag: tags }));
    await expect(withTags(many(21))).rejects.toMatchObject({ code: 'NumberExceed.Tags', statusCode: 400 });
    await expect(withTags([{ key: 'acs:x' }])).rejects.toMatchObject({ code: 'InvalidTagKey.Malformed' });
    await expect(withTags([{ value: 'v' }])).rejects.toMatchObject({ code: 'InvalidTagKey.Malformed' });
    await expect(withTags([{ key: 'k', value: 'acs:x' }])).rejects.toMatchObject({ code: 'InvalidTagValue.Malformed' });
    await withTags(many(20));
  });

  test('require an existing resource of a supported type', async () => {
    const tags = { tag: [{ key: 'team', value: 'web' }] };
    await expect(tag({ ...tags, resourceId: ['m-unknown'] })).rejects.toMatchObject({
      code: 'InvalidResourceId.NotFound',
    });
    await expect(tag({ ...tags, resourceType: 'instance' })).rejects.toMatchObject({
      code: 'InvalidResourceType.NotSupported',
    });
    await expect(tag({ ...tags, resourceId: Array(51).fill(imageId) })).rejects.toMatchObject({
      code: 'NumberExceed.ResourceIds',
    });
    await expect(untag({})).rejects.toMatchObject({ code: 'MissingParameter' });
    await expect(list({})).rejects.toMatchObject({ code: 'MissingParameter' });
    await expect(list({ tag: [{ value: 'web' }] })).rejects.toMatchObject({ code: 'InvalidParameter.TagValue' });
  });
});

test('DescribeRegions returns the regions with their endpoints', async () => {
  const { body } = await cloud.ecs().describeRegions(new DescribeRegionsRequest());
  const regions = new Map((body?.regions?.region ?? []).map((region) => [region.regionId, region.regionEndpoint]));
  expect(regions.get('cn-hangzhou')).toBe('ecs-cn-hangzhou.aliyuncs.com');
  expect(regions.get('eu-central-1')).toBe('ecs.eu-central-1.aliyuncs.com');
});

test('DescribeAccountAttributes returns quotas, but not the image quota', async () => {
  const attributeNames = async (attributeName?: string[]) => {
    const request = new DescribeAccountAttributesRequest({ regionId: REGION, attributeName });
    const { body } = await cloud.ecs().describeAccountAttributes(request);
    return (body?.accountAttributeItems?.accountAttributeItem ?? []).map(({ attributeName: name }) => name);
  };
  expect(await attributeNames(['max-security-groups', 'max-custom-images'])).toEqual(['max-security-groups']);
  expect((await attributeNames()).some((name) => name?.includes('image'))).toBe(false);
});
