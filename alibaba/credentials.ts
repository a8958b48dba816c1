/** Credentials from the vendor's default chain, or fixed ones. Errors never contain secrets. */

import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  CLIProfileCredentialsProvider,
  type CredentialsProvider,
  ECSRAMRoleCredentialsProvider,
  EnvironmentVariableCredentialsProvider,
  OIDCRoleArnCredentialsProvider,
  ProfileCredentialsProvider,
  URICredentialsProvider,
} from '@alicloud/credentials';
import type { Failure, FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Set for temporary credentials only. */
  readonly securityToken?: string;
}

/** Returns credentials that are valid now. Get them again for every call, because temporary ones are renewed. Throws `FailureError`. */
export interface CredentialSource {
  (): Promise<Credentials>;
  /** Called when the cloud reports that the credentials have expired. Absent: the source knows by itself. */
  readonly renew?: () => void;
}

const STALE = new Set(['SecurityTokenExpired', 'InvalidSecurityToken', 'InvalidSecurityToken.Expired']);

/** The cloud no longer accepts the temporary credentials of the call. */
export function isStale({ code }: Pick<Failure, 'code'>): boolean {
  return STALE.has(code);
}

export function staticCredentials(credentials: Credentials): CredentialSource {
  return async () => credentials;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Provider {
  readonly name: string;
  /** True if this provider is configured, so that its error is reported. */
  readonly configured: (env: Environment) => boolean;
  /** Tried even if it is not configured. */
  readonly always?: boolean;
  readonly build: () => CredentialsProvider;
}

/** In the vendor's order. The vendor's chain class is not used, because it calls `https://undefined/` if no URI is set and does not retry after a failure. */
const CHAIN: readonly Provider[] = [
  {
    name: 'environment (ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET)',
    configured: (env) => Boolean(env.ALIBABA_CLOUD_ACCESS_KEY_ID || env.ALIBABA_CLOUD_ACCESS_KEY_SECRET),
    build: () => EnvironmentVariableCredentialsProvider.builder().build(),
  },
  {
    name: 'OIDC (ALIBABA_CLOUD_ROLE_ARN, ALIBABA_CLOUD_OIDC_PROVIDER_ARN, ALIBABA_CLOUD_OIDC_TOKEN_FILE)',
    configured: (env) => Boolean(env.ALIBABA_CLOUD_OIDC_PROVIDER_ARN || env.ALIBABA_CLOUD_OIDC_TOKEN_FILE),
    build: () => OIDCRoleArnCredentialsProvider.builder().build(),
  },
  {
    name: 'command line profile (~/.aliyun/config.json)',
    configured: (env) => !isTrue(env.ALIBABA_CLOUD_CLI_PROFILE_DISABLED) && inHome('.aliyun', 'config.json'),
    build: () => CLIProfileCredentialsProvider.builder().build(),
  },
  {
    name: 'credentials file (~/.alibabacloud/credentials)',
    configured: (env) => Boolean(env.ALIBABA_CLOUD_CREDENTIALS_FILE) || inHome('.alibabacloud', 'credentials'),
    build: () => ProfileCredentialsProvider.builder().build(),
  },
  {
    name: 'RAM role of this ECS instance',
    configured: (env) => Boolean(env.ALIBABA_CLOUD_ECS_METADATA) && !isTrue(env.ALIBABA_CLOUD_ECS_METADATA_DISABLED),
    always: true,
    build: () => ECSRAMRoleCredentialsProvider.builder().build(),
  },
  {
    name: 'credentials URI (ALIBABA_CLOUD_CREDENTIALS_URI)',
    configured: (env) => Boolean(env.ALIBABA_CLOUD_CREDENTIALS_URI),
    build: () => URICredentialsProvider.builder().build(),
  },
];

/**
 * The vendor's default chain: environment, OIDC, command line profile, credentials file, ECS RAM role, URI.
 * Keeps the first provider that returns credentials, so that the identity never changes during an import.
 */
export function defaultCredentials(env: Environment = process.env): CredentialSource {
  let chosen: CredentialsProvider | undefined;
  let searching: Promise<Credentials> | undefined;

  const search = async (): Promise<Credentials> => {
    const tried: string[] = [];
    for (const candidate of CHAIN) {
      const configured = candidate.configured(env);
      if (!configured && !candidate.always) continue;
      try {
        const provider = candidate.build();
        const credentials = await credentialsOf(provider);
        chosen = provider;
        return credentials;
      } catch (cause) {
        if (configured) tried.push(`${candidate.name}: ${reason(cause)}`);
      }
    }
    throw noCredentials(tried);
  };

  return async () => {
    if (chosen) {
      try {
        return await credentialsOf(chosen);
      } catch (cause) {
        throw noCredentials([`${chosen.getProviderName()}: ${reason(cause)}`]);
      }
    }
    searching ??= search().finally(() => {
      searching = undefined;
    });
    return searching;
  };
}

async function credentialsOf(provider: CredentialsProvider): Promise<Credentials> {
  const { accessKeyId, accessKeySecret, securityToken } = await provider.getCredentials();
  return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) };
}

/** The vendor's messages may quote whole files and responses with secrets. Only parts known to be harmless are reported. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'unknown error';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  if (code) return code === 'ENOENT' ? 'the file does not exist' : code;
  const status = /httpStatus: (\d{3})/.exec(cause.message)?.[1];
  if (status) return `returned HTTP status ${status}`;
  if (/timeout/i.test(cause.name + cause.message)) return 'timed out';
  return 'configured, but incomplete or rejected';
}

function noCredentials(tried: readonly string[]): FailureError {
  const message = tried.length > 0 ? `no usable credentials: ${tried.join('; ')}` : 'no credentials found';
  return fail('NoCredentials', message, { service: 'credentials' });
}

function isTrue(value: string | undefined): boolean {
  return value?.toLowerCase() === 'true';
}

function inHome(...path: readonly string[]): boolean {
  try {
    return existsSync(join(homedir(), ...path));
  } catch {
    // HOME is unset and the user is not in the system's list of users.
    return false;
  }
}
