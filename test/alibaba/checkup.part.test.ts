/** `doctor` and `policy` against the emulator: missing things are reported, no resources remain, and the least policy is sufficient. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CloudCheckup, checkCloud } from '../../alibaba/checkup.js';
import { createCloud } from '../../alibaba/create-cloud.js';
import { staticCredentials } from '../../alibaba/credentials.js';
import { leastPolicy, type PolicyDocument, type PolicyFeatures } from '../../alibaba/least-policy.js';
import type { DoctorCheck } from '../../domain/checkup.js';
import { bareImport } from '../support/alibaba/import-input.js';
import {
  ACCOUNT_KEYS,
  BUCKET,
  type Keys,
  type LocalCloud,
  REGION,
  startCloud,
} from '../support/emulator/local-cloud.js';

let local: LocalCloud;

beforeEach(async () => {
  local = await startCloud({ importSeconds: 0, copySeconds: 0, detectionSeconds: 0 });
  local.makeBucket(BUCKET);
});

afterEach(() => local.close());

const COPY_TO = 'cn-beijing';
const FEATURES: PolicyFeatures = {
  ...{ regions: [REGION], copyTo: [COPY_TO], buckets: [BUCKET], role: 'ensure', roleNames: [] },
  ...{ cloudBox: false, upload: true, share: true },
};

function cloudFor(keys: Keys = ACCOUNT_KEYS) {
  const url = `http://${local.address}`;
  const endpoints = { ecs: url, ram: url, sts: url, oss: url };
  return { cloud: createCloud({ endpoints, credentials: staticCredentials(keys), timeoutMs: 5_000 }), endpoints };
}

function setup(change: Partial<CloudCheckup> = {}, keys?: Keys): CloudCheckup {
  return {
    ...cloudFor(keys),
    ...{ region: REGION, bucket: BUCKET, role: 'ensure', roleName: null, cloudBox: false },
    ...{ copyTo: [COPY_TO], share: true, unique: 'doctor0123456789' },
    ...change,
  };
}

const named = (checks: readonly DoctorCheck[], name: string) => checks.find((check) => check.name === name);
const failures = (checks: readonly DoctorCheck[]) => checks.filter(({ status }) => status === 'failed');

describe('a correctly configured account', () => {
  test('passes every check', async () => {
    local.makeRole();
    const checks = await checkCloud(setup());
    expect(checks.filter(({ status }) => status !== 'ok')).toEqual([]);
    expect(named(checks, 'credentials')?.found).toContain('account 1000000000000001');
    expect(named(checks, 'role')?.found).toBe(`AliyunECSImageImportDefaultRole reads ${BUCKET}`);
  });

  test('is not changed by the checks', async () => {
    const count = () => {
      const { images, tasks, uploads, objects, roles, policies } = local.world;
      return [images, tasks, uploads, objects, roles, policies].map((records) => [...records.values()].length);
    };
    const before = count();
    await checkCloud(setup());
    expect(count()).toEqual(before);
  });
});

describe('the checks report', () => {
  /** Permissions that no check needs: the role is only created by an import, encryption may stay unknown, and GetCallerIdentity needs none. */
  const UNASKED = [
    ...['ram:CreateRole', 'ram:CreatePolicy', 'ram:AttachPolicyToRole', 'ram:GetPolicy'],
    ...['oss:GetBucketEncryption', 'sts:GetCallerIdentity'],
  ];
  const actions = leastPolicy(FEATURES).Statement.flatMap(({ Action }) => Action);

  test.each(actions.filter((action) => !UNASKED.includes(action)))('missing permission %s', async (missing) => {
    local.makeRole();
    // Where the bucket has no versions, nothing needs the permissions for them.
    if (missing.endsWith('Version') || missing.endsWith('Versions')) local.setVersioning(BUCKET, 'Enabled');
    const document = leastPolicy(FEATURES);
    const Statement = document.Statement.map((one) => ({
      ...one,
      Action: one.Action.filter((name) => name !== missing),
    }));
    const keys = local.makeUser('worker', {
      ...document,
      Statement: Statement.filter(({ Action }) => Action.length > 0),
    });
    const failed = failures(await checkCloud(setup({}, keys)));
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.map(({ name, found, remedy }) => `${name} ${found} ${remedy}`).join('\n')).toContain(missing);
    expect(failed.map(({ fault }) => fault)).toContain('person');
  });

  test('a wrong secret, and skip the other checks', async () => {
    const checks = await checkCloud(setup({}, { ...ACCOUNT_KEYS, accessKeySecret: 'wrong' }));
    expect(failures(checks)).toEqual([
      expect.objectContaining({ name: 'credentials', code: 'SignatureDoesNotMatch', fault: 'person' }),
    ]);
    expect(named(checks, 'bucket')?.status).toBe('skipped');
    expect(JSON.stringify(checks)).not.toContain('wrong');
  });

  test('a bucket in another region, an encrypted bucket, a missing bucket', async () => {
    local.makeBucket('far', 'cn-shanghai');
    local.makeBucket('sealed', REGION, true);
    const bucket = async (name: string) => named(await checkCloud(setup({ bucket: name })), 'bucket');
    expect(await bucket('far')).toMatchObject({ status: 'failed', code: 'InvalidOSSBucket.NotMatched' });
    expect(await bucket('sealed')).toMatchObject({ status: 'failed', found: expect.stringContaining('encrypts') });
    expect(await bucket('none')).toMatchObject({ status: 'failed', code: 'NoSuchBucket' });
  });

  test('a region that does not exist, for images and for copies', async () => {
    const own = await checkCloud(setup({ region: 'cn-atlantis' }));
    expect(failures(own)).toEqual([expect.objectContaining({ name: 'region', fault: 'request' })]);
    expect(own.find(({ name }) => name === 'region')?.remedy).toContain('cn-hangzhou');
    const copy = await checkCloud(setup({ copyTo: ['cn-atlantis'] }));
    expect(failures(copy)).toEqual([expect.objectContaining({ name: 'copy to', fault: 'request' })]);
  });

  test.each([
    ['Enabled', 'enabled: each version of an object is deleted by its ID'],
    ['Suspended', 'suspended: each version of an object is deleted by its ID'],
  ] as const)('a bucket with versioning %s, and leave no delete marker in it', async (state, found) => {
    local.makeRole();
    local.setVersioning(BUCKET, state);
    const checks = await checkCloud(setup());
    expect(named(checks, 'bucket versioning')).toMatchObject({ status: 'ok', found });
    expect(named(checks, 'oss:DeleteObjectVersion')?.status).toBe('ok');
    expect(failures(checks)).toEqual([]);
    expect([...local.world.versions.values()]).toEqual([]);
  });

  test('a retention policy, which does not let the service delete uploads', async () => {
    local.retain(BUCKET, 30);
    expect(named(await checkCloud(setup()), 'bucket retention')).toMatchObject({
      ...{ status: 'failed', code: 'Bucket.Retained', fault: 'person' },
      remedy: expect.stringContaining('upload.keepObject=true'),
    });
  });

  test('a missing role: a warning with ensure, a failure with verify', async () => {
    expect(named(await checkCloud(setup()), 'role')?.status).toBe('warning');
    expect(named(await checkCloud(setup({ role: 'verify' })), 'role')).toMatchObject({
      ...{ status: 'failed', code: 'NoSetRoletoECSServiceAccount', fault: 'person' },
    });
    expect(named(await checkCloud(setup({ role: 'skip' })), 'role')?.status).toBe('skipped');
  });

  test('an image quota that Quota Center reports → the row has it, for copies too; a full one fails', async () => {
    local.makeRole();
    local.set({ quotaImages: 7 });
    const checks = await checkCloud(setup());
    expect(named(checks, 'image quota')).toMatchObject({ found: `0 custom images of a quota of 7 in ${REGION}` });
    expect(named(checks, `image quota in ${COPY_TO}`)?.status).toBe('ok');
    local.set({ quotaImages: 0 });
    expect(named(await checkCloud(setup()), `image quota in ${COPY_TO}`)).toMatchObject({
      ...{ status: 'failed', code: 'QuotaExceed.Image', fault: 'person' },
    });
  });

  test.each([
    ['Forbidden.RAM', 'failed'],
    ['Throttling.User', 'warning'],
    ['Surprise.Unseen', 'warning'],
  ])('an image quota for which Quota Center answers %s → not verified (%s), never ok', async (code, status) => {
    local.makeRole();
    const response = await fetch(`http://${local.address}/_emulator/faults`, {
      method: 'POST',
      body: JSON.stringify({
        service: 'quotas',
        action: '*',
        kind: 'http',
        status: 403,
        code,
        message: 'no',
        times: -1,
      }),
    });
    expect(response.ok).toBe(true);
    for (const name of ['image quota', `image quota in ${COPY_TO}`]) {
      expect(named(await checkCloud(setup()), name)).toMatchObject({
        ...{ status, code, found: expect.stringContaining('not verified') },
        remedy: expect.stringContaining('quotas:GetProductQuota'),
      });
    }
  });

  test('a full image quota', async () => {
    local.makeRole();
    local.set({ quotaImages: 0 });
    await local.putObject('doctor0123456789.raw', Buffer.alloc(1024 * 1024));
    expect(named(await checkCloud(setup()), 'image quota')).toMatchObject({
      status: 'failed',
      code: 'QuotaExceed.Image',
    });
  });

  test.each([
    ['ecs', 'CancelTask', 'ecs:CancelTask', 'Surprise.Unseen', 'warning'],
    ['ecs', 'ImportImage', 'ecs:ImportImage', 'InvalidImageName.Malformed', 'warning'],
    ['ecs', 'DeleteImage', 'ecs:DeleteImage', 'InvalidAccountStatus.NotEnoughBalance', 'failed'],
    ['ecs', 'DescribeImageSharePermission', 'ecs:DescribeImageSharePermission', 'Forbidden.RAM', 'failed'],
    ['oss', 'DeleteObject', 'oss:DeleteObject', 'Surprise.Unseen', 'warning'],
    ['oss', 'DeleteObject', 'oss:DeleteObject', 'PublicEndpointForbidden', 'failed'],
  ])(
    'the answer to %s %s for %s that proves nothing: %s is %s, never ok',
    async (service, action, name, code, status) => {
      local.makeRole();
      const response = await fetch(`http://${local.address}/_emulator/faults`, {
        method: 'POST',
        body: JSON.stringify({ service, action, kind: 'http', status: 400, code, message: 'no', times: -1 }),
      });
      expect(response.ok).toBe(true);
      expect(named(await checkCloud(setup()), name)).toMatchObject({
        status,
        code,
        found: expect.stringContaining(code),
      });
    },
  );

  test('objects that cannot be transferred at the public endpoint', async () => {
    local.set({ account: { ...local.world.settings.account, publicOssAllowed: false } });
    expect(named(await checkCloud(setup()), 'oss:GetObject')).toMatchObject({
      ...{ status: 'failed', code: 'PublicEndpointForbidden', fault: 'person' },
    });
  });

  test('an unreachable cloud as a fault of the service', async () => {
    const other = await startCloud();
    await other.close();
    const endpoints = { sts: `http://${other.address}` };
    const cloud = createCloud({ endpoints, credentials: staticCredentials(ACCOUNT_KEYS) });
    const checks = await checkCloud(setup({ cloud, endpoints }));
    expect(failures(checks).map(({ name, code, fault }) => [name, code, fault])).toEqual([
      ['credentials', 'ECONNREFUSED', 'service'],
      ['clock', 'ECONNREFUSED', 'service'],
    ]);
    for (const { remedy } of failures(checks)) expect(remedy).toMatch(/^Check the network.* run doctor again/);
  });

  test('only region-independent results if no region is given', async () => {
    const checks = await checkCloud(setup({ region: null, bucket: null, copyTo: [] }));
    expect(checks.filter(({ status }) => status === 'ok').map(({ name }) => name)).toEqual(['credentials', 'clock']);
    expect(named(checks, 'bucket')?.remedy).toContain('--region');
  });
});

