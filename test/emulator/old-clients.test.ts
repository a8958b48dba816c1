/** The calls of two public tools, in their order and with their parameters, over real sockets. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { crc64 } from '../../emulator/oss/crc64.js';
import { BUCKET, type LocalCloud, REGION, startCloud } from '../support/emulator/local-cloud.js';
import { raw } from '../support/emulator/made-disks.js';
import { callOss, callSdk } from '../support/emulator/old-clients.js';
import { tags } from '../support/emulator/oss-clients.js';
import { rpc } from '../support/emulator/signed-request.js';

let cloud: LocalCloud;

beforeEach(async () => {
  cloud = await startCloud({ importSeconds: 0.1, copySeconds: 0.1 });
});

afterEach(() => cloud.close());

type Json = Record<string, unknown>;

const ecs = (action: string, params: Readonly<Record<string, string>>, regionId = REGION) =>
  callSdk(cloud.address, action, params, { regionId });
const ram = (action: string, params: Readonly<Record<string, string>>) =>
  callSdk(cloud.address, action, params, { service: 'ram', method: 'GET' });
const oss = (method: string, resource: string, options: Parameters<typeof callOss>[3] = {}) =>
  callOss(cloud.address, method, resource, options);

/** The list in a response: `{ [set]: { [name]: […] } }`. */
function listIn(answer: Json | undefined, set: string, name: string): readonly Json[] {
  const sets = new Map(Object.entries(answer?.[set] ?? {}));
  const list: unknown = sets.get(name);
  return Array.isArray(list) ? list : [];
}

const imagesIn = (answer: Json) => listIn(answer, 'Images', 'Image');

async function untilAvailable(imageId: string, regionId = REGION): Promise<Json> {
  const Status = 'Waiting,Creating,CreateFailed,Available';
  for (;;) {
    const [image] = imagesIn(await ecs('DescribeImages', { ImageId: imageId, Status }, regionId));
    if (image?.Status === 'Available') return image;
    await sleep(20);
  }
}

const ROLE = 'AliyunECSImageImportDefaultRole';
const POLICY = 'AliyunECSImageImportRolePolicy';
const TRUST = JSON.stringify({
  Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: ['ecs.aliyuncs.com'] } }],
  Version: '1',
});

const IMPORT = {
  ...{ ImageName: 'packer-web', Description: 'by Packer', Architecture: 'x86_64', OSType: 'linux', Platform: 'CentOS' },
  ...{ 'DiskDeviceMapping.1.DiskImageSize': '20', 'DiskDeviceMapping.1.Format': 'RAW' },
  ...{ 'DiskDeviceMapping.1.OSSBucket': BUCKET, 'DiskDeviceMapping.1.OSSObject': 'Packer_1' },
};

describe("Packer's post-processor alicloud-import", () => {
  async function upload(): Promise<void> {
    const listed = await oss('GET', '/', { query: `prefix=${BUCKET}&max-keys=1` });
    if (!tags(listed.text, 'Name').includes(BUCKET)) {
      expect((await oss('PUT', `/${BUCKET}/`)).status).toBe(200);
    }
    const disk = raw();
    const put = await oss('PUT', `/${BUCKET}/Packer_1`, { body: disk });
    expect(put.headers['x-oss-hash-crc64ecma']).toBe(String(crc64(disk)));
  }

  test('creates the bucket and the role, imports, waits for the image and deletes the object', async () => {
    expect(imagesIn(await ecs('DescribeImages', { ImageName: 'packer-web' }))).toEqual([]);
    await upload();
    await expect(ecs('ImportImage', IMPORT)).rejects.toThrow('NoSetRoletoECSServiceAcount');
    await expect(ram('GetRole', { RoleName: ROLE })).rejects.toThrow('EntityNotExist.Role');
    await ram('CreateRole', { RoleName: ROLE, AssumeRolePolicyDocument: TRUST });
    await ram('AttachPolicyToRole', { RoleName: ROLE, PolicyName: POLICY, PolicyType: 'System' });
    const { ImageId } = await ecs('ImportImage', IMPORT);
    expect(await untilAvailable(String(ImageId))).toMatchObject({ ImageName: 'packer-web', Size: 20 });
    expect((await oss('DELETE', `/${BUCKET}/Packer_1`)).status).toBe(204);
  });

  test('repairs an existing role without the policy', async () => {
    await upload();
    await ram('CreateRole', { RoleName: ROLE, AssumeRolePolicyDocument: TRUST });
    await expect(ecs('ImportImage', IMPORT)).rejects.toThrow('NoSetRoletoECSServiceAcount');
    await ram('GetRole', { RoleName: ROLE });
    expect(await ram('ListPoliciesForRole', { RoleName: ROLE })).toMatchObject({ Policies: { Policy: [] } });
    await ram('AttachPolicyToRole', { RoleName: ROLE, PolicyName: POLICY, PolicyType: 'System' });
    await ecs('ImportImage', IMPORT);
    await ram('UpdateRole', { RoleName: ROLE, NewAssumeRolePolicyDocument: TRUST });
  });

  test('replaces an image of the same name with image_force_delete', async () => {
    cloud.makeRole();
    await upload();
    const { ImageId } = await ecs('ImportImage', IMPORT);
    await untilAvailable(String(ImageId));
    const [old] = imagesIn(await ecs('DescribeImages', { ImageName: 'packer-web' }));
    await ecs('DeleteImage', { ImageId: String(old?.ImageId) });
    const second = await ecs('ImportImage', IMPORT);
    expect(second.ImageId).not.toBe(ImageId);
    expect(await untilAvailable(String(second.ImageId))).toMatchObject({ ImageName: 'packer-web' });
  });
});

