/** What the people of an account do besides importing: hand keys to the worker, make roles, allow and deny. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  AttachPolicyToRoleRequest,
  CreatePolicyRequest,
  CreateRoleRequest,
  DetachPolicyFromRoleRequest,
} from '@alicloud/ram20150501';
import { AssumeRoleRequest } from '@alicloud/sts20150401';
import { EMULATOR_ACCOUNT } from '../../../cli/emulated-account.js';
import { ramClient, stsClient } from '../emulator/vendor-sdk.js';
import { REGION, type Service } from './service.js';

export interface Keys {
  readonly AccessKeyId: string;
  readonly AccessKeySecret: string;
  readonly SecurityToken: string;
}

/** Hands temporary keys to a worker, as a credentials URI does; asked anew for every call, since they say that they end soon. */
export async function startKeyServer() {
  let keys: Keys | null = null;
  const server = http.createServer((_request, response) => {
    // Nobody has handed any yet.
    if (keys === null) return response.writeHead(503).end();
    const Expiration = new Date(Date.now() + 2_000).toISOString().replace(/\.\d+/, '');
    return response.end(JSON.stringify({ Code: 'Success', ...keys, Expiration }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    /** Of a worker that has no other keys. */
    env: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: '',
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: '',
      ALIBABA_CLOUD_ECS_METADATA_DISABLED: 'true',
      ALIBABA_CLOUD_CREDENTIALS_URI: `http://127.0.0.1:${port}/`,
    },
    hand(next: Keys): void {
      keys = next;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const ROOT = 'acs:ram::1000000000000001:root';
const WORKER = 'import-worker';
const trusting = (principal: object) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect: 'Allow', Action: 'sts:AssumeRole', Principal: principal }] });
const statement = (Effect: 'Allow' | 'Deny', Action: readonly string[], Resource: readonly string[]) =>
  JSON.stringify({ Version: '1', Statement: [{ Effect, Action, Resource }] });

/** The emulated account with a role for the worker that may do everything. */
export async function openAccount(service: Service) {
  const address = service.emulatorUrl.replace('http://', '');
  const place = { address, regionId: REGION, ...EMULATOR_ACCOUNT };
  const [ram, sts] = [ramClient(place), stsClient(place)];
  let policies = 0;

  const makeRole = async (roleName: string, principal: object) => {
    const assumeRolePolicyDocument = trusting(principal);
    await ram.createRole(new CreateRoleRequest({ roleName, assumeRolePolicyDocument }));
  };
  const attachSystem = (roleName: string, policyName: string) =>
    ram.attachPolicyToRole(new AttachPolicyToRoleRequest({ roleName, policyName, policyType: 'System' }));
  /** @returns its name */
  const attachOwn = async (roleName: string, policyDocument: string) => {
    policies += 1;
    const policyName = `policy-${policies}`;
    await ram.createPolicy(new CreatePolicyRequest({ policyName, policyDocument }));
    await ram.attachPolicyToRole(new AttachPolicyToRoleRequest({ roleName, policyName, policyType: 'Custom' }));
    return policyName;
  };

  await service.settings({ shortestSessionSeconds: 1 });
  await makeRole(WORKER, { RAM: [ROOT] });
  await attachSystem(WORKER, 'AdministratorAccess');
  return {
    /** Keys of the worker's role that are good for so long. */
    async keys(durationSeconds = 3_600): Promise<Keys> {
      const roleArn = `acs:ram::1000000000000001:role/${WORKER}`;
      const { body } = await sts.assumeRole(
        new AssumeRoleRequest({ roleArn, roleSessionName: WORKER, durationSeconds }),
      );
      const { accessKeyId = '', accessKeySecret = '', securityToken = '' } = body?.credentials ?? {};
      return { AccessKeyId: accessKeyId, AccessKeySecret: accessKeySecret, SecurityToken: securityToken };
    },
    /** Takes a permission from the worker; resolves to what gives it back. */
    async deny(action: string): Promise<() => Promise<unknown>> {
      const policyName = await attachOwn(WORKER, statement('Deny', [action], ['*']));
      const attached = { roleName: WORKER, policyName, policyType: 'Custom' };
      return () => ram.detachPolicyFromRole(new DetachPolicyFromRoleRequest(attached));
    },
    /** A role by which ECS may read one bucket only; resolves to what lets it read all. */
    async roleFor(roleName: string, bucket: string): Promise<() => Promise<unknown>> {
      await makeRole(roleName, { Service: ['ecs.aliyuncs.com'] });
      await attachOwn(roleName, statement('Allow', ['oss:Get*'], [`acs:oss:*:*:${bucket}`, `acs:oss:*:*:${bucket}/*`]));
      return () => attachSystem(roleName, 'AliyunECSImageImportRolePolicy');
    },
  };
}

export type Account = Awaited<ReturnType<typeof openAccount>>;
