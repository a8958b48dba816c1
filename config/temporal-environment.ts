/**
 * Temporal's standard environment variables and TOML profiles, read by Temporal's own library. What is wrong is
 * reported in one line that names the variable, or the field of the file, and the fix.
 */
import { readFileSync, statSync } from 'node:fs';
import { type ClientConfigProfile, type ConfigDataSource, loadClientConfigProfile } from '@temporalio/envconfig';
import { z } from 'zod';
import { ConfigError, type Environment, readEnvironment } from './environment.js';
import { checkTemporal, type Pem, type TemporalSettings } from './temporal.js';

/** Messages are made here, not from the value: an error about a key must not show the key. */
export const temporalVariables = {
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_API_KEY: z.string().optional(),
  /** Unset: on where an API key or any of the variables below is set. */
  TEMPORAL_TLS: z.enum(['true', 'false', '1', '0'], 'set true or false').optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  TEMPORAL_TLS_CLIENT_KEY_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
  TEMPORAL_TLS_SERVER_CA_CERT_DATA: z.string().optional(),
  TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
  TEMPORAL_CONFIG_FILE: z.string().optional(),
  TEMPORAL_PROFILE: z.string().optional(),
};

const schema = z.object(temporalVariables);

const METADATA_PREFIX = 'TEMPORAL_GRPC_META_';

/** Throws `ConfigError`. */
export function readTemporalSettings(env: Environment): TemporalSettings {
  readEnvironment(schema, env);
  const set = temporalPart(env);
  for (const part of ['CLIENT_CERT', 'CLIENT_KEY', 'SERVER_CA_CERT']) {
    const [byPath, byData] = [`TEMPORAL_TLS_${part}_PATH`, `TEMPORAL_TLS_${part}_DATA`];
    if (set[byPath] !== undefined && set[byData] !== undefined)
      throw new ConfigError(`${byPath} and ${byData} are both set: unset one of them`);
  }
  const file = set.TEMPORAL_CONFIG_FILE;
  const usesFile = namesProfile(env);
  const profile = loadProfile(set, usesFile);
  const { tls } = profile;
  const name = (variable: string, field: string) =>
    !usesFile || set[variable] !== undefined
      ? variable
      : `${field} of profile ${set.TEMPORAL_PROFILE ?? 'default'} in ${file ?? "Temporal's default configuration file"}`;
  const pem = (part: string, field: string, source: ConfigDataSource | undefined): Pem | null => {
    if (source === undefined) return null;
    const way = 'path' in source ? 'path' : 'data';
    return readPem(name(`TEMPORAL_TLS_${part}_${way.toUpperCase()}`, `tls.${field}_${way}`), source);
  };
  const names = {
    apiKey: name('TEMPORAL_API_KEY', 'api_key'),
    tls: 'TEMPORAL_TLS',
    serverCa: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
    clientCert: 'TEMPORAL_TLS_CLIENT_CERT_PATH',
    clientKey: 'TEMPORAL_TLS_CLIENT_KEY_PATH',
  };
  return checkTemporal({
    address: profile.address,
    addressName: name('TEMPORAL_ADDRESS', 'address'),
    namespace: profile.namespace,
    apiKey: checkedKey(profile.apiKey, names.apiKey),
    tls: tls?.disabled === undefined ? undefined : !tls.disabled,
    serverCa: pem('SERVER_CA_CERT', 'server_ca_cert', tls?.serverCACert),
    clientCert: pem('CLIENT_CERT', 'client_cert', tls?.clientCert),
    clientKey: pem('CLIENT_KEY', 'client_key', tls?.clientKey),
    serverName: tls?.serverName ?? null,
    metadata: profile.grpcMeta ?? {},
    names,
  });
}

/** Whether the environment names a Temporal server, itself or by a profile. */
export function namesTemporal(env: Environment): boolean {
  return isSet(env.TEMPORAL_ADDRESS) || namesProfile(env);
}

/** For the parts of a stack whose server is the embedded one: settings of another server must not reach them. */
export function withoutTemporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isTemporalVariable(name)));
}

/**
 * A profile is read only where a variable asks for one: a file that the user keeps for the `temporal` command must not
 * send this service to another server.
 */
function namesProfile(env: Environment): boolean {
  return isSet(env.TEMPORAL_CONFIG_FILE) || isSet(env.TEMPORAL_PROFILE);
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '';
}

function isTemporalVariable(name: string): boolean {
  return Object.hasOwn(temporalVariables, name) || name.startsWith(METADATA_PREFIX);
}

/** Compose files and shells pass unset variables as empty texts. The rest tells where the default file is. */
function temporalPart(env: Environment): Record<string, string> {
  const place = ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'];
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] =>
      value !== undefined && value !== '' && (isTemporalVariable(name) || place.includes(name)) ? [[name, value]] : [],
    ),
  );
}

function loadProfile(set: Record<string, string>, usesFile: boolean): ClientConfigProfile {
  const file = set.TEMPORAL_CONFIG_FILE;
  // The library takes a file that does not exist for an empty one.
  if (file !== undefined) demandFile('TEMPORAL_CONFIG_FILE', file, 'a TOML file');
  try {
    return loadClientConfigProfile({
      overrideEnvVars: set,
      disableFile: !usesFile,
      configFileStrict: true,
    });
  } catch (error) {
    throw new ConfigError(
      `${file === undefined ? 'TEMPORAL_PROFILE' : 'TEMPORAL_CONFIG_FILE'}: ${reasonOf(error)}: correct the file, or set TEMPORAL_PROFILE to one of its profiles`,
      { cause: error },
    );
  }
}

/** A syntax error of the parser quotes the file, which may hold a key: only its place is reported. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'line' in error && typeof error.line === 'number')
    return `the file is not valid TOML at line ${error.line}`;
  const line = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  return line.replace(/^Validation error: /, '');
}

function checkedKey(key: string | undefined, name: string): string | null {
  if (key === undefined) return null;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new ConfigError(
    `${name}: the key holds a space, a line break or another character that no key has: set the key alone`,
  );
}

function readPem(name: string, source: ConfigDataSource): Pem {
  if ('data' in source) return { name, bytes: Buffer.from(source.data) };
  demandFile(name, source.path, 'a PEM file');
  return { name, bytes: readFileSync(source.path) };
}

function demandFile(name: string, file: string, kind: string): void {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error('it is a folder'), { code: 'EISDIR' });
    readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ConfigError(
      `${name}: ${file} can't be read (${UNREADABLE[code] ?? code}): give the path of ${kind} that this user may read`,
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
