/** The calls to the cloud that this service makes, by service and the vendor's action. */

/** How a call ended: `ok`, or the class of its failure (errors/entry.ts); `aborted`: by this service, for example at a cancel. */
export const CALL_OUTCOMES = ['ok', 'transient', 'throttled', 'attention', 'request', 'defect', 'aborted'] as const;
export type CallOutcome = (typeof CALL_OUTCOMES)[number];

export const CLOUD_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  ecs: [
    ...['CancelCopyImage', 'CancelTask', 'CopyImage', 'DeleteImage', 'DeleteSnapshot'],
    ...['DescribeDiskEncryptionByDefaultStatus', 'DescribeImageSharePermission', 'DescribeImageSupportInstanceTypes'],
    ...['DescribeImages', 'DescribeInstanceTypeFamilies', 'DescribeRegions', 'DescribeSnapshots'],
    ...['DescribeTaskAttribute', 'DescribeTasks', 'ImportImage', 'JoinResourceGroup', 'ListTagResources'],
    ...['ModifyImageAttribute', 'ModifyImageSharePermission', 'TagResources'],
  ],
  oss: [
    ...['AbortMultipartUpload', 'CompleteMultipartUpload', 'DeleteObject', 'DeleteObjectVersion'],
    ...['GetBucketEncryption', 'GetBucketInfo', 'GetBucketVersioning', 'GetBucketWorm', 'GetObject', 'HeadObject'],
    ...['InitiateMultipartUpload', 'ListMultipartUploads', 'ListObjectVersions', 'ListParts', 'UploadPart'],
  ],
  ram: [...['AttachPolicyToRole', 'CreatePolicy', 'CreateRole', 'GetPolicy', 'GetRole', 'ListPoliciesForRole']],
  sts: ['AssumeRole', 'GetCallerIdentity'],
  quotas: ['GetProductQuota'],
  resourcesharing: ['AssociateResourceShare', 'DisassociateResourceShare', 'ListResourceShareAssociations'],
};
