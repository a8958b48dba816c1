/** Another account of the emulated cloud, with a role that the first account assumes. */
import { AttachPolicyToRoleRequest, CreateRoleRequest } from '@alicloud/ram20150501';
import type { AccountRole } from '../../../alibaba/account-role.js';
import type { Keys } from './local-cloud.js';
import { ramClient } from './vendor-sdk.js';

export const OTHER_ACCOUNT = '2000000000000002';
export const OTHER_KEYS: Keys = { accessKeyId: `emulator-${OTHER_ACCOUNT}`, accessKeySecret: 'emulator-secret' };
export const EXTERNAL_ID = 'installation-7';
const ROLE_NAME = 'ecs-image-import';

/** As in `ECS_IMPORT_ACCOUNTS`. */
export const OTHER: AccountRole = {
  name: 'other',
  roleArn: `acs:ram::${OTHER_ACCOUNT}:role/${ROLE_NAME}`,
  externalId: EXTERNAL_ID,
  durationSeconds: 900,
};

export const trustOf = (principal: string, externalId: string | null = EXTERNAL_ID) =>
  JSON.stringify({
    Version: '1',
    Statement: [
      {
        ...{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { RAM: [principal] } },
        ...(externalId === null ? {} : { Condition: { StringEquals: { 'sts:ExternalId': [externalId] } } }),
      },
    ],
  });

/** The account must exist. @param address `127.0.0.1:PORT` of the emulator */
export async function makeAssumableRole(
  address: string,
  trust = trustOf('acs:ram::1000000000000001:root'),
): Promise<void> {
  const ram = ramClient({ address, regionId: 'cn-hangzhou', ...OTHER_KEYS });
  await ram.createRole(new CreateRoleRequest({ roleName: ROLE_NAME, assumeRolePolicyDocument: trust }));
  const policy = { roleName: ROLE_NAME, policyType: 'System', policyName: 'AdministratorAccess' };
  await ram.attachPolicyToRole(new AttachPolicyToRoleRequest(policy));
}
