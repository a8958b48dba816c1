/** The least RAM policy that this service needs for the requested features. */

import { IMAGE_QUOTA_CODE } from '../domain/image-quota.js';
import { CLOUD_BOX_ROLE, ECS_ROLE } from './import-role.js';

export interface PolicyFeatures {
  /** Regions of imports. Empty: any region. */
  readonly regions: readonly string[];
  /** Regions that images are copied to. Empty: none. */
  readonly copyTo: readonly string[];
  /** Buckets of uploads and sources. Empty: any bucket. */
  readonly buckets: readonly string[];
  /** How the service handles the import role. */
  readonly role: 'ensure' | 'verify' | 'skip';
  /** Empty: the vendor's default names. */
  readonly roleNames: readonly string[];
  /** Import from CloudBox, which has a separate role and an OSS of its own. */
  readonly cloudBox: boolean;
  /** Upload images. Without it, only existing objects are imported. */
  readonly upload: boolean;
  /** Share images with other accounts. */
  readonly share: boolean;
  /** ARNs of the roles that the worker assumes in other accounts. Default: none. */
  readonly assumedRoles?: readonly string[];
}

/** What the role in another account, the caller that assumes it, and their connection need. */
export interface AccountPolicies {
  /** For the role in the account. */
  readonly trustPolicy: TrustPolicy;
  readonly rolePolicy: PolicyDocument;
  /** For the RAM user or role of the worker. */
  readonly workerPolicy: PolicyDocument;
}

/** @param worker the account ID of the worker, or the ARN of its RAM user or role */
export function accountPolicies(
  role: { readonly roleArn: string; readonly externalId?: string },
  worker: string,
  features: PolicyFeatures,
): AccountPolicies {
  const { roleArn, externalId } = role;
  const principal = /^\d+$/.test(worker) ? `acs:ram::${worker}:root` : worker;
  return {
    trustPolicy: {
      Version: '1',
      Statement: [
        {
          ...({ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [principal] } } as const),
          ...(externalId === undefined ? {} : { Condition: { StringEquals: { 'sts:ExternalId': [externalId] } } }),
        },
      ],
    },
    rolePolicy: leastPolicy(features),
    workerPolicy: { Version: '1', Statement: [allow(['sts:AssumeRole'], [roleArn])] },
  };
}

export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** The trust policy of a role that the worker assumes in another account. */
export interface TrustPolicy {
  readonly Version: '1';
  readonly Statement: readonly {
    readonly Effect: 'Allow';
    readonly Action: 'sts:AssumeRole';
    readonly Principal: { readonly RAM: readonly string[] };
    readonly Condition?: { readonly StringEquals: { readonly 'sts:ExternalId': readonly string[] } };
  }[];
}

export interface PolicyDocument {
  readonly Version: '1';
  readonly Statement: readonly PolicyStatement[];
}

export function leastPolicy(features: PolicyFeatures): PolicyDocument {
  const regions = features.regions.length === 0 ? ['*'] : features.regions;
  const names = features.buckets.length === 0 ? ['*'] : features.buckets;
  const buckets = names.map((name) => `acs:oss:*:*:${name}`);
  const own = regions.map(imagesOf);
  const all = features.regions.length === 0 ? own : [...new Set([...regions, ...features.copyTo])].map(imagesOf);
  const snapshots = all.map((image) => image.replace(/image\/\*$/, 'snapshot/*'));
  const statements: (PolicyStatement | null)[] = [
    allow(['sts:GetCallerIdentity'], ['*']),
    // The vendor documents no resource for read calls and CancelTask, so they cannot be limited to images.
    allow(READS.map(inEcs), ['*']),
    // No call of ECS reads the image quota. Without this permission, a used up quota shows only at ImportImage.
    allow(['quotas:GetProductQuota'], [`acs:quotas:*:*:quota/ecs/${IMAGE_QUOTA_CODE}`]),
    allow(['ecs:ImportImage'], own),
    allow(['ecs:DeleteImage'], all),
    // The boot mode UEFI-Preferred, and what CopyImage does not carry over to copies.
    allow(['ecs:ModifyImageAttribute'], all),
    // Each disk of an image has a snapshot, which outlives the image and is billed.
    allow(['ecs:DeleteSnapshot'], snapshots),
    allow(['ecs:TagResources'], features.copyTo.length > 0 ? [...all, ...snapshots] : snapshots),
    features.copyTo.length > 0 ? allow(['CopyImage', 'CancelCopyImage', 'JoinResourceGroup'].map(inEcs), all) : null,
    features.copyTo.length > 0 ? allow(['ecs:DescribeDiskEncryptionByDefaultStatus'], ['*']) : null,
    // A shared image cannot be deleted, so cleanup must revoke the sharing first.
    features.share ? allow(['ModifyImageSharePermission', 'DescribeImageSharePermission'].map(inEcs), all) : null,
    features.share ? allow(SHARES, ['*']) : null,
    allow(bucketActions(features), buckets),
    allow(
      objectActions(features),
      buckets.map((bucket) => `${bucket}/*`),
    ),
    ...(features.cloudBox ? cloudBoxStatements(features, names) : []),
    ...roleStatements(features),
    features.assumedRoles === undefined || features.assumedRoles.length === 0
      ? null
      : allow(['sts:AssumeRole'], features.assumedRoles),
  ];
  return { Version: '1', Statement: statements.filter((statement) => statement !== null) };
}

