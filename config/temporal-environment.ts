/**
 * Reads Temporal's standard environment variables and TOML profiles with Temporal's own library. An error is one line
 * with the variable, or the field of the file, and the remedy.
 */
import { readFileSync, statSync } from 'node:fs';
import { type ClientConfigProfile, type ConfigDataSource, loadClientConfigProfile } from '@temporalio/envconfig';
import { z } from 'zod';
import { ConfigError, type Environment, readEnvironment } from './environment.js';
import { checkTemporal, type Pem, type TemporalSettings } from './temporal.js';
import { isTemporalVariable, namesProfile, temporalVariables } from './temporal-variables.js';

const schema = z.object(temporalVariables);

/** Throws `ConfigError`. */
export function readTemporalSettings(env: Environment): TemporalSettings {
  readEnvironment(schema, env);
  const set = temporalVariablesOf(env);
  for (const part of ['CLIENT_CERT', 'CLIENT_KEY', 'SERVER_CA_CERT']) {
    const [pathVariable, dataVariable] = [`TEMPORAL_TLS_${part}_PATH`, `TEMPORAL_TLS_${part}_DATA`];
    if (set[pathVariable] !== undefined && set[dataVariable] !== undefined)
      throw new ConfigError(`${pathVariable} and ${dataVariable} are both set: unset one of them`);
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
    const kind = 'path' in source ? 'path' : 'data';
    return readPem(name(`TEMPORAL_TLS_${part}_${kind.toUpperCase()}`, `tls.${field}_${kind}`), source);
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
    apiKey: validKey(profile.apiKey, names.apiKey),
    tls: tls?.disabled === undefined ? undefined : !tls.disabled,
    serverCa: pem('SERVER_CA_CERT', 'server_ca_cert', tls?.serverCACert),
    clientCert: pem('CLIENT_CERT', 'client_cert', tls?.clientCert),
    clientKey: pem('CLIENT_KEY', 'client_key', tls?.clientKey),
    serverName: tls?.serverName ?? null,
    metadata: profile.grpcMeta ?? {},
    names,
  });
}

/** The Temporal variables that are set, and those that locate the default configuration file. */
function temporalVariablesOf(env: Environment): Record<string, string> {
  const locationVariables = ['HOME', 'XDG_CONFIG_HOME', 'APPDATA'];
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] =>
      value !== undefined && value !== '' && (isTemporalVariable(name) || locationVariables.includes(name))
        ? [[name, value]]
        : [],
    ),
  );
}

function loadProfile(set: Record<string, string>, usesFile: boolean): ClientConfigProfile {
  const file = set.TEMPORAL_CONFIG_FILE;
  // The library treats a missing file as empty.
  if (file !== undefined) checkReadable('TEMPORAL_CONFIG_FILE', file, 'a TOML file');
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

/** The parser's syntax errors quote the file, which can contain a key. Only the line number is reported. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'line' in error && typeof error.line === 'number')
    return `the file is not valid TOML at line ${error.line}`;
  const line = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  return line.replace(/^Validation error: /, '');
}

function validKey(key: string | undefined, name: string): string | null {
  if (key === undefined) return null;
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  throw new ConfigError(
    `${name}: the key contains a space, a line break or another invalid character: set the key only`,
  );
}

function readPem(name: string, source: ConfigDataSource): Pem {
  if ('data' in source) return { name, bytes: Buffer.from(source.data) };
  checkReadable(name, source.path, 'a PEM file');
  return { name, bytes: readFileSync(source.path) };
}

function checkReadable(name: string, file: string, kind: string): void {
  try {
    if (statSync(file).isDirectory()) throw Object.assign(new Error('it is a directory'), { code: 'EISDIR' });
    readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new ConfigError(
      `${name}: can't read ${file} (${UNREADABLE[code] ?? code}): set the path of ${kind} that this user can read`,
      { cause: error },
    );
  }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'the file does not exist',
  ENOTDIR: 'the file does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};
