/** The lives that an import can have: between them they make every call of the lifecycle. */
import type { ImportView } from '../../domain/import.js';
import type { Fault } from '../e2e/service.js';

export type ScenarioName = 'import' | 'fails' | 'cancel-upload' | 'cancel-import' | 'cancel-copy';

export interface Call {
  readonly scenario: ScenarioName;
  readonly service: 'ecs' | 'ram' | 'sts' | 'oss';
  readonly action: string;
  /** So many calls of the action pass before the fault strikes. */
  readonly after?: number;
}

export interface Scenario {
  readonly ends: 'succeeded' | 'cancelled' | 'failed';
  /** How long the cloud takes; scenarios with the same settings run at once. */
  readonly cloud: { readonly importSeconds: number; readonly copySeconds: number };
  readonly copies: boolean;
  /** Shows that the moment to cancel has come; absent: it is left to end by itself. */
  readonly cancelWhen?: (view: ImportView) => boolean;
  /** Keeps the moment from passing too soon. */
  readonly holdUp?: Fault;
}

const QUICK = { importSeconds: 0.3, copySeconds: 0.3 };
/** Longer than any case takes. */
const NEVER_SECONDS = 3_600;

export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  import: { ends: 'succeeded', cloud: QUICK, copies: true },
  fails: { ends: 'failed', cloud: QUICK, copies: false },
  'cancel-upload': {
    ends: 'cancelled',
    cloud: QUICK,
    copies: false,
    cancelWhen: (view) => view.phase === 'upload',
    holdUp: { service: 'oss', action: 'UploadPart', kind: 'slow', delayMs: 800, times: -1 },
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
};

/** Image names that hold this are failed by the cloud. */
export const FAILING = 'doomed';
export const FAILURE = { code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: FAILING };

export const CALLS: readonly Call[] = [
  { scenario: 'import', service: 'sts', action: 'GetCallerIdentity' },
  { scenario: 'import', service: 'ecs', action: 'DescribeRegions' },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages' },
  { scenario: 'import', service: 'oss', action: 'GetBucketInfo' },
  { scenario: 'import', service: 'ram', action: 'GetRole' },
  { scenario: 'import', service: 'ram', action: 'CreateRole' },
  { scenario: 'import', service: 'ram', action: 'ListPoliciesForRole' },
  { scenario: 'import', service: 'ram', action: 'AttachPolicyToRole' },
  { scenario: 'import', service: 'oss', action: 'HeadObject' },
  { scenario: 'import', service: 'oss', action: 'ListMultipartUploads' },
  { scenario: 'import', service: 'oss', action: 'InitiateMultipartUpload' },
  { scenario: 'import', service: 'oss', action: 'ListParts' },
  { scenario: 'import', service: 'oss', action: 'UploadPart' },
  { scenario: 'import', service: 'oss', action: 'CompleteMultipartUpload' },
  { scenario: 'import', service: 'ecs', action: 'ImportImage' },
  { scenario: 'import', service: 'ecs', action: 'DescribeTasks' },
  { scenario: 'import', service: 'ecs', action: 'DescribeImages', after: 2 },
  { scenario: 'import', service: 'ecs', action: 'CopyImage' },
  { scenario: 'import', service: 'ecs', action: 'DescribeImageSharePermission' },
  { scenario: 'import', service: 'ecs', action: 'ModifyImageSharePermission' },
  { scenario: 'import', service: 'oss', action: 'DeleteObject' },
  { scenario: 'fails', service: 'ecs', action: 'DescribeTaskAttribute' },
  { scenario: 'fails', service: 'ecs', action: 'DeleteImage' },
  { scenario: 'cancel-upload', service: 'oss', action: 'ListMultipartUploads', after: 1 },
  { scenario: 'cancel-upload', service: 'oss', action: 'AbortMultipartUpload' },
  { scenario: 'cancel-import', service: 'ecs', action: 'DescribeTasks', after: 1 },
  { scenario: 'cancel-import', service: 'ecs', action: 'CancelTask' },
  { scenario: 'cancel-import', service: 'oss', action: 'DeleteObject' },
  { scenario: 'cancel-copy', service: 'ecs', action: 'CancelCopyImage' },
  { scenario: 'cancel-copy', service: 'ecs', action: 'DeleteImage' },
];
