/** Operations on buckets. */
import type { BucketRecord } from '../model.js';
import { requestedBucketAcl } from './acl-values.js';
import {
  emptyAnswer,
  findBucket,
  limitOf,
  type OssCall,
  type OssOperation,
  ossError,
  ossTime,
  ownerTag,
  readText,
  tag,
  tagsIn,
  xmlAnswer,
} from './call.js';
import { cloudBoxOfHost, placeOfHost } from './location.js';
import { STORAGE_CLASSES } from './object-headers.js';

export const bucketOperations: Readonly<Record<string, OssOperation>> = {
  ListBuckets: listBuckets,
  PutBucket: putBucket,
  DeleteBucket: deleteBucket,
  GetBucketInfo: (call) => xmlAnswer(`<BucketInfo><Bucket>${describe(call, findBucket(call))}</Bucket></BucketInfo>`),
  GetBucketLocation: (call) => xmlAnswer(tag('LocationConstraint', `oss-${placeOf(findBucket(call))}`)),
  GetBucketEncryption: getEncryption,
  PutBucketEncryption: putEncryption,
  DeleteBucketEncryption: deleteEncryption,
  PutBucketTransferAcceleration: putAcceleration,
  GetBucketTransferAcceleration: (call) =>
    xmlAnswer(
      `<TransferAccelerationConfiguration>${tag('Enabled', findBucket(call).accelerated === true)}</TransferAccelerationConfiguration>`,
    ),
};

function listBuckets(call: OssCall) {
  const prefix = call.query.prefix ?? '';
  const marker = call.query.marker ?? '';
  const max = call.query['max-keys'] ? limitOf(call, 'max-keys', 1000) : 100;
  const all = [...call.world.buckets.values()]
    .filter(({ name }) => name.startsWith(prefix) && name > marker)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const page = all.slice(0, max);
  const paging = [
    tag('Prefix', prefix),
    tag('Marker', marker),
    tag('MaxKeys', max),
    tag('IsTruncated', all.length > page.length),
    ...(all.length > page.length ? [tag('NextMarker', page.at(-1)?.name ?? '')] : []),
  ];
  const buckets = page.map((bucket) => `<Bucket>${fields(bucket)}</Bucket>`).join('');
  return xmlAnswer(
    `<ListAllMyBucketsResult>${ownerTag(call)}${paging.join('')}<Buckets>${buckets}</Buckets></ListAllMyBucketsResult>`,
  );
}

async function putBucket(call: OssCall) {
  const body = await readText(call);
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(call.bucket)) {
    throw ossError(400, 'InvalidBucketName', 'The specified bucket is not valid.', { BucketName: call.bucket });
  }
  const [storageClass = 'Standard'] = tagsIn(body, 'StorageClass');
  if (!STORAGE_CLASSES.has(storageClass)) throw ossError(400, 'InvalidStorageClass', 'The storage class is not valid.');
  const regionId = requestedRegion(call, body);
  const known = call.world.buckets.get(call.bucket);
  if (known !== undefined && known.regionId !== regionId) {
    const message = 'The requested bucket name is not available. Please select a different name and try again.';
    throw ossError(409, 'BucketAlreadyExists', message, { BucketName: call.bucket });
  }
  const place = placeOfHost(call.host);
  const cloudBoxId = cloudBoxOfHost(call.host);
  if (known === undefined) {
    call.world.buckets.put(call.bucket, {
      name: call.bucket,
      regionId,
      storageClass,
      acl: requestedBucketAcl(call),
      createdAt: call.now,
      encryption: null,
      ...(cloudBoxId === null ? {} : { cloudBoxId }),
      ...(place === null || place === regionId ? {} : { place }),
    });
  }
  return emptyAnswer(200, { location: `/${call.bucket}` });
}

/** The location constraint in the body (`oss-cn-…`), else the region of the endpoint. */
function requestedRegion(call: OssCall, body: string): string {
  const [constraint] = tagsIn(body, 'LocationConstraint');
  return constraint?.replace(/^oss-/, '') ?? call.region ?? 'cn-hangzhou';
}

