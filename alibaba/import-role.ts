/** The vendor's role for image imports, word for word: names, trust policy, permissions. One for ECS, one for CloudBox. */

import type { CatalogueCode } from '../domain/errors/index.js';

export interface ImportRoleKind {
  /** The name that the vendor looks for when a request names no role. */
  readonly roleName: string;
  /** The vendor's own policy with just the permissions that an import needs. */
  readonly systemPolicy: string;
  /** What an import answers while the role is not there. */
  readonly missingCode: CatalogueCode;
  readonly actions: { readonly object: string; readonly bucket: readonly string[] };
  /** Start of the name of a policy of the account's own, where the vendor's cannot be attached. */
  readonly ownPolicyPrefix: string;
  /** The service's name within a resource's name. */
  readonly service: string;
}

export const ECS_ROLE: ImportRoleKind = {
  roleName: 'AliyunECSImageImportDefaultRole',
  systemPolicy: 'AliyunECSImageImportRolePolicy',
  missingCode: 'NoSetRoletoECSServiceAccount',
  actions: { object: 'oss:GetObject', bucket: ['oss:GetBucketLocation', 'oss:GetBucketInfo'] },
  ownPolicyPrefix: 'ecs-image-import-read-',
  service: 'oss',
};

export const CLOUD_BOX_ROLE: ImportRoleKind = {
  roleName: 'AliyunECSCloudBoxImageImportDefaultRole',
  systemPolicy: 'AliyunECSCloudBoxImageImportRolePolicy',
  missingCode: 'InvalidOperation.CloudBoxImageImportRoleRequired',
  actions: {
    object: 'oss-cloudbox:GetObject',
    bucket: ['oss-cloudbox:GetBucketLocation', 'oss-cloudbox:GetBucketInfo'],
  },
  ownPolicyPrefix: 'ecs-image-import-cloudbox-read-',
  service: 'oss-cloudbox',
};

export const IMPORT_SERVICE = 'ecs.aliyuncs.com';

export const TRUST_POLICY = {
  Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: [IMPORT_SERVICE] } }],
  Version: '1',
} as const;

/** The vendor's three permissions, on one bucket and its objects only. */
export function bucketPolicy(kind: ImportRoleKind, bucket: string) {
  return {
    Version: '1',
    Statement: [
      {
        Action: [kind.actions.object, ...kind.actions.bucket],
        // The resource names of CloudBox are not published: the vendor's own document says `*` there.
        Resource: kind.service === 'oss' ? [bucketResource(kind, bucket), `${bucketResource(kind, bucket)}/*`] : '*',
        Effect: 'Allow',
      },
    ],
  };
}

/** Each permission on the thing that it is about. */
export function permissionsOn(kind: ImportRoleKind, buckets: readonly string[]) {
  return buckets.flatMap((bucket) => [
    { action: kind.actions.object, resource: `${bucketResource(kind, bucket)}/any-object` },
    ...kind.actions.bucket.map((action) => ({ action, resource: bucketResource(kind, bucket) })),
  ]);
}

function bucketResource(kind: ImportRoleKind, bucket: string): string {
  return `acs:${kind.service}:*:*:${bucket}`;
}
