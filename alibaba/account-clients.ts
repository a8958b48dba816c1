/**
 * The one place that maps an account to the clients of its cloud. Requests and workflows contain only the name of an account;
 * which role it stands for is this worker's configuration.
 */
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { type AccountRole, accountIdOf } from './account-role.js';
import { assumedRole, sessionNameOf } from './assumed-role.js';
import type { Cloud } from './cloud.js';
import { type CloudOptions, createCloud, HOME_REGION, rateLimiterOf } from './create-cloud.js';
import { type CredentialSource, isStale } from './credentials.js';
import type { EcsApi } from './ecs-api.js';
import type { OssApi } from './oss-api.js';
import type { RegionWatchers } from './region-watcher.js';

export interface AccountClients {
  readonly cloud: Cloud;
  readonly watchers: RegionWatchers;
}

export interface CloudAccounts {
  /** The configured names. */
  readonly names: readonly string[];
  /**
   * The clients of an account. Every call in an account that is not configured fails, so that its imports stop for attention.
   * @param name undefined: the account of the worker's own credentials
   * @param accountId where earlier steps of the import have worked; absent or null: not known. In another account, the next
   *   steps would not find what these have created, and would take it for removed.
   */
  of(name: string | undefined, accountId?: string | null): AccountClients;
}

export interface CloudAccountsOptions {
  readonly cloud: CloudOptions;
  readonly accounts: readonly AccountRole[];
  /** The host of this worker, for the audit logs of the accounts. */
  readonly host: string;
  /** Adds what this process shares within an account: call budgets, cached reads, pollers. */
  readonly equip: (cloud: Cloud) => AccountClients;
}

export function createCloudAccounts({ cloud, accounts, host, equip }: CloudAccountsOptions): CloudAccounts {
  const rateLimiter = rateLimiterOf(cloud);
  const own = equip(createCloud(cloud, rateLimiter));
  const roles = new Map(accounts.map((role) => [role.name, role]));
  const clients = new Map<string, AccountClients>();

  const create = (name: string): AccountClients => {
    const role = roles.get(name);
    if (role === undefined) return unconfigured(name);
    const credentials = credentialsOf(role, cloud, host);
    return equip(renewing(createCloud({ ...cloud, credentials }, rateLimiter), credentials, name));
  };
  return {
    names: [...roles.keys()],
    of(name, accountId = null) {
      if (name === undefined) return own;
      const role = roles.get(name);
      const isMoved = role !== undefined && accountId !== null && accountIdOf(role.roleArn) !== accountId;
      if (isMoved) return moved(role, accountId);
      const known = clients.get(name) ?? create(name);
      // The names of unknown accounts come from requests: they are not kept.
      if (roles.has(name)) clients.set(name, known);
      return known;
    },
  };
}

/** For one process that does not keep the clients, such as `doctor`. */
export function cloudOfAccount(role: AccountRole, options: CloudOptions, host: string): Cloud {
  const credentials = credentialsOf(role, options, host);
  return renewing(createCloud({ ...options, credentials }), credentials, role.name);
}

function credentialsOf(role: AccountRole, options: CloudOptions, host: string): CredentialSource {
  const { endpoints, homeRegion = HOME_REGION, credentials, timeoutMs } = options;
  return assumedRole({
    role,
    sessionName: sessionNameOf(host),
    sts: {
      ...{ endpoint: role.stsEndpoint ?? endpoints.sts, region: role.stsRegion ?? homeRegion, credentials },
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    },
  });
}

/** A session that the cloud no longer accepts is renewed by the next call: unlike with fixed credentials, no user must act. */
function renewing(cloud: Cloud, credentials: CredentialSource, account: string): Cloud {
  const translate = (error: unknown): unknown => {
    if (!(error instanceof FailureError) || !isStale(error.failure)) return error;
    credentials.renew?.();
    const { message, service = '', action = '', requestId } = error.failure;
    return fail('Account.SessionRefused', `account ${account}: ${message}`, {
      ...{ service, action, values: { account }, cause: error },
      ...(requestId === undefined ? {} : { requestId }),
    });
  };
  return {
    ecs: (region) => translating(cloud.ecs(region), translate),
    oss: (region, access) => translating(cloud.oss(region, access), translate),
    ram: translating(cloud.ram, translate),
    sts: translating(cloud.sts, translate),
  };
}

/** The API with the errors of its asynchronous methods translated. */
function translating<Api extends object>(api: Api, translate: (error: unknown) => unknown): Api {
  return new Proxy(api, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== 'function') return method;
      return (...args: readonly unknown[]): unknown => {
        const result: unknown = Reflect.apply(method, target, [...args]);
        if (!(result instanceof Promise)) return result;
        return result.catch((error: unknown) => {
          throw translate(error);
        });
      };
    },
  });
}

/** An account that was removed from the configuration, or that only the API's configuration contains. */
function unconfigured(name: string): AccountClients {
  return refusing('Account.Unknown', name, `account ${name} is not in the configuration of this worker`);
}

function moved({ name, roleArn }: AccountRole, accountId: string): AccountClients {
  const now = accountIdOf(roleArn);
  return refusing(
    'Account.Changed',
    name,
    `account ${name} is now ${now}, but the import began in account ${accountId}`,
  );
}

function refusing(code: 'Account.Unknown' | 'Account.Changed', account: string, message: string): AccountClients {
  const refuse = async (): Promise<never> => {
    throw fail(code, message, { values: { account } });
  };
  const methods = { get: (_: object, method: PropertyKey) => (method === 'linkSpeed' ? () => null : refuse) };
  const api = <Api extends object>(): Api => new Proxy<Api>(Object.create(null), methods);
  return {
    cloud: { ecs: () => api<EcsApi>(), oss: () => api<OssApi>(), ram: api(), sts: api() },
    watchers: { next: refuse },
  };
}
