/** The scenarios of an import: together they make every call of the lifecycle. */
import { ECS_ROLE } from '../../alibaba/import-role.js';
import type { ImportView } from '../../domain/import.js';
import type { Fault } from '../support/e2e/service.js';

/** The cloud resources of one import at a time. */
export interface Sandbox {
  readonly region: string;
  readonly copyRegion: string;
  readonly bucket: string;
}

export type ScenarioName =
  | 'import'
  | 'object'
  | 'dual-boot'
  | 'own-policy'
  | 'lost-policy'
  | 'lost-upload'
  | 'lost-object'
  | 'lost-image'
  | 'lost-copy'
  | 'versioned'
  | 'fails'
  | 'cancel-upload'
  | 'cancel-import'
  | 'cancel-copy'
  | 'cancel-shared'
  | 'cancel-in-share';

export interface Call {
  readonly scenario: ScenarioName;
  readonly service: 'ecs' | 'ram' | 'sts' | 'oss' | 'resourcesharing' | 'quotas';
  readonly action: string;
  /** A parameter that distinguishes this call from others of the same action. */
  readonly by?: { readonly param: string; readonly value: string };
  /** The call is made in the region of the copy. */
  readonly atCopy?: boolean;
  /** Number of calls that succeed before the fault. */
  readonly after?: number;
}

export interface Scenario {
  readonly ends: 'succeeded' | 'cancelled' | 'failed';
  /** The duration of the cloud's tasks; scenarios with the same settings run concurrently. */
  readonly cloud: { readonly importSeconds: number; readonly copySeconds: number };
  readonly copies: boolean;
  /** Fields of the request beside those of every scenario. */
  readonly request?: Readonly<Record<string, unknown>>;
  /** The source is an object in the bucket. */
  readonly object?: boolean;
  /** The bucket of the upload is versioned. */
  readonly versioned?: boolean;
  /** Extra faults that lead into the scenario, or extend the moment to cancel. */
  readonly turns?: (sandbox: Sandbox, roleName: string) => readonly Fault[];
  /** Whether it is time to cancel; absent: the import ends by itself. `turnsTaken` is null in outages, which have no extra faults. */
  readonly cancelWhen?: (view: ImportView, turnsTaken: number | null) => boolean;
}

const QUICK = { importSeconds: 0.3, copySeconds: 0.3 };
/** Longer than any case takes. */
const NEVER_SECONDS = 3_600;

const lost = (action: string) => (sandbox: Sandbox) =>
  [{ service: 'ecs', action, kind: 'reset-after', match: { RegionId: sandbox.region }, times: 1 }] as const;

/** Like an account that may attach only its own policies. */
const noSystemPolicy = (roleName: string): Fault => ({
  ...{ service: 'ram', action: 'AttachPolicyToRole', match: { RoleName: roleName, PolicyType: 'System' } },
  ...{ kind: 'http', status: 403, code: 'NoPermission', times: -1 },
});

