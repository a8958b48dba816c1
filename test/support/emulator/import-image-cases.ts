/**
 * At least one case for each error code of the vendor's ImportImage document, with the product's classification of the
 * error. Every case changes a cloud and a request with which the import succeeds.
 */
import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { FailureClass } from '../../../domain/errors/failure.js';
import { BUCKET, importRequest, type LocalCloud, REGION } from './local-cloud.js';
import { dynamicVhd, fixedVhd, GIB, MIB, qcow2, raw, vmdk } from './made-disks.js';
import { ecsSdk } from './vendor-sdk.js';

export interface ErrorCase {
  readonly status: number;
  readonly code: string;
  /** A description of the cause. */
  readonly when: string;
  /** The class that the product assigns to the error; `success` for a successful dry run. */
  readonly failureClass: FailureClass | 'success';
  /** The request field that the product reports for the error. */
  readonly field?: string;
  readonly prepare?: (cloud: LocalCloud) => void | Promise<void>;
  readonly request?: Record<string, unknown>;
  /** The call, if it is not ImportImage with `request`. */
  readonly call?: (cloud: LocalCloud) => Promise<unknown>;
}

const disk = (fields: Record<string, unknown> = {}) => ({
  diskDeviceMapping: [{ OSSBucket: BUCKET, OSSObject: 'web-01.raw', ...fields }],
});
const disks = (...rest: Record<string, unknown>[]) => ({
  diskDeviceMapping: [{ OSSBucket: BUCKET, OSSObject: 'web-01.raw' }, ...rest],
});
const object = (key: string) => disk({ OSSObject: key });
const windows = { OSType: 'windows', platform: 'Windows Server 2019', licenseType: 'BYOL' };
const arn = `arn:acs:cloudbox:${REGION}:1000000000000001:cloudbox/cb-1`;

