/** Who can reach the API, and who may use it. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { ConfigError, type Environment, flag, readEnvironment } from './environment.js';
import { isLoopback } from './loopback.js';

export interface ApiAccess {
  /** An admin key; null: none is set. */
  readonly token: string | null;
  /** File with the admin key of the local user; null: none. */
  readonly tokenFile: string | null;
  /** Every request is accepted, and its sender is an admin. */
  readonly isOpen: boolean;
  /** Null: HTTP without TLS. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  /** A proxy with TLS is in front: it states the scheme and the client's address in X-Forwarded headers. */
  readonly isBehindProxy: boolean;
  /** The names under which clients reach the API, besides addresses and localhost. */
  readonly hostNames: readonly string[];
  /** Requests a second; null: no limit. */
  readonly perIdentity: number | null;
  readonly perAddress: number | null;
  /** Wrong credentials of one address in a minute; null: no limit. */
  readonly failedPerMinute: number | null;
}

const rate = (fallback: number) => z.coerce.number().min(0).max(1_000_000).default(fallback);

export const accessVariables = {
  ECS_IMPORT_HOST: z.string().min(1).default('127.0.0.1'),
  ECS_IMPORT_API_TOKEN: z.string().min(1).optional(),
  ECS_IMPORT_API_TOKEN_FILE: z.string().min(1).optional(),
  ECS_IMPORT_INSECURE_NO_AUTH: flag,
  ECS_IMPORT_TLS_CERT_FILE: z.string().min(1).optional(),
  ECS_IMPORT_TLS_KEY_FILE: z.string().min(1).optional(),
  ECS_IMPORT_BEHIND_PROXY: flag,
  /** `images.example.com,images` */
  ECS_IMPORT_HOST_NAMES: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((name) => name.trim().toLowerCase())
        .filter((name) => name !== ''),
    )
    .refine(
      (names) => names.every((name) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)),
      'set host names without ports, separated by commas',
    )
    .optional(),
  ECS_IMPORT_RATE_PER_IDENTITY: rate(500),
  ECS_IMPORT_RATE_PER_ADDRESS: rate(50),
  ECS_IMPORT_WRONG_KEYS_PER_MINUTE: rate(10),
};

export const NO_AUTH =
  'access control is off (--insecure-no-auth, ECS_IMPORT_INSECURE_NO_AUTH): every user and program of this machine is an admin';

/** Throws `ConfigError` as `apiAccess` does, and for a variable that is wrong. */
export function apiAccessFromEnvironment(env: Environment): ApiAccess {
  return apiAccess(readEnvironment(z.object(accessVariables), env));
}

/** Throws `ConfigError` if others than this machine could use the API without access control or without TLS. */
export function apiAccess(read: z.infer<z.ZodObject<typeof accessVariables>>): ApiAccess {
  const { ECS_IMPORT_HOST: host, ECS_IMPORT_TLS_CERT_FILE: certFile, ECS_IMPORT_TLS_KEY_FILE: keyFile } = read;
  const [isOpen, isBehindProxy] = [read.ECS_IMPORT_INSECURE_NO_AUTH, read.ECS_IMPORT_BEHIND_PROXY];
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new ConfigError(
      'ECS_IMPORT_TLS_CERT_FILE, ECS_IMPORT_TLS_KEY_FILE: set both, to files with the certificate chain and its private key',
    );
  }
  const tls = certFile === undefined || keyFile === undefined ? null : { certFile, keyFile };
  if (isOpen && (!isLoopback(host) || isBehindProxy)) {
    throw new ConfigError(
      `ECS_IMPORT_INSECURE_NO_AUTH: an API that others can reach (${isBehindProxy ? 'ECS_IMPORT_BEHIND_PROXY' : `ECS_IMPORT_HOST=${host}`}) needs access control: remove the variable or --insecure-no-auth, or listen on 127.0.0.1 without a proxy`,
    );
  }
  if (!isLoopback(host) && tls === null && !isBehindProxy) {
    throw new ConfigError(
      `ECS_IMPORT_HOST: an API on ${host} needs TLS, because requests carry keys: set ECS_IMPORT_TLS_CERT_FILE and ECS_IMPORT_TLS_KEY_FILE, or ECS_IMPORT_BEHIND_PROXY=true if a proxy with TLS is in front of it`,
    );
  }
  return {
    token: read.ECS_IMPORT_API_TOKEN ?? null,
    tokenFile: read.ECS_IMPORT_API_TOKEN_FILE ?? null,
    isOpen,
    tls,
    isBehindProxy,
    hostNames: [...(read.ECS_IMPORT_HOST_NAMES ?? []), ...(isIP(host) === 0 ? [host.toLowerCase()] : [])],
    perIdentity: read.ECS_IMPORT_RATE_PER_IDENTITY || null,
    perAddress: read.ECS_IMPORT_RATE_PER_ADDRESS || null,
    failedPerMinute: read.ECS_IMPORT_WRONG_KEYS_PER_MINUTE || null,
  };
}
