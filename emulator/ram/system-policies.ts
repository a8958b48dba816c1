/** The system policies of the vendor that are relevant for image imports. */

const statement = (actions: readonly string[], resource = '*') =>
  JSON.stringify({ Version: '1', Statement: [{ Action: actions, Resource: resource, Effect: 'Allow' }] });

export const systemPolicies: Readonly<Record<string, { readonly description: string; readonly document: string }>> = {
  AdministratorAccess: { description: 'Manages all resources of the account', document: statement(['*']) },
  ReadOnlyAccess: {
    description: 'Reads all resources of the account',
    document: statement(['*:Describe*', '*:List*', '*:Get*', '*:Query*']),
  },
  AliyunECSFullAccess: { description: 'Manages ECS', document: statement(['ecs:*']) },
  AliyunECSReadOnlyAccess: { description: 'Reads ECS', document: statement(['ecs:Describe*', 'ecs:List*']) },
  AliyunOSSFullAccess: { description: 'Manages OSS', document: statement(['oss:*']) },
  AliyunOSSReadOnlyAccess: { description: 'Reads OSS', document: statement(['oss:Get*', 'oss:List*']) },
  AliyunRAMFullAccess: { description: 'Manages RAM', document: statement(['ram:*']) },
  AliyunRAMReadOnlyAccess: { description: 'Reads RAM', document: statement(['ram:Get*', 'ram:List*']) },
  AliyunSTSAssumeRoleAccess: { description: 'Assumes roles', document: statement(['sts:AssumeRole']) },
  AliyunECSImageImportRolePolicy: {
    description: 'Lets ECS read the objects of image imports',
    document: statement(['oss:GetObject', 'oss:GetBucketLocation', 'oss:GetBucketInfo']),
  },
  AliyunECSCloudBoxImageImportRolePolicy: {
    description: 'Lets ECS read the objects of image imports on CloudBox',
    document: statement(['oss-cloudbox:GetObject', 'oss-cloudbox:GetBucketLocation', 'oss-cloudbox:GetBucketInfo']),
  },
};