export function ownPolicyOf(bucket: string): { readonly PolicyName: string } {
  return { PolicyName: `${ECS_ROLE.ownPolicyPrefix}${bucket}` };
}

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  // The copies lose the feature and the group.
  import: {
    ends: 'succeeded',
    cloud: QUICK,
    copies: true,
    request: { features: { imdsSupport: 'v2' }, resourceGroupId: 'rg-web' },
  },
  'dual-boot': { ends: 'succeeded', cloud: QUICK, copies: false, request: { bootMode: 'UEFI-Preferred' } },
  object: { ends: 'succeeded', cloud: QUICK, copies: false, object: true },
  'own-policy': {
    ends: 'succeeded',
    cloud: QUICK,
    copies: false,
    turns: (_sandbox, roleName) => [noSystemPolicy(roleName)],
  },
  'lost-policy': {
    ends: 'succeeded',
    cloud: QUICK,
    copies: false,
    turns: ({ bucket }, roleName) => [
      noSystemPolicy(roleName),
      { service: 'ram', action: 'CreatePolicy', kind: 'reset-after', match: ownPolicyOf(bucket), times: 1 },
    ],
  },
  'lost-upload': {
    ends: 'succeeded',
    cloud: QUICK,
    copies: false,
    turns: ({ bucket }) => [
      { service: 'oss', action: 'InitiateMultipartUpload', kind: 'reset-after', match: { bucket }, times: 1 },
    ],
  },
  'lost-object': {
    ends: 'succeeded',
    cloud: QUICK,
    copies: false,
    turns: ({ bucket }) => [
      { service: 'oss', action: 'CompleteMultipartUpload', kind: 'reset-after', match: { bucket }, times: 1 },
    ],
  },
  'lost-image': { ends: 'succeeded', cloud: QUICK, copies: false, turns: lost('ImportImage') },
  'lost-copy': { ends: 'succeeded', cloud: QUICK, copies: true, turns: lost('CopyImage') },
  versioned: { ends: 'succeeded', cloud: QUICK, copies: false, versioned: true },
  fails: { ends: 'failed', cloud: QUICK, copies: false },
  'cancel-upload': {
    ends: 'cancelled',
    cloud: QUICK,
    copies: false,
    // A busy machine may take longer to cancel than any delay: no part arrives before.
    turns: ({ bucket }) => [{ service: 'oss', action: 'UploadPart', kind: 'hold', match: { bucket }, times: -1 }],
    cancelWhen: (view, turnsTaken) => view.phase === 'upload' && turnsTaken !== 0,
  },
  'cancel-import': {
    ends: 'cancelled',
    cloud: { importSeconds: NEVER_SECONDS, copySeconds: 0.3 },
    copies: false,
    cancelWhen: (view) => view.phase === 'import' && view.image !== null,
  },
  'cancel-copy': {
    ends: 'cancelled',
    cloud: { importSeconds: 0.3, copySeconds: NEVER_SECONDS },
    copies: true,
    cancelWhen: (view) => view.phase === 'distribution' && view.copies.length > 0,
  },
  'cancel-shared': {
    ends: 'cancelled',
    cloud: QUICK,
    copies: true,
    // The image is already shared, its copy is not.
    turns: ({ copyRegion }) => [
      {
        ...{ service: 'ecs', action: 'ModifyImageSharePermission', match: { RegionId: copyRegion } },
        ...{ kind: 'slow', delayMs: 2_000, times: 1 },
      },
    ],
    cancelWhen: (_view, turnsTaken) => turnsTaken !== null && turnsTaken > 0,
  },
  'cancel-in-share': {
    ends: 'cancelled',
    cloud: QUICK,
    copies: true,
    // The copy is in the share already.
    turns: ({ copyRegion }) => [
      {
        ...{ service: 'resourcesharing', action: 'ListResourceShareAssociations', match: { RegionId: copyRegion } },
        ...{ kind: 'slow', delayMs: 2_000, after: 1, times: 1 },
      },
    ],
    cancelWhen: (_view, turnsTaken) => turnsTaken !== null && turnsTaken > 0,
  },
};

/** In every region; the copies are added to it. */
export const RESOURCE_SHARE = 'rs-matrix';

/** The cloud fails images whose name contains this text. */
export const FAILING = 'doomed';
export const FAILURE = { code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: FAILING };

const any = (param: string) => ({ param, value: '*' });

