/** The RAM role with which ECS reads the bucket, and its policies. They belong to the account: recorded, never removed. */
import type { RoleOutcome } from '../alibaba/cloud.js';
import type { FailureError } from '../domain/errors/failure.js';
import type { LedgerEntry } from '../domain/ledger.js';
import { hasCode } from './refusal.js';
import type { ResourceDependencies, Work } from './work.js';

/** The longest time until ECS sees a new RAM role; Packer also waits a minute. */
const ROLE_SETTLES_WITHIN_MS = 120_000;

/** ECS has no role to read the bucket with. The error catalogue maps both spellings of the vendor's code to this one. */
export function isRoleMissing(error: unknown): error is FailureError {
  return hasCode(error, ['NoSetRoletoECSServiceAccount', 'InvalidOperation.CloudBoxImageImportRoleRequired']);
}

export interface WantedRole {
  readonly mode: 'ensure' | 'verify';
  readonly roleName: string | null;
  readonly cloudBox: boolean;
  readonly buckets: readonly string[];
  /** Of the import, if it was read; otherwise it is read where it is needed. */
  readonly ledger?: readonly LedgerEntry[] | null;
}

/** A role or policy that exists is adopted as it is. */
export async function setUpRole(
  deps: ResourceDependencies,
  work: Work,
  { ledger: known, ...wanted }: WantedRole,
): Promise<RoleOutcome> {
  const outcome = await deps.cloud.ram.setUpImportRole(wanted);
  const { roleName } = outcome;
  const entry = { regionId: 'global', status: 'kept' } as const;
  if (outcome.madeRole) {
    const role = { kind: 'role', key: roleName, regionId: 'global' } as const;
    // A role that this import creates again changes its entry twice, so that `updatedAt` shows when.
    await deps.store.record(work, { ...role, status: 'created' });
    await deps.store.record(work, { ...role, status: 'kept' });
  } else if (isLeftCreated(known ?? (await deps.store.ledger(work.importId)), roleName)) {
    await deps.store.record(work, { ...entry, kind: 'role', key: roleName });
  }
  for (const policy of outcome.attachedPolicies) {
    const detail = { policy, madeHere: outcome.madePolicies.includes(policy) };
    await deps.store.record(work, { ...entry, kind: 'policy-attachment', key: `${roleName}/${policy}`, detail });
  }
  return outcome;
}

/** An earlier attempt ended between the two changes of the entry. */
function isLeftCreated(ledger: readonly LedgerEntry[], roleName: string): boolean {
  return ledger.some(({ kind, key, status }) => kind === 'role' && key === roleName && status === 'created');
}

/** The import created a role or attached a policy so recently that the cloud may not see it yet. */
export function isRoleRecent(ledger: readonly LedgerEntry[], nowMs: number): boolean {
  const created = ledger.filter(({ kind }) => kind === 'role' || kind === 'policy-attachment');
  return created.some(({ updatedAt }) => nowMs - Date.parse(updatedAt) < ROLE_SETTLES_WITHIN_MS);
}
