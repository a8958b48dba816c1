/** Where the keys come from: the vendor's default chain, or fixed ones. Nothing here ever puts a secret into an error. */

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
import type { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';

export interface Credentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Present for temporary keys only. */
  readonly securityToken?: string;
}

/** Gives keys that are valid now; ask again for every call, since temporary keys are renewed. Throws `FailureError`. */
export type CredentialSource = () => Promise<Credentials>;

export function staticCredentials(credentials: Credentials): CredentialSource {
  return async () => credentials;
}

type Environment = Readonly<Record<string, string | undefined>>;

interface Link {
  readonly name: string;
  /** Someone set this link up; its failure is worth telling. */
  readonly configured: (env: Environment) => boolean;
  /** Even tried when nothing points at it. */
  readonly always?: boolean;
  readonly build: () => CredentialsProvider;
}

/** The vendor's order. Its own chain class also asks `https://undefined/` when no URI is set, and never asks twice after a failure. */
const CHAIN: readonly Link[] = [
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
 * The link that gave keys once is kept, so that an import never changes identity half-way.
 */
export function defaultCredentials(env: Environment = process.env): CredentialSource {
  let chosen: CredentialsProvider | undefined;
  let searching: Promise<Credentials> | undefined;

  const search = async (): Promise<Credentials> => {
    const tried: string[] = [];
    for (const link of CHAIN) {
      const configured = link.configured(env);
      if (!configured && !link.always) continue;
      try {
        const provider = link.build();
        const credentials = await keysOf(provider);
        chosen = provider;
        return credentials;
      } catch (cause) {
        if (configured) tried.push(`${link.name}: ${reason(cause)}`);
      }
    }
    throw noCredentials(tried);
  };

  return async () => {
    if (chosen) {
      try {
        return await keysOf(chosen);
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

async function keysOf(provider: CredentialsProvider): Promise<Credentials> {
  const { accessKeyId, accessKeySecret, securityToken } = await provider.getCredentials();
  return { accessKeyId, accessKeySecret, ...(securityToken ? { securityToken } : {}) };
}

/** The vendor's messages may quote whole files and answers, secrets included: only what is known to be harmless is told. */
function reason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'could not be used';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
  if (code) return code === 'ENOENT' ? 'the file does not exist' : code;
  const status = /httpStatus: (\d{3})/.exec(cause.message)?.[1];
  if (status) return `answered HTTP ${status}`;
  if (/timeout/i.test(cause.name + cause.message)) return 'timed out';
  return 'set up, but incomplete or refused';
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