export const CALLS: readonly Call[] = [
  { scenario: 'import', service: 'sts', action: 'GetCallerIdentity' },
  { scenario: 'import', service: 'ecs', action: 'DescribeRegions' },
  { scenario: 'import', service: 'oss', action: 'GetBucketInfo' },
  { scenario: 'import', service: 'oss', action: 'GetBucketVersioning' },
  { scenario: 'import', service: 'oss', action: 'GetBucketWorm' },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages', by: any('ImageName') },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages', by: any('ImageName'), atCopy: true },
  { scenario: 'object', service: 'oss', action: 'HeadObject' },
  { scenario: 'object', service: 'oss', action: 'GetObject' },
  { scenario: 'object', service: 'ecs', action: 'ImportImage', by: { param: 'DryRun', value: 'true' } },
  { scenario: 'import', service: 'ram', action: 'GetRole' },
  { scenario: 'import', service: 'ram', action: 'CreateRole' },
  { scenario: 'import', service: 'ram', action: 'ListPoliciesForRole' },
  { scenario: 'import', service: 'ram', action: 'AttachPolicyToRole' },
  { scenario: 'own-policy', service: 'ram', action: 'CreatePolicy' },
  { scenario: 'lost-policy', service: 'ram', action: 'GetPolicy' },
  {
    ...{ scenario: 'own-policy', service: 'ram', action: 'AttachPolicyToRole' },
    by: { param: 'PolicyType', value: 'Custom' },
  },
  { scenario: 'import', service: 'oss', action: 'InitiateMultipartUpload' },
  { scenario: 'lost-upload', service: 'oss', action: 'ListMultipartUploads' },
  { scenario: 'lost-upload', service: 'oss', action: 'ListParts' },
  { scenario: 'import', service: 'oss', action: 'UploadPart' },
  { scenario: 'import', service: 'oss', action: 'CompleteMultipartUpload' },
  { scenario: 'lost-object', service: 'oss', action: 'HeadObject' },
  { scenario: 'import', service: 'ecs', action: 'ImportImage' },
  { scenario: 'lost-image', service: 'ecs', action: 'DescribeImages', by: any('Tag.1.Key') },
  { scenario: 'lost-image', service: 'ecs', action: 'DescribeTasks', by: any('ResourceIds.1') },
  { scenario: 'import', service: 'ecs', action: 'DescribeTasks', by: any('TaskIds') },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages', by: any('ImageId') },
  { scenario: 'import', service: 'ecs', action: 'TagResources', by: { param: 'ResourceType', value: 'snapshot' } },
  {
    ...{ scenario: 'import', service: 'ecs', action: 'TagResources', atCopy: true },
    by: { param: 'ResourceType', value: 'snapshot' },
  },
  { scenario: 'import', service: 'ecs', action: 'DescribeImageSupportInstanceTypes' },
  { scenario: 'import', service: 'ecs', action: 'DescribeInstanceTypeFamilies' },
  { scenario: 'dual-boot', service: 'ecs', action: 'ModifyImageAttribute' },
  { scenario: 'import', service: 'ecs', action: 'DescribeDiskEncryptionByDefaultStatus', atCopy: true },
  {
    ...{ scenario: 'import', service: 'ecs', action: 'ModifyImageSharePermission' },
    by: { param: 'DryRun', value: 'true' },
  },
  { scenario: 'import', service: 'ecs', action: 'CopyImage' },
  { scenario: 'import', service: 'ecs', action: 'ModifyImageAttribute', atCopy: true },
  { scenario: 'import', service: 'ecs', action: 'JoinResourceGroup', atCopy: true },
  { scenario: 'lost-copy', service: 'ecs', action: 'DescribeImages', by: any('Tag.1.Key'), atCopy: true },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages', by: any('ImageId'), atCopy: true },
  { scenario: 'import', service: 'ecs', action: 'DescribeImageSharePermission' },
  { scenario: 'import', service: 'ecs', action: 'ModifyImageSharePermission', after: 1 },
  { scenario: 'import', service: 'ecs', action: 'ModifyImageSharePermission', atCopy: true },
  { scenario: 'import', service: 'quotas', action: 'GetProductQuota' },
  { scenario: 'import', service: 'quotas', action: 'GetProductQuota', atCopy: true },
  { scenario: 'import', service: 'resourcesharing', action: 'ListResourceShareAssociations', atCopy: true },
  { scenario: 'import', service: 'resourcesharing', action: 'AssociateResourceShare', atCopy: true },
  { scenario: 'cancel-in-share', service: 'resourcesharing', action: 'DisassociateResourceShare', atCopy: true },
  { scenario: 'import', service: 'oss', action: 'DeleteObject' },
  { scenario: 'versioned', service: 'oss', action: 'ListObjectVersions' },
  { scenario: 'versioned', service: 'oss', action: 'DeleteObject', by: any('versionId') },
  { scenario: 'fails', service: 'ecs', action: 'DescribeTaskAttribute' },
  { scenario: 'fails', service: 'ecs', action: 'DeleteImage' },
  { scenario: 'cancel-upload', service: 'oss', action: 'ListMultipartUploads' },
  { scenario: 'cancel-upload', service: 'oss', action: 'AbortMultipartUpload' },
  { scenario: 'cancel-import', service: 'ecs', action: 'DescribeImages', by: any('Tag.1.Key') },
  { scenario: 'cancel-import', service: 'ecs', action: 'DescribeTasks', by: any('ResourceIds.1') },
  { scenario: 'cancel-import', service: 'ecs', action: 'CancelTask' },
  { scenario: 'cancel-import', service: 'oss', action: 'DeleteObject' },
  { scenario: 'cancel-copy', service: 'ecs', action: 'CancelCopyImage', atCopy: true },
  { scenario: 'cancel-copy', service: 'ecs', action: 'DeleteImage' },
  { scenario: 'cancel-copy', service: 'ecs', action: 'DeleteSnapshot' },
  { scenario: 'cancel-copy', service: 'ecs', action: 'DescribeSnapshots' },
  { scenario: 'cancel-shared', service: 'ecs', action: 'DescribeImageSharePermission', after: 2 },
  { scenario: 'cancel-shared', service: 'ecs', action: 'ModifyImageSharePermission', by: any('RemoveAccount.1') },
  { scenario: 'cancel-shared', service: 'ecs', action: 'DeleteImage', atCopy: true },
  { scenario: 'cancel-shared', service: 'ecs', action: 'DescribeSnapshots', atCopy: true },
];
