/** ListObjects and ListObjectsV2. */
import type { ObjectRecord } from '../model.js';
import {
  encodeKey,
  findBucket,
  limitOf,
  type OssCall,
  type OssOperation,
  ossTime,
  ownerTag,
  tag,
  xmlAnswer,
} from './call.js';
import { compareNames } from './name-order.js';

export const listingOperations: Readonly<Record<string, OssOperation>> = {
  ListObjects: (call) => list(call, call.query.marker ?? '', 'v1'),
  ListObjectsV2: (call) =>
    list(call, decodeToken(call.query['continuation-token']) || (call.query['start-after'] ?? ''), 'v2'),
};

function list(call: OssCall, after: string, generation: 'v1' | 'v2') {
  findBucket(call);
  const prefix = call.query.prefix ?? '';
  const delimiter = call.query.delimiter ?? '';
  const max = call.query['max-keys'] ? limitOf(call, 'max-keys', 1000) : 100;
  const objects = [...call.world.objects.values()]
    .filter(
      (object) => object.bucket === call.bucket && object.key.startsWith(prefix) && compareNames(object.key, after) > 0,
    )
    .sort((a, b) => compareNames(a.key, b.key));
  const contents: ObjectRecord[] = [];
  const shared = new Set<string>();
  let last = '';
  let truncated = false;
  for (const object of objects) {
    const at = delimiter === '' ? -1 : object.key.indexOf(delimiter, prefix.length);
    const group = at === -1 ? null : object.key.slice(0, at + delimiter.length);
    if (group !== null && (shared.has(group) || group === after)) continue;
    if (contents.length + shared.size >= max) {
      truncated = true;
      break;
    }
    if (group === null) contents.push(object);
    else shared.add(group);
    last = group ?? object.key;
  }
  const paging =
    generation === 'v1'
      ? `${tag('Marker', encodeKey(call, after))}${truncated ? tag('NextMarker', encodeKey(call, last)) : ''}`
      : `${tag('StartAfter', encodeKey(call, call.query['start-after'] ?? ''))}${tag('KeyCount', contents.length + shared.size)}` +
        `${truncated ? tag('NextContinuationToken', Buffer.from(last).toString('base64')) : ''}`;
  const withOwner = generation === 'v1' || call.query['fetch-owner'] === 'true';
  const fields = [
    tag('Name', call.bucket),
    tag('Prefix', encodeKey(call, prefix)),
    tag('MaxKeys', max),
    tag('Delimiter', encodeKey(call, delimiter)),
    ...(call.query['encoding-type'] === 'url' ? [tag('EncodingType', 'url')] : []),
    tag('IsTruncated', truncated),
    paging,
    ...contents.map((object) => describe(call, object, withOwner)),
    ...[...shared].map((name) => `<CommonPrefixes>${tag('Prefix', encodeKey(call, name))}</CommonPrefixes>`),
  ];
  return xmlAnswer(`<ListBucketResult>${fields.join('')}</ListBucketResult>`);
}

function describe(call: OssCall, object: ObjectRecord, withOwner: boolean): string {
  const fields = [
    tag('Key', encodeKey(call, object.key)),
    tag('LastModified', ossTime(object.modifiedAt)),
    tag('ETag', `"${object.etag}"`),
    tag('Type', object.type),
    tag('Size', object.size),
    tag('StorageClass', object.storageClass),
    ...(withOwner ? [ownerTag(call)] : []),
  ];
  return `<Contents>${fields.join('')}</Contents>`;
}

function decodeToken(token: string | undefined): string {
  return token === undefined ? '' : Buffer.from(token, 'base64').toString();
}
