/** The versioning of a bucket, and ListObjectVersions. */
import {
  emptyAnswer,
  encodeKey,
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
import { compareNames } from './name-order.js';
import { type Version, versionsOf } from './version-history.js';

export const versioningOperations: Readonly<Record<string, OssOperation>> = {
  PutBucketVersioning: putVersioning,
  GetBucketVersioning: (call) => {
    const { versioning } = findBucket(call);
    const status = versioning === undefined ? '' : tag('Status', versioning);
    return xmlAnswer(`<VersioningConfiguration>${status}</VersioningConfiguration>`);
  },
  ListObjectVersions: listVersions,
};

async function putVersioning(call: OssCall) {
  const bucket = findBucket(call);
  const [versioning] = tagsIn(await readText(call), 'Status');
  if (versioning !== 'Enabled' && versioning !== 'Suspended') {
    throw ossError(400, 'MalformedXML', 'The XML you provided was not well-formed.');
  }
  if (bucket.retention !== undefined) {
    throw ossError(409, 'InvalidBucketState', 'A bucket with a retention policy cannot be versioned.');
  }
  call.world.buckets.put(bucket.name, { ...bucket, versioning });
  return emptyAnswer(200);
}

/** Keys in order, and the versions of a key from the newest. */
function listVersions(call: OssCall) {
  findBucket(call);
  const { world, bucket, query } = call;
  const prefix = query.prefix ?? '';
  const delimiter = query.delimiter ?? '';
  const keyMarker = query['key-marker'] ?? '';
  const versionMarker = query['version-id-marker'] ?? '';
  const max = query['max-keys'] ? limitOf(call, 'max-keys', 1000) : 100;
  const keys = new Set([...world.objects.values(), ...world.versions.values()].flatMap(keyIn(bucket, prefix)));
  const shared = new Set<string>();
  const all = [...keys].sort(compareNames).flatMap((key) => {
    const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (at === -1) return versionsOf(world, bucket, key);
    const group = key.slice(0, at + delimiter.length);
    if (compareNames(group, keyMarker) > 0) shared.add(group);
    return [];
  });
  const marked = all.findIndex(({ key, versionId }) => key === keyMarker && versionId === versionMarker);
  const rest =
    versionMarker !== '' && marked !== -1
      ? all.slice(marked + 1)
      : all.filter(({ key }) => compareNames(key, keyMarker) > 0);
  const page = rest.slice(0, max);
  const last = page.at(-1);
  const isTruncated = rest.length > page.length && last !== undefined;
  const fields = [
    tag('Name', bucket),
    tag('Prefix', encodeKey(call, prefix)),
    tag('KeyMarker', encodeKey(call, keyMarker)),
    tag('VersionIdMarker', versionMarker),
    tag('MaxKeys', max),
    tag('Delimiter', encodeKey(call, delimiter)),
    ...(query['encoding-type'] === 'url' ? [tag('EncodingType', 'url')] : []),
    tag('IsTruncated', isTruncated),
    ...(isTruncated
      ? [tag('NextKeyMarker', encodeKey(call, last.key)), tag('NextVersionIdMarker', last.versionId)]
      : []),
    ...page.map((version) => describe(call, version)),
    ...[...shared].map((name) => `<CommonPrefixes>${tag('Prefix', encodeKey(call, name))}</CommonPrefixes>`),
  ];
  return xmlAnswer(`<ListVersionsResult>${fields.join('')}</ListVersionsResult>`);
}

function keyIn(bucket: string, prefix: string) {
  return (record: { readonly bucket: string; readonly key: string }): readonly string[] =>
    record.bucket === bucket && record.key.startsWith(prefix) ? [record.key] : [];
}

function describe(call: OssCall, { key, versionId, object, modifiedAt, isLatest }: Version): string {
  const fields = [
    tag('Key', encodeKey(call, key)),
    tag('VersionId', versionId),
    tag('IsLatest', isLatest),
    tag('LastModified', ossTime(modifiedAt)),
  ];
  if (object === null) return `<DeleteMarker>${fields.join('')}${ownerTag(call)}</DeleteMarker>`;
  const { etag, type, size, storageClass } = object;
  const more = [tag('ETag', `"${etag}"`), tag('Type', type), tag('Size', size), tag('StorageClass', storageClass)];
  return `<Version>${[...fields, ...more].join('')}${ownerTag(call)}</Version>`;
}
