/** Checks that ECS can read the objects of an import: first the role, then each bucket, then its object. */

import { ApiError } from '../errors.js';
import { documentsOf } from '../identity.js';
import type { ObjectRecord } from '../model.js';
import { isFrozen } from '../oss/archive.js';
import { evaluate, parsePolicy, trusts } from '../ram/permissions.js';
import { type ApiCall, given } from '../rpc-call.js';
import { importError } from './import-errors.js';
import type { DiskParams } from './import-params.js';

const DEFAULT_ROLE = 'AliyunECSImageImportDefaultRole';
const CLOUD_BOX_ROLE = 'AliyunECSCloudBoxImageImportDefaultRole';
const REQUIRED_ACTIONS = ['GetBucketLocation', 'GetBucketInfo', 'GetObject'] as const;

/** The objects of the disks, in the order of the disks. */
export function openObjects(call: ApiCall, regionId: string, disks: readonly DiskParams[]): readonly ObjectRecord[] {
  const cloudBoxId = cloudBoxOf(call, regionId);
  const cloudBox = cloudBoxId !== null;
  if (!call.world.settings.account.ossEnabled) throw importError('InvalidAccountStatus.OSSDisabled');
  const roleName = given(call, 'RoleName') ?? (cloudBox ? CLOUD_BOX_ROLE : DEFAULT_ROLE);
  const product = cloudBox ? 'oss-cloudbox' : 'oss';
  const mayRead = roleReader(call, roleName, product);
  if (mayRead === null)
    throw cloudBox ? importError('InvalidOperation.CloudBoxImageImportRoleRequired') : missingRole(call);
  return disks.map((disk) => openObject(call, { regionId, cloudBoxId }, disk, mayRead));
}

function missingRole(call: ApiCall): ApiError {
  const { status, message } = importError('NoSetRoletoECSServiceAcount');
  return new ApiError(status, call.world.settings.missingRoleCode, message);
}

/** Null: the import reads the OSS of the region. */
function cloudBoxOf(call: ApiCall, regionId: string): string | null {
  const arn = given(call, 'StorageLocationArn');
  if (arn === undefined) return null;
  const [, region, account, id = ''] = /^arn:acs:cloudbox:([^:]+):(\d+):cloudbox\/(cb-.+)$/.exec(arn) ?? [];
  const { cloudBoxes, cloudBoxesWithoutImport } = call.world.settings;
  const name = `${region}/${id}`;
  const known = cloudBoxes === null || [...cloudBoxes, ...cloudBoxesWithoutImport].includes(name);
  if (region !== regionId || account !== call.world.accountId || !known) {
    throw importError('InvalidStorageLocation.NotFound', arn);
  }
  if (cloudBoxesWithoutImport.includes(name)) throw importError('InvalidOperation.CloudBoxImageImportUnsupported');
  return id;
}

type MayRead = (bucket: string, object: string) => boolean;

/** Null if ECS cannot assume the role, or the role has no policy. */
function roleReader(call: ApiCall, roleName: string, product: string): MayRead | null {
  const role = call.world.roles.get(roleName.toLowerCase());
  if (role === undefined || !trusts(parsePolicy(role.trustPolicy, 'trust'), { service: 'ecs.aliyuncs.com' }))
    return null;
  const documents = documentsOf(call.world, `role/${role.roleName}`);
  if (documents.length === 0) return null;
  return (bucket, object) =>
    REQUIRED_ACTIONS.every((action) => {
      const path = action === 'GetObject' ? `${bucket}/${object}` : bucket;
      return (
        evaluate(documents, `${product}:${action}`, `acs:${product}:*:${call.world.accountId}:${path}`) === 'allow'
      );
    });
}

function openObject(
  call: ApiCall,
  { regionId, cloudBoxId }: { readonly regionId: string; readonly cloudBoxId: string | null },
  disk: DiskParams,
  mayRead: MayRead,
): ObjectRecord {
  const { world } = call;
  const bucket = world.buckets.get(disk.bucket);
  if (bucket === undefined)
    throw importError(world.ofBucket(disk.bucket) ? 'InvalidOSS.NotAuthorized' : 'InvalidOSSBucket.NotFound');
  const isShared = bucket.cloudBoxId === undefined && world.settings.cloudBoxStorage === 'shared';
  if (!isShared && (bucket.cloudBoxId ?? null) !== cloudBoxId) throw importError('InvalidOSSBucket.NotFound');
  if (!mayRead(disk.bucket, disk.object)) throw importError('InvalidOSS.NotAuthorized');
  if (bucket.regionId !== regionId) {
    const detail = `the bucket "${bucket.name}" is in region ${bucket.regionId}, not in ${regionId}`;
    throw importError('InvalidOSSBucket.NotMatched', detail);
  }
  if (bucket.encryption !== null) throw importError('InvalidOSSBucket.EncryptUnsupported');
  if (world.settings.throttledBuckets.includes(bucket.name)) {
    throw importError(
      'InvalidOSSBucket.FlowLimit',
      `The bucket "${bucket.name}" is limited in its flow, try it later.`,
    );
  }
  const object = world.objects.get(`${disk.bucket}/${disk.object}`);
  if (object === undefined) throw importError('InvalidOSSObject.NotFound');
  if (isFrozen(object, call.now)) throw importError('InvalidOSSObject.NeedRestore');
  if (object.size === 0) throw importError('InvalidOSSObject.Size');
  return object;
}
