/** What an import needs in an account: a bucket, and the role with which ECS reads it. */
import { AttachPolicyToRoleRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import OSS from 'ali-oss';
import { ECS_TRUST, type Keys, REGION } from './local-cloud.js';
import { ramClient } from './vendor-sdk.js';

export async function setUpImports(address: string, keys: Keys, bucket: string): Promise<void> {
  const place = { region: `oss-${REGION}`, endpoint: `http://${address}`, sldEnable: true, authorizationV4: true };
  await new OSS({ ...keys, ...place }).putBucket(bucket);
  const ram = ramClient({ address, regionId: REGION, ...keys });
  const roleName = 'AliyunECSImageImportDefaultRole';
  await ram.createRole(new CreateRoleRequest({ roleName, assumeRolePolicyDocument: ECS_TRUST }));
  const policy = { roleName, policyType: 'System', policyName: 'AliyunECSImageImportRolePolicy' };
  await ram.attachPolicyToRole(new AttachPolicyToRoleRequest(policy));
}
