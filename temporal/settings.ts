/** How the Temporal server is reached: Temporal's standard environment variables, read and checked before anything connects. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, type Environment, readEnvironment } from '../config/environment.js';

const DEFAULT_PORT = 7233;

/** Errors are made here, not of the value: what is wrong with a key is said without it. */
export const temporalVariables = {
  TEMPORAL_ADDRESS: z.string().min(1).default(`127.0.0.1:${DEFAULT_PORT}`),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z
    .string()
    .regex(
      /^[\x21-\x7e]+$/,
      'the key holds a space, a line break or another character that no key has: set the key alone',
    )
    .optional(),
  /** Unset: on where an API key or any of the variables below is set. */
  TEMPORAL_TLS: z
    .enum(['true', 'false', '1', '0'], 'set true or false')
    .transform((text) => text === 'true' || text === '1')
    .optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
};

const schema = z.object(temporalVariables);
export type TemporalVariables = z.infer<typeof schema>;

/** PEM, as the SDK's clients and Node.js both take it. */
export interface TemporalTls {
  /** Null: the certificate authorities that the system trusts. */
  readonly serverCa: Buffer | null;
  readonly client: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Null: the host of the address. */
  readonly serverName: string | null;
}

export interface TemporalSettings {
  /** As given. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly namespace: string;
  readonly apiKey: string | null;
  /** Null: no TLS. */
  readonly tls: TemporalTls | null;
  /** Which variable says what, for those who have to tell a person what to mend. */
  readonly named: { readonly serverCa: string; readonly clientCert: string };
}

/** Throws `ConfigError`. */
export function readTemporalSettings(env: Environment): TemporalSettings {
  return temporalSettings(readEnvironment(schema, env));
}

/** Throws `ConfigError`: what fits together is known only when the files have been read. */
export function temporalSettings(variables: TemporalVariables): TemporalSettings {
  const cert = readPem(variables, 'CLIENT_CERT');
  const key = readPem(variables, 'CLIENT_KEY');
  const ca = readPem(variables, 'SERVER_CA_CERT');
  const serverName = variables.TEMPORAL_TLS_SERVER_NAME ?? null;
  const apiKey = variables.TEMPORAL_API_KEY ?? null;
  const asked = [cert, key, ca, serverName, apiKey].some((one) => one !== null);
  const tls = variables.TEMPORAL_TLS ?? asked;
  return {
    address: variables.TEMPORAL_ADDRESS,
    ...hostAndPort(variables.TEMPORAL_ADDRESS),
    namespace: variables.TEMPORAL_NAMESPACE,
    apiKey,
    tls: tls ? { serverCa: authority(ca), client: clientPair(cert, key), serverName } : null,
    named: {
      serverCa: ca?.variable ?? 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
      clientCert: cert?.variable ?? 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    },
  };
}

/** What the SDK's `Connection` and `NativeConnection` are opened with. */
export function connectionOptions({ host, port, tls, apiKey }: TemporalSettings) {
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(apiKey === null ? {} : { apiKey }),
    tls: tls !== null && {
      ...(tls.serverCa === null ? {} : { serverRootCACertificate: tls.serverCa }),
      ...(tls.client === null ? {} : { clientCertPair: { crt: tls.client.cert, key: tls.client.key } }),
      ...(tls.serverName === null ? {} : { serverNameOverride: tls.serverName }),
    },
  };
}

/** For the parts of a stack whose server is the embedded one: nothing that is meant for another server must reach them. */
export function withoutTemporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !Object.hasOwn(temporalVariables, name)));
}

function hostAndPort(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:/\s]+))(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port > 65_535)
    throw new ConfigError(`TEMPORAL_ADDRESS is ${address}: give host:port, without https://`);
  return { host, port };
}

type PemPart = 'CLIENT_CERT' | 'CLIENT_KEY' | 'SERVER_CA_CERT';

interface Pem {
  readonly variable: string;
  readonly bytes: Buffer;
}

function readPem(variables: TemporalVariables, part: PemPart): Pem | null {
  const byPath = `TEMPORAL_TLS_${part}_PATH` as const;
  const byData = `TEMPORAL_TLS_${part}_DATA` as const;
  const [file, data] = [variables[byPath], variables[byData]];
  if (file !== undefined && data !== undefined)
    throw new ConfigError(`${byPath} and ${byData} are both set: unset one of them`);
  if (data !== undefined) return { variable: byData, bytes: Buffer.from(data) };
  if (file === undefined) return null;
  try {
    return { variable: byPath, bytes: readFileSync(file) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ConfigError(
      `${byPath}: ${file} can't be read (${UNREADABLE[code] ?? code}): give the path of a PEM file that this user may read`,
      { cause: error },
    );
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
};

function certificate({ variable, bytes }: Pem): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new ConfigError(`${variable}: holds no certificate: give it in PEM, from -----BEGIN CERTIFICATE----- on`, {
      cause: error,
    });
  }
}

function privateKey({ variable, bytes }: Pem): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    const locked = bytes.includes('ENCRYPTED');
    throw new ConfigError(
      locked
        ? `${variable}: the key is locked with a passphrase: give it without one (openssl pkey -in KEY -out UNLOCKED)`
        : `${variable}: holds no private key: give it in PEM, from -----BEGIN PRIVATE KEY----- on`,
      { cause: error },
    );
  }
}

function authority(ca: Pem | null): Buffer | null {
  if (ca === null) return null;
  certificate(ca);
  return ca.bytes;
}

function clientPair(cert: Pem | null, key: Pem | null): TemporalTls['client'] {
  if (cert === null && key === null) return null;
  if (cert === null)
    throw new ConfigError(
      `${key?.variable} is set without a certificate: set TEMPORAL_TLS_CLIENT_CERT_PATH to the one that belongs to it, or unset it`,
    );
  if (key === null)
    throw new ConfigError(
      `${cert.variable} is set without a key: set TEMPORAL_TLS_CLIENT_KEY_PATH to the one that belongs to it, or unset it`,
    );
  if (!certificate(cert).checkPrivateKey(privateKey(key)))
    throw new ConfigError(
      `${key.variable}: this key doesn't belong to the certificate of ${cert.variable}: give the pair that was made together`,
    );
  return { cert: cert.bytes, key: key.bytes };
}