const READS = [
  ...['DescribeRegions', 'DescribeImages', 'DescribeSnapshots', 'DescribeTasks', 'DescribeTaskAttribute', 'CancelTask'],
  // To find all images and snapshots with the tag of imports: the other calls list at most 1,000 by tag.
  'ListTagResources',
  // To report which instances start the image.
  ...['DescribeImageSupportInstanceTypes', 'DescribeInstanceTypeFamilies'],
];

/** To find out whether objects can be deleted for good. */
const PROTECTION = ['oss:GetBucketVersioning', 'oss:GetBucketWorm'];
/** For distribute.resourceShares. Resource Sharing cannot limit them to single shares. */
const SHARES = ['AssociateResourceShare', 'DisassociateResourceShare', 'ListResourceShareAssociations'].map(
  (action) => `resourcesharing:${action}`,
);

/** To find remaining objects, uploads and, in a versioned bucket, versions. */
const LISTING = ['oss:ListMultipartUploads', 'oss:ListObjects', 'oss:ListObjectVersions'];
const UPLOAD = [
  ...['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload', 'oss:DeleteObject'],
  // In a versioned bucket, DeleteObject without a version deletes nothing.
  'oss:DeleteObjectVersion',
];

function bucketActions({ upload }: PolicyFeatures): readonly string[] {
  return ['oss:GetBucketInfo', 'oss:GetBucketEncryption', ...(upload ? [...PROTECTION, ...LISTING] : [])];
}

function objectActions({ upload }: PolicyFeatures): readonly string[] {
  return ['oss:GetObject', ...(upload ? UPLOAD : [])];
}

/** The worker makes the same calls at the OSS of a CloudBox, whose actions and resources have names of their own. */
function cloudBoxStatements(features: PolicyFeatures, names: readonly string[]): readonly PolicyStatement[] {
  const inCloudBox = (action: string) => action.replace(/^oss:/, 'oss-cloudbox:');
  const buckets = names.map((name) => `acs:oss-cloudbox:*:*:cloudbox/*/bucket/${name}`);
  return [
    allow(bucketActions(features).map(inCloudBox), buckets),
    allow(
      objectActions(features).map(inCloudBox),
      buckets.map((bucket) => `${bucket}/object/*`),
    ),
  ];
}

function imagesOf(region: string): string {
  return `acs:ecs:${region}:*:image/*`;
}

function inEcs(action: string): string {
  return `ecs:${action}`;
}

function roleStatements({ role, roleNames, cloudBox, buckets }: PolicyFeatures): readonly PolicyStatement[] {
  if (role === 'skip') return [];
  const kind = cloudBox ? CLOUD_BOX_ROLE : ECS_ROLE;
  const roles = (roleNames.length === 0 ? [kind.roleName] : roleNames).map((name) => `acs:ram:*:*:role/${name}`);
  const systemPolicy = `acs:ram:*:system:policy/${kind.systemPolicy}`;
  const ownPolicies = (buckets.length === 0 ? ['*'] : buckets).map(
    (bucket) => `acs:ram:*:*:policy/${kind.ownPolicyPrefix}${bucket}`,
  );
  const readOnly = [
    allow(['ram:GetRole', 'ram:ListPoliciesForRole'], roles),
    // The policies attached to the role are not known in advance, and each of them is read.
    allow(['ram:GetPolicy'], ['*']),
  ];
  if (role === 'verify') return readOnly;
  return [
    ...readOnly,
    allow(['ram:CreateRole'], roles),
    allow(['ram:CreatePolicy'], ownPolicies),
    allow(['ram:AttachPolicyToRole'], [...roles, systemPolicy, ...ownPolicies]),
  ];
}

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}
