/** The vendor's roles for image imports, exactly as documented: names, trust policy, permissions. One for ECS, one for CloudBox. */

import type { CatalogueCode } from '../domain/errors/index.js';

export interface ImportRoleKind {
  /** The vendor's default role name, used if a request sets none. */
  readonly roleName: string;
  /** The vendor's system policy with exactly the permissions that an import needs. */
  readonly systemPolicy: string;
  /** The error code of ImportImage if the role does not exist. */
  readonly missingCode: CatalogueCode;
  readonly actions: { readonly object: string; readonly bucket: readonly string[] };
  /** Name prefix of the custom policy that is created if the system policy cannot be attached. */
  readonly ownPolicyPrefix: string;
  /** The service in resource names. */
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

/** The vendor's three permissions, limited to one bucket and its objects. */
export function bucketPolicy(kind: ImportRoleKind, bucket: string) {
  return {
    Version: '1',
    Statement: [
      {
        Action: [kind.actions.object, ...kind.actions.bucket],
        // CloudBox resource names are not documented. The vendor's policy uses `*`.
        Resource: kind.service === 'oss' ? [bucketResource(kind, bucket), `${bucketResource(kind, bucket)}/*`] : '*',
        Effect: 'Allow',
      },
    ],
  };
}

/** The permissions, each with its resource. */
export function permissionsOn(kind: ImportRoleKind, buckets: readonly string[]) {
  return buckets.flatMap((bucket) => [
    { action: kind.actions.object, resource: `${bucketResource(kind, bucket)}/any-object` },
    ...kind.actions.bucket.map((action) => ({ action, resource: bucketResource(kind, bucket) })),
  ]);
}

function bucketResource(kind: ImportRoleKind, bucket: string): string {
  return `acs:${kind.service}:*:*:${bucket}`;
}
