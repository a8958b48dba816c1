/** The values of the ACLs of buckets and objects. */
import { header, type OssCall, ossError } from './call.js';

const BUCKET_ACLS = ['private', 'public-read', 'public-read-write'];
/** The ACL of the bucket applies to the object. */
export const DEFAULT_ACL = 'default';

export const OBJECT_ACL_HEADER = 'x-oss-object-acl';

export function requestedBucketAcl(call: OssCall): string {
  const requested = header(call, 'x-oss-acl') ?? 'private';
  if (BUCKET_ACLS.includes(requested)) return requested;
  throw unknownAcl('bucket', 'x-oss-acl', requested, '0015-00000204');
}

/** The ACL in the header of a request that creates or changes an object. */
export function requestedObjectAcl(call: OssCall): string {
  const requested = header(call, OBJECT_ACL_HEADER) ?? DEFAULT_ACL;
  if (requested === DEFAULT_ACL || BUCKET_ACLS.includes(requested)) return requested;
  throw unknownAcl('object', OBJECT_ACL_HEADER, requested);
}

/** What anonymous users may do with the object, or with a new object of this key. */
export function effectiveAcl({ world, bucket, key }: Pick<OssCall, 'world' | 'bucket' | 'key'>): string {
  const own = world.objects.get(`${bucket}/${key}`)?.acl ?? DEFAULT_ACL;
  return own === DEFAULT_ACL ? (world.buckets.get(bucket)?.acl ?? 'private') : own;
}

function unknownAcl(of: string, name: string, value: string, ec?: string) {
  const details = { ArgumentName: name, ArgumentValue: value, ...(ec === undefined ? {} : { EC: ec }) };
  return ossError(400, 'InvalidArgument', `no such ${of} access control exists`, details);
}
