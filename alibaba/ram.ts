/** The RAM role that ECS reads the bucket with. Creates what is missing if requested. Existing policies are compared, never changed. */

import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { RamApi } from './cloud.js';
import {
  bucketPolicy,
  CLOUD_BOX_ROLE,
  ECS_ROLE,
  IMPORT_SERVICE,
  type ImportRoleKind,
  permissionsOn,
  TRUST_POLICY,
} from './import-role.js';
import { documentDiff, missingPermissions, type Statement, statementsOf, trustsService } from './policy-document.js';
import { createRamCalls, type RamCalls } from './ram-calls.js';
import type { SdkPlace } from './sdk-call.js';

export function createRam(place: SdkPlace): RamApi {
  const calls = createRamCalls(place);
  return {
    async setUpImportRole({ mode, roleName: named, cloudBox, buckets }) {
      const kind = cloudBox ? CLOUD_BOX_ROLE : ECS_ROLE;
      const roleName = named ?? kind.roleName;
      const role = await findOrCreateRole(calls, kind, roleName, mode);
      const drift = compareTrust(kind, roleName, role.trust);

      const missing = await bucketsWithoutAccess(calls, kind, roleName, buckets);
      const made: CreatedPolicies = { madePolicies: [], attachedPolicies: [] };
      if (missing.length > 0) {
        if (mode === 'verify') throw deniedBuckets(kind, roleName, missing);
        await attachMissingPolicies(calls, kind, roleName, missing, made);
      }
      return { roleName, madeRole: role.made, ...made, drift };
    },
  };
}

interface CreatedPolicies {
  readonly madePolicies: string[];
  readonly attachedPolicies: string[];
}

async function findOrCreateRole(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  mode: 'ensure' | 'verify',
): Promise<{ readonly trust: string; readonly made: boolean }> {
  const trust = await calls.trustPolicyOf(roleName);
  if (trust !== null) return { trust, made: false };
  if (mode === 'verify') throw fixableByEnsure(kind, `RAM role ${roleName} does not exist`);
  if (await calls.createRole(roleName, TRUST_POLICY)) return { trust: JSON.stringify(TRUST_POLICY), made: true };
  // Another client created it between the two calls. Compare it like any existing role.
  return { trust: (await calls.trustPolicyOf(roleName)) ?? '', made: false };
}

/** Returns differences of a trust policy that still works. Throws if ECS may not assume the role. */
function compareTrust(kind: ImportRoleKind, roleName: string, trust: string): readonly string[] {
  const diff = documentDiff(trust, TRUST_POLICY);
  if (diff === '') return [];
  const shown = `the trust policy of RAM role ${roleName} (- actual, + documented):\n${diff}`;
  if (trustsService(statementsOf(trust) ?? [], IMPORT_SERVICE)) return [shown];
  throw roleFailure(
    kind,
    `ECS may not assume RAM role ${roleName}, and this service never changes a trust policy. Correct ${shown}`,
  );
}

/** The buckets for which the role's policies together do not allow everything that an import reads. */
async function bucketsWithoutAccess(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  buckets: readonly string[],
): Promise<readonly string[]> {
  const attached = await calls.policiesOf(roleName);
  // The vendor's policy is known to be sufficient. This saves a call in the common case.
  if (attached.length === 1 && attached[0]?.type === 'System' && attached[0].name === kind.systemPolicy) return [];
  const statements: Statement[] = [];
  for (const policy of attached) statements.push(...(statementsOf((await calls.policyDocument(policy)) ?? '') ?? []));
  const { denied, unmentioned } = missingPermissions(statements, permissionsOn(kind, buckets));
  if (denied.length > 0) {
    const what = denied.map(({ action, resource }) => `${action} on ${resource}`).join(', ');
    throw roleFailure(kind, `a policy attached to RAM role ${roleName} denies ${what}`);
  }
  return buckets.filter((bucket) =>
    permissionsOn(kind, [bucket]).some((one) => unmentioned.some(({ resource }) => resource === one.resource)),
  );
}

/** Attaches the vendor's policy, or a custom policy for each bucket if the account cannot attach it. */
async function attachMissingPolicies(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  buckets: readonly string[],
  made: CreatedPolicies,
): Promise<void> {
  try {
    const attached = await calls.attachPolicy(roleName, { name: kind.systemPolicy, type: 'System' });
    if (attached) made.attachedPolicies.push(kind.systemPolicy);
    return;
  } catch (error) {
    if (!(error instanceof FailureError) || !CANNOT_ATTACH.test(error.failure.code)) throw error;
  }
  for (const bucket of buckets) await attachCustomPolicy(calls, kind, roleName, bucket, made);
}

/** The policy does not exist for this account, or the caller may attach only custom policies. */
const CANNOT_ATTACH = /^(EntityNotExist\.Policy|EntityNotExist\.SystemPolicy|NoPermission|LimitExceeded\.Role\.Policy)/;

async function attachCustomPolicy(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  bucket: string,
  made: CreatedPolicies,
): Promise<void> {
  const name = `${kind.ownPolicyPrefix}${bucket}`;
  const wanted = bucketPolicy(kind, bucket);
  if (await calls.createPolicy(name, wanted)) made.madePolicies.push(name);
  else {
    const actual = (await calls.policyDocument({ name, type: 'Custom' })) ?? '';
    const { denied, unmentioned } = missingPermissions(statementsOf(actual) ?? [], permissionsOn(kind, [bucket]));
    if (denied.length + unmentioned.length > 0) {
      const diff = documentDiff(actual, wanted);
      throw roleFailure(
        kind,
        `policy ${name} exists but does not allow the import, and this service never changes an existing policy. Correct it or delete it (- actual, + required):\n${diff}`,
      );
    }
  }
  if (await calls.attachPolicy(roleName, { name, type: 'Custom' })) made.attachedPolicies.push(name);
}

function deniedBuckets(kind: ImportRoleKind, roleName: string, buckets: readonly string[]): FailureError {
  const actions = [kind.actions.object, ...kind.actions.bucket].join(', ');
  return fixableByEnsure(
    kind,
    `RAM role ${roleName} does not allow ${actions} on ${buckets.join(', ')}: attach the system policy ${kind.systemPolicy}, or ${JSON.stringify(bucketPolicy(kind, buckets[0] ?? '*'))}`,
  );
}

/** The failure that ImportImage would return, reported before the call. */
function roleFailure(kind: ImportRoleKind, message: string): FailureError {
  return fail(kind.missingCode, message, { service: 'ecs', action: 'ImportImage' });
}

/** The role or one of its permissions is missing. The role mode `ensure` fixes both. */
export class FixableRoleError extends FailureError {}

function fixableByEnsure(kind: ImportRoleKind, message: string): FixableRoleError {
  return new FixableRoleError(roleFailure(kind, message).failure);
}