describe('the clock', () => {
  test.each([
    [20 * 60, 'failed', 'behind'],
    [-20 * 60, 'failed', 'ahead of'],
    [5 * 60, 'warning', 'behind'],
    [0, 'ok', 'in sync with'],
  ])('%i s from the cloud’s: %s, %s', async (seconds, status, direction) => {
    const server = http.createServer((_request, response) => {
      response.sendDate = false;
      response.setHeader('date', new Date(Date.now() + seconds * 1_000).toUTCString());
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const endpoints = { ...setup().endpoints, sts: `http://127.0.0.1:${port}` };
    const checks = await checkCloud(setup({ endpoints }));
    expect(named(checks, 'clock')).toMatchObject({ status, found: expect.stringContaining(direction) });
    server.close();
  });
});

describe('the least policy', () => {
  test('is sufficient for role, upload, import, copy and sharing, and for removing all of them', async () => {
    const { cloud } = cloudFor(local.makeUser('worker', leastPolicy(FEATURES)));
    await cloud.sts.getCallerIdentity();
    const role = await cloud.ram.setUpImportRole({
      mode: 'ensure',
      roleName: null,
      cloudBox: false,
      buckets: [BUCKET],
    });
    expect(role).toMatchObject({ madeRole: true, attachedPolicies: ['AliyunECSImageImportRolePolicy'] });
    const oss = cloud.oss(REGION);
    await oss.getBucket(BUCKET);
    await oss.tryUpload(BUCKET, 'key');
    await oss.deleteObject(BUCKET, 'key');
    const ecs = cloud.ecs(REGION);
    await local.putObject('web-01.raw', rawDisk());
    const disk = { bucket: BUCKET, object: 'web-01.raw', format: 'RAW', diskImageSizeGiB: 5 };
    const names = { region: REGION, clientToken: 'token', imageName: 'web-01' };
    const input = bareImport({ ...names, disks: [disk], tags: { 'ecs-image-import': 'imp-1' } });
    const { imageId, taskId } = await ecs.importImage(input);
    await ecs.describeTasks({ taskIds: [taskId] });
    await ecs.describeTaskAttribute(taskId);
    await until(async () => (await ecs.describeImages({ imageIds: [imageId] }))[0]?.status === 'Available');
    const copied = {
      imageName: 'web-01',
      description: null,
      resourceGroupId: null,
      tags: {},
      encrypted: null,
      kmsKeyId: null,
      clientToken: 'copy',
    };
    const copy = await ecs.copyImage({ imageId, toRegion: COPY_TO, ...copied });
    const there = cloud.ecs(COPY_TO);
    await until(async () => (await there.describeImages({ imageIds: [copy.imageId] }))[0]?.status === 'Available');
    await there.tagImage(copy.imageId, { team: 'web' });
    await there.encryptsByDefault();
    await there.modifyImage(copy.imageId, { nvmeSupport: 'supported' });
    await there.moveImageToGroup(copy.imageId, 'rg-web');
    await ecs.modifyImage(imageId, { bootMode: 'UEFI-Preferred' });
    await ecs.familiesOfImage(imageId);
    await ecs.describeFamilies();
    await ecs.imageQuota();
    local.set({ resourceShares: ['rs-web'] });
    await ecs.addToShare(imageId, 'rs-web');
    await ecs.shareAssociations(imageId, 'rs-web');
    await ecs.removeFromShare(imageId, 'rs-web');
    await ecs.dryRunShareImage(imageId, ['1000000000000002']);
    await ecs.shareImage(imageId, ['1000000000000002']);
    await ecs.unshareImage(imageId, await ecs.describeSharing(imageId));
    await there.deleteImage(copy.imageId);
    await ecs.deleteImage(imageId);
  });

  const actionsOf = (change: Partial<PolicyFeatures>) =>
    leastPolicy({ ...FEATURES, ...change }).Statement.flatMap(({ Action }) => Action);

  test('grants no permissions for unused features', () => {
    const least = actionsOf({ role: 'skip', copyTo: [], share: false, upload: false });
    expect(least.filter((action) => /^ram:|Copy|Share|Put|DeleteObject/.test(action))).toEqual([]);
    const { Statement } = leastPolicy({ ...FEATURES, copyTo: [] });
    // The snapshots of every image are tagged; images only where copies may have lost their tags.
    expect(Statement.find(({ Action }) => Action.includes('ecs:TagResources'))?.Resource).toEqual([
      `acs:ecs:${REGION}:*:snapshot/*`,
    ]);
    expect(actionsOf({ role: 'verify' }).filter((action) => /^ram:(Create|Attach)/.test(action))).toEqual([]);
  });

  test('is limited to regions, buckets and role: no write permission applies to all resources', () => {
    const { Statement }: PolicyDocument = leastPolicy({ ...FEATURES, roleNames: ['team-import'] });
    const wide = Statement.filter(({ Resource }) => Resource.includes('*')).flatMap(({ Action }) => Action);
    // The vendor documents no resource for these.
    const sharing = ['resourcesharing:AssociateResourceShare', 'resourcesharing:DisassociateResourceShare'];
    expect(wide.filter((action) => !/:(Describe|Get|List)/.test(action))).toEqual(['ecs:CancelTask', ...sharing]);
    const text = JSON.stringify(Statement);
    expect(text).toContain('acs:ram:*:*:role/team-import');
    expect(Statement.find(({ Action }) => Action.includes('ecs:ImportImage'))?.Resource).toEqual([
      `acs:ecs:${REGION}:*:image/*`,
    ]);
  });
});

async function until(seen: () => Promise<boolean>): Promise<void> {
  while (!(await seen())) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** A minimal disk that the emulator accepts: a partition table. */
function rawDisk(): Buffer {
  const disk = Buffer.alloc(1024 * 1024);
  disk.writeUInt16LE(0xaa55, 510);
  disk[446] = 0x80;
  disk[450] = 0x83;
  disk.writeUInt32LE(1, 454);
  disk.writeUInt32LE(2047, 458);
  return disk;
}
