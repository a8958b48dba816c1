/** RAM: the role by which ECS reads the bucket. What lacks is made where asked; what is there is compared and never changed. */

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
import { documentDiff, lacking, type Statement, statementsOf, trustsService } from './policy-document.js';
import { createRamCalls, type RamCalls } from './ram-calls.js';
import type { SdkPlace } from './sdk-call.js';

export function createRam(place: SdkPlace): RamApi {
  const calls = createRamCalls(place);
  return {
    async setUpImportRole({ mode, roleName: named, cloudBox, buckets }) {
      const kind = cloudBox ? CLOUD_BOX_ROLE : ECS_ROLE;
      const roleName = named ?? kind.roleName;
      const role = await findOrMakeRole(calls, kind, roleName, mode);
      const drift = compareTrust(kind, roleName, role.trust);

      const missing = await missingBuckets(calls, kind, roleName, buckets);
      const made: PoliciesMade = { madePolicies: [], attachedPolicies: [] };
      if (missing.length > 0) {
        if (mode === 'verify') throw refusesBuckets(kind, roleName, missing);
        await attachWhatLacks(calls, kind, roleName, missing, made);
      }
      return { roleName, madeRole: role.made, ...made, drift };
    },
  };
}

interface PoliciesMade {
  readonly madePolicies: string[];
  readonly attachedPolicies: string[];
}

async function findOrMakeRole(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  mode: 'ensure' | 'verify',
): Promise<{ readonly trust: string; readonly made: boolean }> {
  const trust = await calls.trustPolicyOf(roleName);
  if (trust !== null) return { trust, made: false };
  if (mode === 'verify') throw fixableByEnsure(kind, `RAM role ${roleName} does not exist`);
  if (await calls.createRole(roleName, TRUST_POLICY)) return { trust: JSON.stringify(TRUST_POLICY), made: true };
  // Somebody made it between our two calls: theirs is compared like any other.
  return { trust: (await calls.trustPolicyOf(roleName)) ?? '', made: false };
}

/** Drift, where the role works all the same; a failure where ECS may not assume it. */
function compareTrust(kind: ImportRoleKind, roleName: string, trust: string): readonly string[] {
  const diff = documentDiff(trust, TRUST_POLICY);
  if (diff === '') return [];
  const shown = `the trust policy of RAM role ${roleName} (- is, + documented):\n${diff}`;
  if (trustsService(statementsOf(trust) ?? [], IMPORT_SERVICE)) return [shown];
  throw roleProblem(kind, `ECS may not assume the role, whose trust policy is never changed for you; ${shown}`);
}

/** The buckets of which the role's policies, all together, do not allow all that an import reads. */
async function missingBuckets(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  buckets: readonly string[],
): Promise<readonly string[]> {
  const attached = await calls.policiesOf(roleName);
  // The vendor's own policy is known to hold what it must, in the common case without a call.
  if (attached.length === 1 && attached[0]?.type === 'System' && attached[0].name === kind.systemPolicy) return [];
  const statements: Statement[] = [];
  for (const policy of attached) statements.push(...(statementsOf((await calls.policyDocument(policy)) ?? '') ?? []));
  const { denied, unmentioned } = lacking(statements, permissionsOn(kind, buckets));
  if (denied.length > 0) {
    const what = denied.map(({ action, resource }) => `${action} on ${resource}`).join(', ');
    throw roleProblem(kind, `a policy attached to RAM role ${roleName} denies ${what}`);
  }
  return buckets.filter((bucket) =>
    permissionsOn(kind, [bucket]).some((one) => unmentioned.some(({ resource }) => resource === one.resource)),
  );
}

/** The vendor's policy first; where this account cannot attach it, one of its own for each bucket. */
async function attachWhatLacks(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  buckets: readonly string[],
  made: PoliciesMade,
): Promise<void> {
  try {
    const attached = await calls.attachPolicy(roleName, { name: kind.systemPolicy, type: 'System' });
    if (attached) made.attachedPolicies.push(kind.systemPolicy);
    return;
  } catch (error) {
    if (!(error instanceof FailureError) || !CANNOT_ATTACH.test(error.failure.code)) throw error;
  }
  for (const bucket of buckets) await attachOwnPolicy(calls, kind, roleName, bucket, made);
}

/** The policy is not offered to this account, or the caller may attach its own ones only. */
const CANNOT_ATTACH = /^(EntityNotExist\.Policy|EntityNotExist\.SystemPolicy|NoPermission|LimitExceeded\.Role\.Policy)/;

async function attachOwnPolicy(
  calls: RamCalls,
  kind: ImportRoleKind,
  roleName: string,
  bucket: string,
  made: PoliciesMade,
): Promise<void> {
  const name = `${kind.ownPolicyPrefix}${bucket}`;
  const wanted = bucketPolicy(kind, bucket);
  if (await calls.createPolicy(name, wanted)) made.madePolicies.push(name);
  else {
    const actual = (await calls.policyDocument({ name, type: 'Custom' })) ?? '';
    const { denied, unmentioned } = lacking(statementsOf(actual) ?? [], permissionsOn(kind, [bucket]));
    if (denied.length + unmentioned.length > 0) {
      const diff = documentDiff(actual, wanted);
      throw roleProblem(
        kind,
        `the policy ${name} is there, does not allow the import, and is never changed for you (- is, + needed):\n${diff}`,
      );
    }
  }
  if (await calls.attachPolicy(roleName, { name, type: 'Custom' })) made.attachedPolicies.push(name);
}

function refusesBuckets(kind: ImportRoleKind, roleName: string, buckets: readonly string[]): FailureError {
  const actions = [kind.actions.object, ...kind.actions.bucket].join(', ');
  return fixableByEnsure(
    kind,
    `RAM role ${roleName} does not allow ${actions} on ${buckets.join(', ')}: attach the system policy ${kind.systemPolicy}, or ${JSON.stringify(bucketPolicy(kind, buckets[0] ?? '*'))}`,
  );
}

/** What the cloud would answer to the import itself, told before it. */
function roleProblem(kind: ImportRoleKind, message: string): FailureError {
  return fail(kind.missingCode, message, { service: 'ecs', action: 'ImportImage' });
}

/** A role that is missing, or that lacks a permission: role policy `ensure` fixes both. */
export class FixableRoleError extends FailureError {}

function fixableByEnsure(kind: ImportRoleKind, message: string): FixableRoleError {
  return new FixableRoleError(roleProblem(kind, message).failure);
}
