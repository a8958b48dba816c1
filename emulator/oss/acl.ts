/** The operations on the ACLs of buckets and objects. */
import { DEFAULT_ACL, OBJECT_ACL_HEADER, requestedBucketAcl, requestedObjectAcl } from './acl-values.js';
import {
  emptyAnswer,
  findBucket,
  header,
  type OssCall,
  type OssOperation,
  ossError,
  ownerTag,
  tag,
  xmlAnswer,
} from './call.js';
import { findObject } from './object-reads.js';

export const aclOperations: Readonly<Record<string, OssOperation>> = {
  GetBucketAcl: (call) => aclAnswer(call, findBucket(call).acl),
  PutBucketAcl: putBucketAcl,
  GetObjectAcl: (call) => aclAnswer(call, findObject(call).acl ?? DEFAULT_ACL),
  PutObjectAcl: putObjectAcl,
};

function putBucketAcl(call: OssCall) {
  const bucket = findBucket(call);
  call.world.buckets.put(bucket.name, { ...bucket, acl: requestedBucketAcl(call) });
  return emptyAnswer(200);
}

function putObjectAcl(call: OssCall) {
  const object = findObject(call);
  if (header(call, OBJECT_ACL_HEADER) === undefined) {
    const details = { ArgumentName: OBJECT_ACL_HEADER, ArgumentValue: '', EC: '0017-00000105' };
    throw ossError(400, 'InvalidArgument', `The header ${OBJECT_ACL_HEADER} is missing or empty.`, details);
  }
  call.world.objects.put(object.id, { ...object, acl: requestedObjectAcl(call) });
  return emptyAnswer(200);
}

function aclAnswer(call: OssCall, acl: string) {
  const list = `<AccessControlList>${tag('Grant', acl)}</AccessControlList>`;
  return xmlAnswer(`<AccessControlPolicy>${ownerTag(call)}${list}</AccessControlPolicy>`);
}
