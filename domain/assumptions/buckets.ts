/** OSS: endpoints, buckets, versions, retention. */
import type { Assumption } from './entry.js';

export const BUCKETS = [
  {
    id: 'public-endpoint-read',
    assumed:
      'Where an account may not transfer objects at the public endpoint, a GET of a key that does not exist already answers 400 PublicEndpointForbidden. A 404 NoSuchKey shows that transfers are allowed.',
    source: 'Help page “PublicEndpointForbidden”; it shows the error for uploads only.',
    checkedBy: 'doctor',
    steps: ['ossutil cat oss://BUCKET/ecs-image-import/no-such-object --region REGION'],
    otherwise:
      'Preflight and doctor do not find the restriction. The first call of the upload answers PublicEndpointForbidden, and the import stops in attention with the same remedy.',
  },
  {
    id: 'accelerate-disabled',
    assumed:
      'The accelerate endpoint answers 403 AccessDenied “must be addressed using the specified endpoint” for a bucket without transfer acceleration, and GetBucketInfo reports TransferAcceleration as Enabled or Disabled.',
    source: 'No page shows the answer; GetBucketInfo is documented.',
    checkedBy: 'hand',
    steps: ['ossutil stat oss://BUCKET -e oss-accelerate.aliyuncs.com --region REGION'],
    otherwise: 'Preflight stops with the code of OSS instead of Upload.AccelerationNotEnabled.',
  },
  {
    id: 'domain-not-bound',
    assumed: 'A domain that points to OSS and is bound to no bucket answers NoSuchBucket.',
    source: 'No page shows the answer.',
    checkedBy: 'hand',
    steps: [
      'Point a domain to BUCKET.oss-REGION.aliyuncs.com without binding it, set OSS_BUCKET_ENDPOINTS=BUCKET=http://DOMAIN and run ecs-image-import doctor --region REGION --bucket BUCKET',
    ],
    otherwise: 'The import stops with the code of OSS instead of Upload.DomainNotBound.',
  },
  {
    id: 'internal-endpoint-anonymous',
    assumed: 'Without a signature, the internal endpoint answers a request for a bucket with an error of OSS.',
    source: 'Reference of GetBucket (ListObjects); not documented for internal endpoints.',
    checkedBy: 'hand',
    steps: ['On ECS in REGION: curl "https://BUCKET.oss-REGION-internal.aliyuncs.com/?max-keys=1"'],
    otherwise:
      'With auto, the upload uses the public endpoint, and with internal it stops with Upload.EndpointUnreachable.',
  },
  {
    id: 'cloudbox-permissions',
    assumed:
      'OSS on a CloudBox checks the actions of OSS with the prefix oss-cloudbox, on acs:oss-cloudbox:REGION:ACCOUNT:cloudbox/CLOUDBOX_ID/bucket/BUCKET, for objects with /object/KEY after it.',
    source:
      'Help page on RAM policies for OSS on CloudBox (2025), for the form of resources; it does not list every action.',
    checkedBy: 'hand',
    steps: [
      'Attach what ecs-image-import policy --cloud-box --bucket BUCKET prints to a RAM user, and import an image with storageLocationArn as this user',
    ],
    otherwise: 'The import stops in attention with AccessDenied, which names the missing action.',
  },
  {
    id: 'cloudbox-oss',
    assumed:
      'OSS on a CloudBox is at CLOUDBOX_ID.REGION.oss-cloudbox.aliyuncs.com, signed with V4 for the product oss-cloudbox and the ID of the CloudBox instead of the region.',
    source: 'Help page “OSS on CloudBox”; the SDKs for Go, Python and Node.js sign so.',
    checkedBy: 'hand',
    steps: [
      'In a VPC of the CloudBox: set OSS_CLOUDBOX_ENDPOINTS and import an image with storageLocationArn and a bucket of the CloudBox',
    ],
    otherwise:
      'Uploads stop with SignatureDoesNotMatch. Upload the disks with another tool and name them as oss:// objects.',
  },
  {
    id: 'chunked-parts',
    assumed: 'UploadPart accepts a body in chunked encoding, without Content-Length. Only disks above 612 GiB need it.',
    source:
      'Help page “411 error”: Content-Length or chunked encoding; the SDK for Java has UploadPartRequest.setUseChunkEncoding and sends such parts in its integration tests. The reference of UploadPart shows Content-Length only.',
    checkedBy: 'hand',
    steps: [
      'Import a raw disk of 1 TiB with 100 MiB of random bytes at its start, with upload.convert qcow2, and read the debug log: UploadPart succeeds',
    ],
    otherwise:
      'After the first answer MissingContentLength, an upload compresses each large part twice: once to learn its length, once to send it.',
  },
  {
    id: 'bucket-versioning',
    assumed:
      'GetBucketVersioning answers Enabled or Suspended, and no Status if versioning was never enabled. It cannot be disabled again.',
    source: 'Reference of GetBucketVersioning (2025-02-18).',
    checkedBy: 'doctor',
    steps: ['ossutil api get-bucket-versioning --bucket BUCKET --region REGION'],
    otherwise:
      'If an answer has another form, the bucket counts as not versioned until the response to a delete has x-oss-version-id or x-oss-delete-marker.',
  },
  {
    id: 'list-versions',
    assumed:
      'ListObjectVersions with a key as the prefix lists the versions and delete markers of this key first, from the newest, with pages of at most 1,000; in a bucket without versioning, objects have the version null.',
    source: 'Reference of ListObjectVersions; it does not describe buckets without versioning.',
    checkedBy: 'doctor',
    steps: [
      'ossutil api list-object-versions --bucket BUCKET --prefix ecs-image-import/no-such-object --region REGION',
    ],
    otherwise: 'The removal of an object stops in attention with the code, or UnreadableAnswer.',
  },
  {
    id: 'delete-unknown-version',
    assumed:
      'DeleteObject with versionId=null of a key that does not exist succeeds and adds no delete marker, with and without versioning.',
    source: 'Help page “Delete objects” of versioned buckets; it does not describe missing versions.',
    checkedBy: 'doctor',
    steps: [
      'ossutil api delete-object --bucket BUCKET --key ecs-image-import/no-such-object --version-id null --region REGION',
    ],
    otherwise:
      'The check of oss:DeleteObjectVersion in doctor reads “not verified”, or leaves a delete marker under ecs-image-import/. Imports are not affected: they delete only versions that were listed.',
  },
  {
    id: 'delete-marker',
    assumed:
      'In a versioned bucket, DeleteObject without a version answers 204 with x-oss-delete-marker: true and x-oss-version-id, also if versioning is suspended.',
    source: 'Help page “Delete marker” (2025-03-22).',
    checkedBy: 'hand',
    steps: [
      'ossutil api put-bucket-versioning --bucket BUCKET --versioning-configuration \'{"Status":"Enabled"}\' --region REGION (it cannot be undone: use a new bucket)',
      'Import an image with this bucket, then ossutil api list-object-versions --bucket BUCKET --region REGION: no version and no delete marker remains',
    ],
    otherwise:
      'A worker that could not read the state of the bucket leaves the versions. Allow oss:GetBucketVersioning, which makes the headers unnecessary.',
  },
  {
    id: 'retention-policy',
    assumed:
      'GetBucketWorm answers NoSuchWORMConfiguration if a bucket has no retention policy, and RetentionPeriodInDays otherwise, also in the state InProgress. A delete or a replacement of a retained object answers 409 FileImmutable. A versioned bucket cannot have a retention policy.',
    source: 'References of GetBucketWorm and InitiateBucketWorm.',
    checkedBy: 'doctor',
    steps: ['ossutil api get-bucket-worm --bucket BUCKET --region REGION'],
    otherwise:
      'The state counts as unknown, with a warning in preflight. The removal of the object then stops in attention with the code of the cloud.',
  },
  {
    id: 'object-retention',
    assumed:
      'Objects of a versioned bucket with object-level retention (ObjectWorm, by invitation) answer FileImmutable to the removal of a version. Preflight does not read this policy.',
    source: 'Reference of PutBucketObjectWormConfiguration (2026-06-22); it names no code.',
    checkedBy: 'hand',
    steps: ['With an invited account: import with such a bucket and read the attention of the cleanup'],
    otherwise: 'The cleanup stops in attention with the code of the cloud, and names the object.',
  },
  {
    id: 'delete-unknown-object',
    assumed:
      'DeleteObject of a key that does not exist succeeds in a bucket without versioning and leaves nothing behind.',
    source: 'Help page “DeleteObject”.',
    checkedBy: 'doctor',
    steps: ['ossutil rm oss://BUCKET/ecs-image-import/no-such-object --region REGION -f'],
    otherwise: 'A code NoSuchKey counts as success. Another code stops the cleanup in attention.',
  },
  {
    id: 'upload-listing',
    assumed:
      'ListMultipartUploads with a prefix lists the unfinished uploads of a key, also one whose first response was lost.',
    source: 'Reference of ListMultipartUploads.',
    checkedBy: 'doctor',
    steps: ['ossutil api list-multipart-uploads --bucket BUCKET --prefix ecs-image-import/ --region REGION'],
    otherwise: 'An upload whose ID was lost stays until orphans or a lifecycle rule of the bucket removes it.',
  },
  {
    id: 'crc64',
    assumed:
      'Each part and each object has x-oss-hash-crc64ecma, the CRC64-ECMA of its bytes as a decimal number, also after CompleteMultipartUpload.',
    source: 'Help page “CRC-64”; measured with the SDKs against the emulator only.',
    checkedBy: 'hand',
    steps: [
      'Import a file, with --keep-object',
      'ossutil stat oss://BUCKET/OBJECT and ossutil hash crc64 FILE show the same number',
    ],
    otherwise:
      'Parts without it are verified by their ETags. Without it, or with another number, a finished object cannot be confirmed: it is deleted and sent again, then the import stops in attention with Upload.ChecksumMismatch.',
  },
  {
    id: 'range-standard',
    assumed:
      'With x-oss-range-behavior: standard, a range beyond the end answers 416, and a range is never answered with the whole object.',
    source: 'Help page “Range behavior of OSS”.',
    checkedBy: 'hand',
    steps: ['ossutil cat oss://BUCKET/OBJECT --offset 999999999999'],
    otherwise:
      'An inspection that reads beyond the end of an object gets bytes from its start, and may report findings that do not apply.',
  },
] as const satisfies readonly Assumption[];