function deleteBucket(call: OssCall) {
  const bucket = findBucket(call);
  const used = [...call.world.objects.values()].some((object) => object.bucket === bucket.name);
  const hasVersions = [...call.world.versions.values()].some((version) => version.bucket === bucket.name);
  if (used || hasVersions || call.world.objectIndex.uploadsOf(bucket.name).length > 0) {
    throw ossError(409, 'BucketNotEmpty', 'The bucket you tried to delete is not empty.', { BucketName: bucket.name });
  }
  call.world.buckets.remove(bucket.name);
  return emptyAnswer(204);
}

function getEncryption(call: OssCall) {
  const { encryption } = findBucket(call);
  if (encryption === null) {
    const message = 'The server side encryption configuration does not exist.';
    throw ossError(404, 'NoSuchServerSideEncryptionRule', message, { BucketName: call.bucket });
  }
  return xmlAnswer(`<ServerSideEncryptionRule>${encryptionRule(encryption)}</ServerSideEncryptionRule>`);
}

async function putEncryption(call: OssCall) {
  const bucket = findBucket(call);
  const body = await readText(call);
  const [algorithm = ''] = tagsIn(body, 'SSEAlgorithm');
  const [kmsKeyId = ''] = tagsIn(body, 'KMSMasterKeyID');
  if (!['AES256', 'KMS', 'SM4'].includes(algorithm)) {
    throw ossError(400, 'InvalidEncryptionAlgorithmError', 'The Encryption request you specified is not valid.');
  }
  call.world.buckets.put(bucket.name, { ...bucket, encryption: { algorithm, kmsKeyId } });
  return emptyAnswer(200);
}

function deleteEncryption(call: OssCall) {
  const bucket = findBucket(call);
  call.world.buckets.put(bucket.name, { ...bucket, encryption: null });
  return emptyAnswer(204);
}

async function putAcceleration(call: OssCall) {
  const bucket = findBucket(call);
  const [enabled = ''] = tagsIn(await readText(call), 'Enabled');
  if (!['true', 'false'].includes(enabled)) {
    throw ossError(400, 'MalformedXML', 'The XML you provided was not well-formed or did not validate.');
  }
  call.world.buckets.put(bucket.name, { ...bucket, accelerated: enabled === 'true' });
  return emptyAnswer(200);
}

function encryptionRule(encryption: NonNullable<BucketRecord['encryption']>): string {
  const { algorithm, kmsKeyId } = encryption;
  const rule = `${tag('SSEAlgorithm', algorithm)}${kmsKeyId === '' ? '' : tag('KMSMasterKeyID', kmsKeyId)}`;
  return `<ApplyServerSideEncryptionByDefault>${rule}</ApplyServerSideEncryptionByDefault>`;
}

function placeOf({ place, regionId }: BucketRecord): string {
  return place ?? regionId;
}

function acl(bucket: BucketRecord): string {
  return `<AccessControlList>${tag('Grant', bucket.acl)}</AccessControlList>`;
}

function fields(bucket: BucketRecord): string {
  const place = placeOf(bucket);
  return [
    tag('Name', bucket.name),
    tag('Location', `oss-${place}`),
    tag('Region', bucket.regionId),
    tag('CreationDate', ossTime(bucket.createdAt)),
    tag('ExtranetEndpoint', `oss-${place}.aliyuncs.com`),
    tag('IntranetEndpoint', `oss-${place}-internal.aliyuncs.com`),
    tag('StorageClass', bucket.storageClass),
  ].join('');
}

function describe(call: OssCall, bucket: BucketRecord): string {
  const { encryption } = bucket;
  const rule = encryption === null ? tag('SSEAlgorithm', 'None') : tag('SSEAlgorithm', encryption.algorithm);
  const key = encryption === null || encryption.kmsKeyId === '' ? '' : tag('KMSMasterKeyID', encryption.kmsKeyId);
  return [
    fields(bucket),
    tag('DataRedundancyType', 'LRS'),
    tag('AccessMonitor', 'Disabled'),
    tag('BlockPublicAccess', false),
    tag('CrossRegionReplication', 'Disabled'),
    tag('TransferAcceleration', bucket.accelerated === true ? 'Enabled' : 'Disabled'),
    ...(bucket.versioning === undefined ? [] : [tag('Versioning', bucket.versioning)]),
    ownerTag(call),
    acl(bucket),
    `<ServerSideEncryptionRule>${rule}${key}</ServerSideEncryptionRule>`,
    '<BucketPolicy><LogBucket></LogBucket><LogPrefix></LogPrefix></BucketPolicy>',
  ].join('');
}