export const errorCases: readonly ErrorCase[] = [
  ...of(400, 'UnsupportedSuffix.OSSObject', 'request', 'disks[].source', {
    'an object named .iso': { request: object('web-01.iso') },
    'a compressed object': { request: object('dir/web-01.raw.gz') },
  }),
  ...of(400, 'MissingParameter', 'defect', undefined, {
    'no RegionId': { request: { regionId: undefined } },
    'no OSSBucket': { request: disk({ OSSBucket: undefined }) },
    'no OSSObject': { request: disk({ OSSObject: undefined }) },
    'no first disk': {
      request: { diskDeviceMapping: [{ device: '' }, { OSSBucket: BUCKET, OSSObject: 'web-01.raw' }] },
    },
  }),
  ...of(400, 'InvalidImageName.Malformed', 'request', 'imageName', {
    'one character': { request: { imageName: 'a' } },
    '129 characters': { request: { imageName: 'a'.repeat(129) } },
    'a digit first': { request: { imageName: '1web' } },
    'aliyun first': { request: { imageName: 'aliyun-web' } },
    'acs: first': { request: { imageName: 'acs:web' } },
    'http:// inside': { request: { imageName: 'web-http://x' } },
    'a space': { request: { imageName: 'web 01' } },
  }),
  ...of(400, 'InvalidOSSObject.Malformed', 'request', 'disks[].source', {
    'a key that starts with a slash': { request: object('/web-01.raw') },
    'a key of 1,024 bytes': { request: object(`${'k'.repeat(1020)}.raw`) },
  }),
  ...of(400, 'InvalidOSSBucket.Malformed', 'request', 'upload.bucket', {
    'a bucket in capitals': { request: disk({ OSSBucket: 'Images' }) },
    'a bucket of two letters': { request: disk({ OSSBucket: 'ab' }) },
  }),
  ...of(400, 'InvalidOSSObject.Size', 'request', 'disks[].source', {
    'an empty object': { prepare: (cloud) => cloud.putObject('web-01.raw', Buffer.alloc(0)) },
  }),
  ...of(400, 'InvalidDescription.Malformed', 'request', 'description', {
    'one character': { request: { description: 'd' } },
    '257 characters': { request: { description: 'd'.repeat(257) } },
    'https:// first': { request: { description: 'https://x' } },
  }),
  ...of(400, 'InvalidArchitecture.Malformed', 'request', 'architecture', {
    'an unknown architecture': { request: { architecture: 'riscv64' } },
  }),
  ...of(400, 'InvalidPlatform.Malformed', 'request', 'platform', {
    'an unknown platform': { request: { platform: 'Slackware' } },
    'a Linux platform for windows': { request: { ...windows, platform: 'Ubuntu' } },
    'a Windows platform for linux': { request: { platform: 'Windows Server 2019' } },
  }),
  ...of(400, 'InvalidOSType.Malformed', 'request', 'osType', {
    'an unknown system': { request: { OSType: 'solaris' } },
  }),
  ...of(400, 'InvalidImageName.Duplicated', 'request', 'imageName', {
    'a duplicate name': { prepare: importOnce },
  }),
  ...of(400, 'InvalidImageSize', 'request', 'disks[0].diskImageSize', {
    '0 GiB': { request: disk({ diskImageSize: 0 }) },
    '2049 GiB': { request: disk({ diskImageSize: 2049 }) },
    '2049 GiB in the deprecated parameter': { request: disk({ diskImSize: 2049 }) },
    'a system disk smaller than the image': {
      prepare: (cloud) => cloud.putObject('web-01.raw', qcow2({ virtualSize: 3 * GIB })),
      request: disk({ diskImageSize: 2 }),
    },
  }),
  ...of(400, 'InvalidDataDiskSize', 'request', 'disks[].diskImageSize', {
    'a data disk of 0 GiB': { request: disks({ OSSBucket: BUCKET, OSSObject: 'web-01.raw', diskImageSize: 0 }) },
    'a data disk smaller than its image': {
      prepare: (cloud) => cloud.putObject('data.qcow2', qcow2({ virtualSize: 3 * GIB })),
      request: disks({ OSSBucket: BUCKET, OSSObject: 'data.qcow2', diskImageSize: 2 }),
    },
  }),
  ...of(400, 'InvalidImageFormat.Malformed', 'request', 'disks[].format', {
    'an unknown format': { request: disk({ format: 'VDI' }) },
  }),
  ...of(400, 'InvalidRegionId.NotFound', 'request', 'region', {
    'an unknown region': { request: { regionId: 'cn-atlantis' } },
  }),
  ...of(400, 'InvalidRegion.NotSupport', 'request', 'region', {
    'a region without imports': { prepare: (cloud) => cloud.set({ regionsWithoutImport: [REGION] }) },
  }),
  ...of(400, 'InvalidOSSBucket.NotFound', 'request', 'upload.bucket', {
    'an unknown bucket': { request: disk({ OSSBucket: 'elsewhere' }) },
  }),
  ...of(400, 'InvalidOSSObject.NotFound', 'request', 'disks[].source', {
    'an unknown object': { request: object('web-02.raw') },
  }),
  ...of(400, 'InvalidOSSObject.NeedRestore', 'attention', 'disks[].source', {
    'an archived object': { prepare: (cloud) => cloud.putObject('web-01.raw', raw(), { storageClass: 'Archive' }) },
    'a cold archived object': {
      prepare: (cloud) => cloud.putObject('web-01.raw', raw(), { storageClass: 'ColdArchive' }),
    },
  }),
  ...of(400, 'InvalidOSSBucket.NotMatched', 'request', 'upload.bucket', {
    'a bucket in another region': { prepare: (cloud) => cloud.makeBucket(BUCKET, 'cn-beijing') },
  }),
  ...of(400, 'InvalidLicenseType.NotSupported', 'request', 'licenseType', {
    'an unknown license': { request: { ...windows, licenseType: 'Mine' } },
    'Windows without a license': { request: { ...windows, licenseType: undefined } },
  }),
  ...of(400, 'InvalidLicenseType.BYOLOnly', 'request', 'licenseType', {
    "the vendor's license for an unnamed Windows edition": {
      request: { ...windows, platform: 'Other Windows', licenseType: 'Aliyun' },
    },
  }),
  ...of(400, 'InvalidOSSBucket.FlowLimit', 'throttled', 'upload.bucket', {
    'a bucket with throttled reads': { prepare: (cloud) => cloud.set({ throttledBuckets: [BUCKET] }) },
  }),
  ...of(400, 'InvalidImageFormat.RegionNotSupported', 'request', 'disks[].format', {
    'a specified format that the region does not support': {
      prepare: (cloud) => cloud.set({ regionsWithoutFormat: [{ regionId: REGION, format: 'VHD' }] }),
      request: disk({ format: 'VHD' }),
    },
    'a detected format that the region does not support': {
      prepare: async (cloud) => {
        cloud.set({ regionsWithoutFormat: [{ regionId: REGION, format: 'QCOW2' }] });
        await cloud.putObject('web-01.raw', qcow2());
      },
    },
  }),
  ...of(400, 'InvalidBootMode.Malformed', 'request', 'bootMode', {
    'an unknown boot mode': { request: { bootMode: 'EFI' } },
    'a boot mode of ModifyImageAttribute only': { request: { bootMode: 'UEFI-Preferred' } },
  }),
  ...of(400, 'InvalidParameter.DetectionStrategy', 'request', 'detection.strategy', {
    'an unknown strategy': { request: { detectionStrategy: 'Deep' } },
  }),
  ...of(400, 'InvalidBootMode.NotSupport', 'request', 'bootMode', {
    'arm64 with BIOS': { request: { architecture: 'arm64', bootMode: 'BIOS' } },
  }),
  ...of(400, 'DRYRUN.SUCCESS', 'success', undefined, {
    'a successful dry run': { request: { dryRun: true } },
  }),
  ...of(400, 'InvalidClientToken.Malformed', 'defect', undefined, {
    '65 characters': { request: { clientToken: 't'.repeat(65) } },
    'a character beyond ASCII': { request: { clientToken: 'tökén' } },
  }),
  ...of(400, 'InvalidParameter.FeaturesImdsSupport', 'request', 'features.imdsSupport', {
    'an unknown mode': { request: { features: { imdsSupport: 'v3' } } },
  }),
  ...of(400, 'Account.Arrearage', 'attention', undefined, {
    'an outstanding payment': { prepare: (cloud) => setAccount(cloud, { arrearage: true }) },
  }),
  ...of(403, 'ImageIsImporting', 'transient', undefined, {
    'deletion of an importing image': {
      call: async (cloud) => {
        const { body } = await cloud.ecs().importImage(importRequest());
        const imageId = body?.imageId ?? '';
        return cloud.ecs().deleteImage(new (ecsSdk().DeleteImageRequest)({ regionId: REGION, imageId, force: true }));
      },
    },
  }),
  ...of(403, 'QuotaExceed.Image', 'attention', undefined, {
    'an exhausted image quota': {
      prepare: async (cloud) => {
        cloud.set({ quotaImages: 1 });
        await cloud.ecs().importImage(importRequest({ imageName: 'first' }));
      },
    },
  }),
  ...of(403, 'ImportImageFailed', 'attention', undefined, {
    'an object whose content is lost': { prepare: deleteBlobs },
  }),
  ...of(403, 'UserNotInTheWhiteList', 'attention', undefined, {
    'an account without access to image import': {
      prepare: (cloud) => setAccount(cloud, { importWhiteListed: false }),
    },
    'a VMDK in an account that is not invited': { prepare: (cloud) => cloud.putObject('web-01.raw', vmdk()) },
  }),
  ...of(403, 'NoSetRoletoECSServiceAcount', 'attention', 'roleName', {
    'no role': { prepare: (cloud) => cloud.world.roles.remove('aliyunecsimageimportdefaultrole') },
    'a role that does not trust ECS': {
      prepare: (cloud) => changeTrust(cloud, { Service: ['oss.aliyuncs.com'] }),
    },
    'a role without a policy': { prepare: dropPolicies },
    'a RoleName that does not exist': { request: { roleName: 'MyRole' } },
  }),
  ...of(403, 'InvalidParameter.Malformed', 'request', undefined, {
    'an invalid device name': { request: disk({ device: 'sda' }) },
  }),
  ...of(403, 'MissingParameter.DiskDeviceMapping', 'defect', 'disks', {
    'no disk': { request: { diskDeviceMapping: undefined } },
    'only disks beyond the 17th': {
      request: { diskDeviceMapping: [...Array(17).fill({}), { OSSBucket: BUCKET, OSSObject: 'web-01.raw' }] },
    },
  }),
  ...of(403, 'InvalidOSS.NotAuthorized', 'attention', 'upload.bucket', {
    'a role without permission for the bucket': {
      prepare: (cloud) => {
        dropPolicies(cloud);
        cloud.makeRole('AliyunECSImageImportDefaultRole', 'AliyunECSReadOnlyAccess');
      },
    },
  }),
  ...of(403, 'InvalidBlockSize.NotSupport', 'request', 'disks[].source', {
    'a VHD with blocks of 4 MiB': {
      prepare: (cloud) => cloud.putObject('web-01.raw', dynamicVhd({ blockSize: 4 * MIB })),
    },
  }),
  ...of(403, 'InvalidImageFormat.Malformed', 'request', 'disks[].format', {
    'content that is not QCOW2': { request: disk({ format: 'QCOW2' }) },
    'a truncated QCOW2': { prepare: (cloud) => cloud.putObject('web-01.raw', qcow2().subarray(0, 60_000)) },
    'a VHD without a footer': {
      prepare: (cloud) => cloud.putObject('web-01.raw', dynamicVhd().subarray(0, -512)),
    },
    'a fixed VHD whose footer has another size': {
      prepare: (cloud) => cloud.putObject('web-01.raw', Buffer.concat([raw(512), fixedVhd()])),
    },
    'a VDI': {
      prepare: (cloud) =>
        cloud.putObject('web-01.raw', Buffer.concat([Buffer.alloc(64), Buffer.from('7f10dabe', 'hex')], 4096)),
    },
    'a raw disk with a partial sector': { prepare: (cloud) => cloud.putObject('web-01.raw', raw(1000)) },
  }),
  ...of(403, 'ImageCheckUnsupported.WindowsImage', 'attention', 'detection.strategy', {
    'detection of an unsupported Windows': {
      request: { ...windows, platform: 'Windows Server 2003', detectionStrategy: 'Standard' },
    },
  }),
  ...of(403, 'InvalidVHDImage.IncorrectSize', 'request', 'disks[].source', {
    'a VHD whose table is too short for its size': {
      prepare: (cloud) => cloud.putObject('web-01.raw', dynamicVhd({ virtualSize: 8 * MIB, tableEntries: 3 })),
    },
  }),
  ...of(403, 'InvalidOSSBucket.EncryptUnsupported', 'request', 'upload.bucket', {
    'an encrypted bucket': { prepare: (cloud) => cloud.makeBucket(BUCKET, REGION, true) },
  }),
  ...of(403, 'InvalidArchitecture.PlatformUnsupported', 'request', 'architecture', {
    'Windows on arm64': { request: { ...windows, architecture: 'arm64' } },
  }),
  ...of(403, 'InvalidAccountStatus.OSSDisabled', 'attention', undefined, {
    'OSS is disabled': { prepare: (cloud) => setAccount(cloud, { ossEnabled: false }) },
  }),
  ...of(403, 'InvalidStorageLocation.NotFound', 'request', 'storageLocationArn', {
    'a malformed ARN': { request: { storageLocationArn: 'arn:x' } },
    'a CloudBox of another account': { request: { storageLocationArn: arn.replace('1000000000000001', '1') } },
    'a CloudBox of another region': { request: { storageLocationArn: arn.replace(REGION, 'cn-beijing') } },
    'an unknown CloudBox': {
      prepare: (cloud) => cloud.set({ cloudBoxes: [] }),
      request: { storageLocationArn: arn },
    },
  }),
  ...of(403, 'InvalidOperation.CloudBoxImageImportRoleRequired', 'attention', 'roleName', {
    'a CloudBox with only the default role': { request: { storageLocationArn: arn } },
  }),
  ...of(403, 'InvalidOperation.CloudBoxImageImportUnsupported', 'request', 'storageLocationArn', {
    'a CloudBox without image import': {
      prepare: (cloud) => cloud.set({ cloudBoxesWithoutImport: [`${REGION}/cb-1`] }),
      request: { storageLocationArn: arn },
    },
  }),
  ...of(403, 'TagKey.Duplication', 'request', 'tags', {
    'keys that differ only in case': { request: { tag: [{ key: 'Team' }, { key: 'team' }] } },
  }),
  ...of(404, 'InvalidResourceGroup.NotFound', 'request', 'resourceGroupId', {
    'an unknown resource group': {
      prepare: (cloud) => cloud.set({ resourceGroups: ['rg-other'] }),
      request: { resourceGroupId: 'rg-web' },
    },
  }),
  // The text of the document has a different name for one of the codes above, and a different spelling for another.
  ...of(400, 'DryRunOperation', 'success', undefined, {
    'a successful dry run, with the code in the text': {
      prepare: (cloud) => cloud.set({ dryRunCode: 'DryRunOperation' }),
      request: { dryRun: true },
    },
  }),
  ...of(403, 'NoSetRoletoECSServiceAccount', 'attention', 'roleName', {
    'no role, with the spelling in the text': {
      prepare: (cloud) => {
        cloud.set({ missingRoleCode: 'NoSetRoletoECSServiceAccount' });
        cloud.world.roles.remove('aliyunecsimageimportdefaultrole');
      },
    },
  }),
];

