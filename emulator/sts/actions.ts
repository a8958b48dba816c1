/** GetCallerIdentity and AssumeRole of STS. */
import { randomBytes } from 'node:crypto';
import { ApiError } from '../errors.js';
import { parsePolicy, trusts } from '../ram/permissions.js';
import { type ApiAction, type ApiCall, given, isoTime } from '../rpc-call.js';
import { missingParameter } from '../rpc-errors.js';

export const stsActions: Readonly<Record<string, ApiAction>> = {
  GetCallerIdentity: { run: getCallerIdentity, resource: null },
  AssumeRole: { run: assumeRole, resource: (call) => given(call, 'RoleArn') ?? '*' },
};

function getCallerIdentity(call: ApiCall) {
  const { caller } = call;
  return {
    AccountId: caller.accountId,
    UserId: caller.type === 'AssumedRoleUser' ? '' : caller.userId,
    RoleId: caller.roleId ?? '',
    Arn: caller.arn,
    IdentityType: caller.type,
    PrincipalId: caller.userId,
  };
}

function assumeRole(call: ApiCall) {
  const arn = given(call, 'RoleArn');
  const sessionName = given(call, 'RoleSessionName');
  if (arn === undefined) throw missingParameter('RoleArn');
  if (sessionName === undefined) throw missingParameter('RoleSessionName');
  if (!/^[\w.@-]{2,64}$/.test(sessionName)) {
    throw new ApiError(400, 'InvalidParameter.RoleSessionName', 'The parameter RoleSessionName is wrongly formed.');
  }
  const [, accountId, name] = /^acs:ram::(\d+):role\/(.+)$/.exec(arn) ?? [];
  if (accountId === undefined || name === undefined)
    throw new ApiError(400, 'InvalidParameter.RoleArn', 'The parameter RoleArn is wrongly formed.');
  const account = call.world.ofAccount(accountId);
  const role = account?.roles.get(name.toLowerCase());
  if (account === undefined || role === undefined)
    throw new ApiError(404, 'EntityNotExist.Role', `The role not exists: ${arn}.`);
  const policy = given(call, 'Policy') ?? null;
  if (policy !== null && parsePolicy(policy) === null) {
    throw new ApiError(400, 'InvalidParameter.PolicyGrammar', 'The parameter Policy has not passed grammar check.');
  }
  // The vendor does not let the account itself assume a role. The emulator does, so that tests need no RAM user.
  const externalId = given(call, 'ExternalId');
  const context = externalId === undefined ? {} : { 'sts:ExternalId': externalId };
  if (!trusts(parsePolicy(role.trustPolicy, 'trust'), { arn: call.caller.arn }, context)) {
    const message = 'You are not authorized to do this action. You should be authorized by RAM.';
    throw new ApiError(403, 'NoPermission', message);
  }
  const seconds = Number(given(call, 'DurationSeconds') ?? 3600);
  if (
    !Number.isInteger(seconds) ||
    seconds < call.world.settings.shortestSessionSeconds ||
    seconds > role.maxSessionSeconds
  ) {
    const message = `The Min/Max value of DurationSeconds is 15min/${role.maxSessionSeconds / 60}min.`;
    throw new ApiError(400, 'InvalidParameter.DurationSeconds', message);
  }
  const session = {
    accessKeyId: `STS.${randomBytes(12).toString('hex')}`,
    secret: randomBytes(22).toString('base64url'),
    token: randomBytes(48).toString('base64'),
    roleName: role.roleName,
    sessionName,
    policy,
    expiresAt: call.now + seconds * 1000,
  };
  account.sessions.put(session.accessKeyId, session);
  return {
    AssumedRoleUser: {
      Arn: `acs:ram::${accountId}:role/${role.roleName.toLowerCase()}/${sessionName}`,
      AssumedRoleId: `${role.roleId}:${sessionName}`,
    },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      AccessKeySecret: session.secret,
      SecurityToken: session.token,
      Expiration: isoTime(session.expiresAt),
    },
    SourceIdentity: given(call, 'SourceIdentity') ?? '',
  };
}
