/** The settings of the connection to Temporal, validated before anything connects. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { ConfigError } from './environment.js';
import { isLoopback } from './loopback.js';

const DEFAULT_PORT = 7233;
export const DEFAULT_ADDRESS = `127.0.0.1:${DEFAULT_PORT}`;
export const DEFAULT_NAMESPACE = 'default';

/** Certificates and keys in PEM format. */
export interface TemporalTlsConfig {
  /** The certificate authority of the server; default: the authorities that the system trusts. */
  readonly serverCa?: string | Buffer;
  /** The client's certificate, with its chain if it has one, and its private key without a passphrase. */
  readonly client?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** The name in the server's certificate; default: the host of the address. */
  readonly serverName?: string;
}

export interface TemporalConfig {
  /** `host:port`. Default `127.0.0.1:7233`. */
  readonly address?: string;
  /** Default `default`. */
  readonly namespace?: string;
  readonly apiKey?: string;
  /** Default: true if there is an API key. */
  readonly tls?: boolean | TemporalTlsConfig;
  /** Sent with every call as gRPC metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** In PEM format, which the Temporal SDK and Node.js both accept. */
export interface TemporalTls {
  /** Null: the certificate authorities that the system trusts. */
  readonly serverCa: Buffer | null;
  readonly client: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Null: the host of the address. */
  readonly serverName: string | null;
}

export interface TemporalSettings {
  /** Not parsed, for messages. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  readonly namespace: string;
  readonly apiKey: string | null;
  /** Null: no TLS. */
  readonly tls: TemporalTls | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** The names of settings, for error messages. */
  readonly named: TemporalSettingNames;
}

export interface TemporalSettingNames {
  readonly apiKey: string;
  readonly tls: string;
  readonly serverCa: string;
  readonly clientCert: string;
}

/** PEM data and the name of its setting. */
export interface Pem {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Settings from a program, the environment or a file, with the names of the settings in this source. */
export interface GivenTemporal {
  readonly address: string | undefined;
  readonly addressName: string;
  readonly namespace: string | undefined;
  readonly apiKey: string | null;
  readonly tls: boolean | undefined;
  readonly serverCa: Pem | null;
  readonly clientCert: Pem | null;
  readonly clientKey: Pem | null;
  readonly serverName: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly names: TemporalSettingNames & { readonly clientKey: string };
}

/** Throws `ConfigError`. */
export function temporalSettings(config: TemporalConfig): TemporalSettings {
  const { tls } = config;
  const names = {
    apiKey: 'temporal.apiKey',
    tls: 'temporal.tls',
    serverCa: 'temporal.tls.serverCa',
    clientCert: 'temporal.tls.client.cert',
    clientKey: 'temporal.tls.client.key',
  };
  const parts: TemporalTlsConfig = typeof tls === 'object' ? tls : {};
  const pem = (name: string, text: string | Buffer | undefined) =>
    text === undefined ? null : { name, bytes: Buffer.from(text) };
  return checkTemporal({
    address: config.address,
    addressName: 'temporal.address',
    namespace: config.namespace,
    apiKey: config.apiKey ?? null,
    tls: typeof tls === 'object' ? true : tls,
    serverCa: pem(names.serverCa, parts.serverCa),
    clientCert: pem(names.clientCert, parts.client?.cert),
    clientKey: pem(names.clientKey, parts.client?.key),
    serverName: parts.serverName ?? null,
    metadata: config.metadata ?? {},
    names,
  });
}

/** Throws `ConfigError` that names the setting that is wrong. */
export function checkTemporal(given: GivenTemporal): TemporalSettings {
  const { serverCa, clientCert, clientKey, serverName, apiKey, names } = given;
  const address = given.address ?? DEFAULT_ADDRESS;
  const usesTls = [serverCa, clientCert, clientKey, serverName, apiKey].some((one) => one !== null);
  const tls = given.tls ?? usesTls;
  return {
    address,
    ...hostAndPort(address, given.addressName),
    namespace: given.namespace ?? DEFAULT_NAMESPACE,
    apiKey,
    tls: tls ? { serverCa: authority(serverCa), client: clientPair(clientCert, clientKey, names), serverName } : null,
    metadata: given.metadata,
    named: {
      apiKey: names.apiKey,
      tls: names.tls,
      serverCa: serverCa?.name ?? names.serverCa,
      clientCert: clientCert?.name ?? names.clientCert,
    },
  };
}

/** Options for the SDK's `Connection` and `NativeConnection`. */
export function connectionOptions({ host, port, tls, apiKey, metadata }: TemporalSettings) {
  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${port}`,
    ...(apiKey === null ? {} : { apiKey }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata: { ...metadata } }),
    tls: tls !== null && {
      ...(tls.serverCa === null ? {} : { serverRootCACertificate: tls.serverCa }),
      ...(tls.client === null ? {} : { clientCertPair: { crt: tls.client.cert, key: tls.client.key } }),
      ...(tls.serverName === null ? {} : { serverNameOverride: tls.serverName }),
    },
  };
}

/** For the connection of a worker. The SDK compresses each call, which costs CPU time, and saves nothing on the same host. */
export function workerConnectionOptions(settings: TemporalSettings) {
  const uncompressed = { grpcCompression: { codec: 'none' } } as const;
  return { ...connectionOptions(settings), ...(isLoopback(settings.host) ? uncompressed : {}) };
}

function hostAndPort(address: string, name: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:/\s]+))(?::(\d{1,5}))?$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? DEFAULT_PORT);
  if (host === undefined || port > 65_535)
    throw new ConfigError(`${name} is ${address}, which is not an address: set host:port, without https://`);
  return { host, port };
}

function certificate({ name, bytes }: Pem): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch (error) {
    throw new ConfigError(
      `${name}: does not contain a certificate: set it in PEM format, starting with -----BEGIN CERTIFICATE-----`,
      {
        cause: error,
      },
    );
  }
}

function privateKey({ name, bytes }: Pem): KeyObject {
  try {
    return createPrivateKey(bytes);
  } catch (error) {
    const encrypted = bytes.includes('ENCRYPTED');
    throw new ConfigError(
      encrypted
        ? `${name}: the key is encrypted with a passphrase: decrypt it (openssl pkey -in KEY -out DECRYPTED)`
        : `${name}: does not contain a private key: set it in PEM format, starting with -----BEGIN PRIVATE KEY-----`,
      { cause: error },
    );
  }
}

function authority(ca: Pem | null): Buffer | null {
  if (ca === null) return null;
  certificate(ca);
  return ca.bytes;
}

function clientPair(
  cert: Pem | null,
  key: Pem | null,
  names: { readonly clientCert: string; readonly clientKey: string },
): TemporalTls['client'] {
  if (cert === null && key === null) return null;
  if (cert === null)
    throw new ConfigError(
      `${key?.name} is set without a certificate: set ${names.clientCert} to its certificate, or unset the key`,
    );
  if (key === null)
    throw new ConfigError(
      `${cert.name} is set without a key: set ${names.clientKey} to its private key, or unset the certificate`,
    );
  if (!certificate(cert).checkPrivateKey(privateKey(key)))
    throw new ConfigError(`${key.name}: the key doesn't match the certificate of ${cert.name}: set a matching pair`);
  return { cert: cert.bytes, key: key.bytes };
}
