/** Identifies the caller (account, RAM user or session of an assumed role) and evaluates its permissions. */

import { evaluate, type PolicyDocument, parsePolicy, type Verdict } from './ram/permissions.js';
import { systemPolicies } from './ram/system-policies.js';
import type { World } from './world.js';
import { ACCOUNT_ID } from './world.js';

export interface Caller {
  readonly type: 'Account' | 'RAMUser' | 'AssumedRoleUser';
  readonly accessKeyId: string;
  readonly accountId: string;
  readonly arn: string;
  readonly userId: string;
  readonly roleId: string | null;
  /** `user/NAME` or `role/NAME` whose policies apply; null for the account itself, which has every permission. */
  readonly principal: string | null;
  /** The session policy: it can only restrict the permissions of the role. */
  readonly sessionPolicy: string | null;
}

export type KeyProblem =
  | 'unknown'
  | 'inactive'
  | 'token-missing'
  | 'token-unknown'
  | 'token-mismatch'
  | 'token-expired';

export type KeyLookup =
  | { readonly caller: Caller; readonly secret: string }
  | { readonly problem: KeyProblem; readonly secret?: string };

/** An empty token counts as absent: older SDKs send `SecurityToken=` with a permanent key. */
export function lookUpKey(world: World, accessKeyId: string, sentToken: string | null, now: number): KeyLookup {
  const token = sentToken === '' ? null : sentToken;
  const session = world.sessions.get(accessKeyId);
  if (session !== undefined) {
    if (token === null) return { problem: 'token-missing' };
    if (token !== session.token) {
      const known = [...world.sessions.values()].some((other) => other.token === token);
      return { problem: known ? 'token-mismatch' : 'token-unknown' };
    }
    if (session.expiresAt <= now) return { problem: 'token-expired' };
    return { caller: sessionCaller(world, session), secret: session.secret };
  }
  const key = world.accessKeys.get(accessKeyId);
  if (key === undefined) return { problem: 'unknown' };
  if (key.status === 'Inactive') return { problem: 'inactive' };
  if (token !== null) return { problem: 'token-mismatch' };
  if (key.userName === null) return { caller: rootCaller(accessKeyId, world.accountId), secret: key.secret };
  const user = world.users.get(key.userName);
  if (user === undefined) return { problem: 'unknown' };
  const caller: Caller = {
    type: 'RAMUser',
    ...{ accessKeyId, accountId: world.accountId },
    arn: `acs:ram::${world.accountId}:user/${user.userName}`,
    userId: user.userId,
    roleId: null,
    principal: `user/${user.userName}`,
    sessionPolicy: null,
  };
  return { caller, secret: key.secret };
}

export function rootCaller(accessKeyId: string, accountId = ACCOUNT_ID): Caller {
  return {
    type: 'Account',
    accessKeyId,
    accountId,
    arn: `acs:ram::${accountId}:root`,
    userId: accountId,
    roleId: null,
    principal: null,
    sessionPolicy: null,
  };
}

function sessionCaller(
  world: World,
  session: {
    readonly accessKeyId: string;
    readonly roleName: string;
    readonly sessionName: string;
    readonly policy: string | null;
  },
): Caller {
  const roleId = world.roles.get(session.roleName.toLowerCase())?.roleId ?? '';
  return {
    type: 'AssumedRoleUser',
    ...{ accessKeyId: session.accessKeyId, accountId: world.accountId },
    arn: `acs:ram::${world.accountId}:assumed-role/${session.roleName.toLowerCase()}/${session.sessionName}`,
    userId: `${roleId}:${session.sessionName}`,
    roleId,
    principal: `role/${session.roleName}`,
    sessionPolicy: session.policy,
  };
}

/** Evaluates the caller's permission. `resource` is an ARN such as `acs:oss:*:ID:bucket/key`. */
export function permits(
  world: World,
  caller: Caller,
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): Verdict {
  if (caller.principal === null) return 'allow';
  const verdict = evaluate(documentsOf(world, caller.principal), action, resource, context);
  if (verdict !== 'allow' || caller.sessionPolicy === null) return verdict;
  const limit = parsePolicy(caller.sessionPolicy);
  return limit === null ? 'implicit-deny' : evaluate([limit], action, resource, context);
}

/** The default documents of all policies attached to `user/NAME` or `role/NAME`. */
export function documentsOf(world: World, principal: string): readonly PolicyDocument[] {
  const documents: PolicyDocument[] = [];
  for (const attachment of world.attachments.values()) {
    if (attachment.principal.toLowerCase() !== principal.toLowerCase()) continue;
    const text =
      attachment.policyType === 'System'
        ? systemPolicies[attachment.policyName]?.document
        : defaultDocument(world, attachment.policyName);
    const document = text === undefined ? null : parsePolicy(text);
    if (document !== null) documents.push(document);
  }
  return documents;
}

function defaultDocument(world: World, policyName: string): string | undefined {
  const policy = world.policies.get(policyName);
  return policy?.versions.find((version) => version.versionId === policy.defaultVersion)?.document;
}
