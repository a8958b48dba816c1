/** The least RAM policy that this service needs for what it is asked to do. */
import { CLOUD_BOX_ROLE, ECS_ROLE } from './import-role.js';

export interface PolicyFeatures {
  /** Regions that are imported into. Empty: any region. */
  readonly regions: readonly string[];
  /** Regions that images are copied to. Empty: none. */
  readonly copyTo: readonly string[];
  /** Buckets that are uploaded to, or imported from. Empty: any bucket. */
  readonly buckets: readonly string[];
  /** What the service may do about the import role. */
  readonly role: 'ensure' | 'verify' | 'skip';
  /** Empty: the vendor's own names. */
  readonly roleNames: readonly string[];
  /** Import from CloudBox, which has a role of its own. */
  readonly cloudBox: boolean;
  /** Upload images; without it only objects that are there already are imported. */
  readonly upload: boolean;
  /** Share images with other accounts. */
  readonly share: boolean;
}

export interface PolicyStatement {
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface PolicyDocument {
  readonly Version: '1';
  readonly Statement: readonly PolicyStatement[];
}

export function leastPolicy(features: PolicyFeatures): PolicyDocument {
  const regions = features.regions.length === 0 ? ['*'] : features.regions;
  const buckets = (features.buckets.length === 0 ? ['*'] : features.buckets).map((name) => `acs:oss:*:*:${name}`);
  const own = regions.map(imagesOf);
  const all = features.regions.length === 0 ? own : [...new Set([...regions, ...features.copyTo])].map(imagesOf);
  const statements: (PolicyStatement | null)[] = [
    allow(['sts:GetCallerIdentity'], ['*']),
    // Calls that look, and CancelTask, can't be narrowed to images: the vendor names no resource for them.
    allow(['DescribeRegions', 'DescribeImages', 'DescribeTasks', 'DescribeTaskAttribute', 'CancelTask'].map(inEcs), [
      '*',
    ]),
    allow(['ecs:ImportImage'], own),
    allow(['ecs:DeleteImage'], all),
    features.copyTo.length > 0 ? allow(['CopyImage', 'CancelCopyImage', 'TagResources'].map(inEcs), all) : null,
    // An image that is shared can't be deleted: cleanup has to take the sharing back.
    features.share ? allow(['ModifyImageSharePermission', 'DescribeImageSharePermission'].map(inEcs), all) : null,
    allow(['oss:GetBucketInfo', 'oss:GetBucketEncryption', ...(features.upload ? LISTING : [])], buckets),
    allow(
      ['oss:GetObject', ...(features.upload ? UPLOAD : [])],
      buckets.map((bucket) => `${bucket}/*`),
    ),
    ...roleStatements(features),
  ];
  return { Version: '1', Statement: statements.filter((statement) => statement !== null) };
}

/** Of what an upload, or an import that is not known any more, may have left. */
const LISTING = ['oss:ListMultipartUploads', 'oss:ListObjects'];
const UPLOAD = ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload', 'oss:DeleteObject'];

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
  const looking = [
    allow(['ram:GetRole', 'ram:ListPoliciesForRole'], roles),
    // Which policies are attached to the role is not known before: all of them are read, to see what they allow.
    allow(['ram:GetPolicy'], ['*']),
  ];
  if (role === 'verify') return looking;
  return [
    ...looking,
    allow(['ram:CreateRole'], roles),
    allow(['ram:CreatePolicy'], ownPolicies),
    allow(['ram:AttachPolicyToRole'], [...roles, systemPolicy, ...ownPolicies]),
  ];
}

function allow(actions: readonly string[], resources: readonly string[]): PolicyStatement {
  return { Effect: 'Allow', Action: actions, Resource: resources };
}