type Cause = Pick<ErrorCase, 'prepare' | 'request' | 'call'>;

function of(
  status: number,
  code: string,
  failureClass: ErrorCase['failureClass'],
  field: string | undefined,
  causes: Readonly<Record<string, Cause>>,
): readonly ErrorCase[] {
  return Object.entries(causes).map(([when, cause]) => ({
    status,
    code,
    when,
    failureClass,
    ...(field === undefined ? {} : { field }),
    ...cause,
  }));
}

async function importOnce(cloud: LocalCloud): Promise<void> {
  await cloud.ecs().importImage(importRequest());
}

function setAccount(cloud: LocalCloud, change: Partial<LocalCloud['world']['settings']['account']>): void {
  cloud.set({ account: { ...cloud.world.settings.account, ...change } });
}

function dropPolicies(cloud: LocalCloud): void {
  for (const id of [...cloud.world.attachments.ids()]) cloud.world.attachments.remove(id);
}

function changeTrust(cloud: LocalCloud, principal: object): void {
  const id = 'aliyunecsimageimportdefaultrole';
  const role = cloud.world.roles.get(id);
  if (role === undefined) throw new Error(`role ${id} does not exist`);
  const trust = { Version: '1', Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: principal }] };
  cloud.world.roles.put(id, { ...role, trustPolicy: JSON.stringify(trust) });
}

function deleteBlobs(cloud: LocalCloud): void {
  const blobs = path.join(cloud.folder, 'blobs');
  for (const file of readdirSync(blobs)) rmSync(path.join(blobs, file));
}