describe('ore of coreos-assembler', () => {
  const OBJECT = 'fedora.qcow2';

  async function uploadInParts(): Promise<void> {
    cloud.makeBucket(BUCKET);
    cloud.makeRole();
    expect((await oss('GET', `/${BUCKET}/`)).status).toBe(200);
    const disk = raw(2 * 1000 * 1024);
    const started = await oss('POST', `/${BUCKET}/${OBJECT}?uploads`);
    const [uploadId = ''] = tags(started.text, 'UploadId');
    const parts = [1, 2].map(async (number) => {
      const body = disk.subarray((number - 1) * 1000 * 1024, number * 1000 * 1024);
      const part = await oss('PUT', `/${BUCKET}/${OBJECT}?partNumber=${number}&uploadId=${uploadId}`, { body });
      return `<Part><PartNumber>${number}</PartNumber><ETag>${part.headers.etag}</ETag></Part>`;
    });
    const body = Buffer.from(
      `<CompleteMultipartUpload>${(await Promise.all(parts)).join('')}</CompleteMultipartUpload>`,
    );
    const done = await oss('POST', `/${BUCKET}/${OBJECT}?uploadId=${uploadId}`, { body });
    expect([done.status, done.headers['x-oss-hash-crc64ecma']]).toEqual([200, String(crc64(disk))]);
  }

  async function importImage(): Promise<string> {
    expect(imagesIn(await ecs('DescribeImages', { ImageName: 'fedora' }))).toEqual([]);
    const { TaskId, ImageId } = await ecs('ImportImage', {
      ...{ ImageName: 'fedora', Description: 'Fedora CoreOS', Architecture: 'x86_64' },
      ...{ 'Tag.1.Key': 'created-by', 'Tag.1.Value': 'mantle' },
      ...{ 'DiskDeviceMapping.1.Format': 'RAW', 'DiskDeviceMapping.1.DiskImageSize': '10' },
      ...{ 'DiskDeviceMapping.1.OSSBucket': BUCKET, 'DiskDeviceMapping.1.OSSObject': OBJECT },
    });
    for (;;) {
      const tasks = listIn(await ecs('DescribeTasks', { TaskIds: String(TaskId) }), 'TaskSet', 'Task');
      expect(tasks).toHaveLength(1);
      if (tasks[0]?.TaskStatus === 'Finished') return String(ImageId);
      expect(tasks[0]?.TaskStatus).toBe('Processing');
      await sleep(20);
    }
  }

  async function deleteImage(imageId: string, regionId: string): Promise<void> {
    const [image] = imagesIn(await ecs('DescribeImages', { ImageId: imageId }, regionId));
    await ecs('DeleteImage', { ImageId: imageId, Force: 'true' }, regionId);
    const disks = listIn(image, 'DiskDeviceMappings', 'DiskDeviceMapping');
    expect(disks).toHaveLength(1);
    for (const { SnapshotId } of disks) {
      expect(SnapshotId).toMatch(/^s-/);
      await ecs('DeleteSnapshot', { SnapshotId: String(SnapshotId), Force: 'true' }, regionId);
    }
  }

  test('uploads, imports, copies, tags, publishes and deletes an image with its snapshots', async () => {
    await uploadInParts();
    const imageId = await importImage();
    const copy = await ecs('CopyImage', {
      ...{ ImageId: imageId, DestinationRegionId: 'us-west-1', DestinationImageName: 'fedora', Encrypted: 'false' },
      ...{ 'Tag.1.Key': 'created-by', 'Tag.1.Value': 'mantle' },
    });
    const copyId = String(copy.ImageId);
    await untilAvailable(copyId, 'us-west-1');
    const tag = { ResourceType: 'image', ResourceId: copyId, 'Tag.1.Key': 'stream', 'Tag.1.Value': 'stable' };
    await ecs('AddTags', tag, 'us-west-1');
    await ecs('ModifyImageSharePermission', { ImageId: copyId, IsPublic: 'true' }, 'us-west-1');
    const [published] = imagesIn(await ecs('DescribeImages', { ImageId: copyId }, 'us-west-1'));
    expect(published).toMatchObject({ IsPublic: true });
    expect(published?.Tags).toMatchObject({
      Tag: expect.arrayContaining([{ TagKey: 'stream', TagValue: 'stable' }]),
    });
    await expect(ecs('DeleteImage', { ImageId: copyId, Force: 'true' }, 'us-west-1')).rejects.toThrow('ImageIsPublic');
    await ecs('ModifyImageSharePermission', { ImageId: copyId, IsPublic: 'false' }, 'us-west-1');
    await deleteImage(copyId, 'us-west-1');
    await deleteImage(imageId, REGION);
    expect((await oss('DELETE', `/${BUCKET}/${OBJECT}`)).status).toBe(204);
    expect([cloud.world.images.size, cloud.world.snapshots.size, cloud.world.objects.size]).toEqual([0, 0, 0]);
  });
});

test('a session still needs its token, and a permanent key is refused with another token', async () => {
  const SecurityToken = randomUUID();
  const reply = await rpc(cloud.address, 'DescribeRegions', {}, { change: { SecurityToken } });
  expect(JSON.parse(reply.text).Code).toBe('InvalidSecurityToken.MismatchWithAccessKey');
});
