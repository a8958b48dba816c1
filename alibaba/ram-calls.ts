/** The RAM calls for the import role. "Already exists" and "does not exist" are results, not failures. */
import Ram, {
  AttachPolicyToRoleRequest,
  CreatePolicyRequest,
  CreateRoleRequest,
  GetPolicyRequest,
  GetRoleRequest,
  ListPoliciesForRoleRequest,
} from '@alicloud/ram20150501';
import { FailureError } from '../domain/errors/failure.js';
import { ask, createClients, type SdkPlace, sdkCall } from './sdk-call.js';

export type PolicyType = 'System' | 'Custom';

export interface AttachedPolicy {
  readonly name: string;
  readonly type: PolicyType;
}

export interface RamCalls {
  /** The role's trust policy; null if the role does not exist. */
  trustPolicyOf(roleName: string): Promise<string | null>;
  /** False if the role already exists. */
  createRole(roleName: string, trustPolicy: object): Promise<boolean>;
  policiesOf(roleName: string): Promise<readonly AttachedPolicy[]>;
  /** The document of the policy's default version; null if the policy does not exist. */
  policyDocument(policy: AttachedPolicy): Promise<string | null>;
  /** False if a policy with this name already exists. */
  createPolicy(name: string, document: object): Promise<boolean>;
  /** False if the policy is already attached. */
  attachPolicy(roleName: string, policy: AttachedPolicy): Promise<boolean>;
}

const DESCRIPTION = 'Lets ECS read disk images from OSS to import them (created by ecs-image-import).';

export function createRamCalls(place: SdkPlace): RamCalls {
  const clientOf = createClients((config) => new Ram.default(config));
  const client = () => clientOf(place);

  return {
    async trustPolicyOf(roleName) {
      const body = await nullOn('EntityNotExist.Role', () =>
        sdkCall('ram', 'GetRole', client, (ram) => ram.getRole(ask(GetRoleRequest, { roleName }))),
      );
      return body === null ? null : (body.role?.assumeRolePolicyDocument ?? '');
    },

    async createRole(roleName, trustPolicy) {
      const assumeRolePolicyDocument = JSON.stringify(trustPolicy);
      const request = ask(CreateRoleRequest, { roleName, assumeRolePolicyDocument, description: DESCRIPTION });
      const made = await nullOn('EntityAlreadyExists.Role', () =>
        sdkCall('ram', 'CreateRole', client, (ram) => ram.createRole(request)),
      );
      return made !== null;
    },

    async policiesOf(roleName) {
      const request = ask(ListPoliciesForRoleRequest, { roleName });
      const body = await sdkCall('ram', 'ListPoliciesForRole', client, (ram) => ram.listPoliciesForRole(request));
      return (body.policies?.policy ?? []).flatMap(({ policyName, policyType }): AttachedPolicy[] =>
        policyName ? [{ name: policyName, type: policyType === 'System' ? 'System' : 'Custom' }] : [],
      );
    },

    async policyDocument({ name, type }) {
      const request = ask(GetPolicyRequest, { policyName: name, policyType: type });
      const body = await nullOn('EntityNotExist.Policy', () =>
        sdkCall('ram', 'GetPolicy', client, (ram) => ram.getPolicy(request)),
      );
      return body === null ? null : (body.defaultPolicyVersion?.policyDocument ?? body.policy?.policyDocument ?? '');
    },

    async createPolicy(name, document) {
      const policyDocument = JSON.stringify(document);
      const request = ask(CreatePolicyRequest, { policyName: name, policyDocument, description: DESCRIPTION });
      const made = await nullOn('EntityAlreadyExists.Policy', () =>
        sdkCall('ram', 'CreatePolicy', client, (ram) => ram.createPolicy(request)),
      );
      return made !== null;
    },

    async attachPolicy(roleName, { name, type }) {
      const request = ask(AttachPolicyToRoleRequest, { roleName, policyName: name, policyType: type });
      const attached = await nullOn('EntityAlreadyExists.Role.Policy', () =>
        sdkCall('ram', 'AttachPolicyToRole', client, (ram) => ram.attachPolicyToRole(request)),
      );
      return attached !== null;
    },
  };
}

/** Returns null for a failure with this code. */
async function nullOn<Result>(code: string, call: () => Promise<Result>): Promise<Result | null> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === code) return null;
    throw error;
  }
}
