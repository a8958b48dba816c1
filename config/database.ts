/** Where PostgreSQL is, and with how many connections: the variables of worker and API, and the parts of a URL. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { ConfigError, DATABASE_URL, type Environment } from './environment.js';

export const DEFAULT_CONNECTIONS = 10;
/** A transaction must not wait for a statement of another one that waits for a connection. */
const MIN_CONNECTIONS = 2;

const url = z.string().min(1).optional();

/** For the process that uses the database. */
export const databaseVariables = {
  DATABASE_URL,
  /** The same database without a connection pooler in between: for LISTEN, and for migrations of this process. */
  DATABASE_DIRECT_URL: url,
  /** For both URLs. */
  DATABASE_PASSWORD_FILE: z.string().min(1).optional(),
  ECS_IMPORT_DATABASE_CONNECTIONS: z.coerce.number().int().min(MIN_CONNECTIONS).default(DEFAULT_CONNECTIONS),
};

export interface DatabaseConfig {
  readonly databaseUrl: string;
  /** The same database without a connection pooler in between. Default: `databaseUrl`. */
  readonly databaseDirectUrl?: string;
  readonly databaseConnections: number;
}

interface DatabaseEnvironment {
  readonly DATABASE_URL: string;
  readonly DATABASE_DIRECT_URL?: string | undefined;
  readonly DATABASE_PASSWORD_FILE?: string | undefined;
  readonly ECS_IMPORT_DATABASE_CONNECTIONS: number;
}

/** Throws `ConfigError` if a file cannot be read. */
export function databaseConfig(read: DatabaseEnvironment): DatabaseConfig {
  const file = read.DATABASE_PASSWORD_FILE;
  const direct = read.DATABASE_DIRECT_URL;
  return {
    databaseUrl: withPasswordFile('DATABASE_URL', read.DATABASE_URL, file),
    ...(direct === undefined ? {} : { databaseDirectUrl: withPasswordFile('DATABASE_DIRECT_URL', direct, file) }),
    databaseConnections: read.ECS_IMPORT_DATABASE_CONNECTIONS,
  };
}

/** The connection of the command `migrate`. */
export interface DatabaseOwner {
  readonly url: string;
  /** The variable that contains it. */
  readonly variable: string;
  /** The user in `DATABASE_URL`, if it is another one; else null. */
  readonly runtimeRole: string | null;
}

/** Without a URL of its own, `migrate` connects as the processes do. Throws `ConfigError` if no URL is set. */
export function databaseOwner(env: Environment): DatabaseOwner {
  const set = (name: string) => env[name] || undefined;
  const variable = ['DATABASE_MIGRATE_URL', 'DATABASE_DIRECT_URL', 'DATABASE_URL'].find((name) => set(name));
  if (variable === undefined) {
    throw new ConfigError(
      'DATABASE_MIGRATE_URL: set postgres://user:password@host:5432/database, of the owner of the tables',
    );
  }
  const isOwn = variable === 'DATABASE_MIGRATE_URL';
  const file = set(passwordFileVariable(variable));
  const given = set(variable) ?? '';
  const runtimeUser = isOwn ? userOf(set('DATABASE_URL') ?? '') : null;
  return {
    url: withPasswordFile(variable, given, file),
    variable,
    runtimeRole: runtimeUser === userOf(given) ? null : runtimeUser,
  };
}

/** The variable that names the file with the password of the URL in another variable. */
export function passwordFileVariable(variable: string): string {
  return variable === 'DATABASE_MIGRATE_URL' ? 'DATABASE_MIGRATE_PASSWORD_FILE' : 'DATABASE_PASSWORD_FILE';
}

function userOf(databaseUrl: string): string | null {
  return URL.canParse(databaseUrl) ? decodeURIComponent(new URL(databaseUrl).username) || null : null;
}

/** The parameter of a URL that names the file with its password. */
const PASSWORD_FILE = 'password_file';

/** Throws `ConfigError` if a file of the URL cannot be read. @param variable that contains the URL */
export function withPasswordFile(variable: string, databaseUrl: string, file: string | undefined): string {
  const named = addPasswordFile(databaseUrl, file);
  const { files, passwordFile } = databaseAddress(named);
  for (const one of [...Object.values(files), ...(passwordFile === null ? [] : [passwordFile])]) {
    try {
      readFileSync(one);
    } catch (error) {
      throw new ConfigError(`${variable}: cannot read ${one}: ${error instanceof Error ? error.message : error}`);
    }
  }
  return named;
}

function addPasswordFile(databaseUrl: string, file: string | undefined): string {
  if (file === undefined || !URL.canParse(databaseUrl)) return databaseUrl;
  const parsed = new URL(databaseUrl);
  parsed.searchParams.set(PASSWORD_FILE, file);
  return parsed.href;
}

type TlsFile = 'ca' | 'cert' | 'key';
const TLS_FILES: Readonly<Record<TlsFile, string>> = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' };

export interface DatabaseAddress {
  /** Without the parameters for TLS and the password file. */
  readonly url: string;
  /** `verify`: certificate and host name are verified; null: the URL does not say. */
  readonly tls: 'off' | 'verify' | 'no-verify' | null;
  readonly files: Readonly<Partial<Record<TlsFile, string>>>;
  readonly passwordFile: string | null;
}

/** `sslmode` `require`, `prefer` and `verify-ca` verify as `verify-full` does: weaker modes accept any server. */
export function databaseAddress(databaseUrl: string): DatabaseAddress {
  if (!URL.canParse(databaseUrl)) return { url: databaseUrl, tls: null, files: {}, passwordFile: null };
  const parsed = new URL(databaseUrl);
  const take = (name: string) => {
    const value = parsed.searchParams.get(name);
    parsed.searchParams.delete(name);
    return value === '' ? null : value;
  };
  const mode = take('sslmode');
  const passwordFile = take(PASSWORD_FILE);
  const files = Object.fromEntries(
    Object.entries(TLS_FILES).flatMap(([name, parameter]) => {
      const file = take(parameter);
      // libpq's word for the system's trusted authorities.
      return file === null || file === 'system' ? [] : [[name, file]];
    }),
  );
  if (mode === null && passwordFile === null && Object.keys(files).length === 0) {
    return { url: databaseUrl, tls: null, files, passwordFile };
  }
  const stated = mode ?? (Object.keys(files).length === 0 ? null : 'verify-full');
  return { url: parsed.href, tls: stated === null ? null : tlsOf(stated), files, passwordFile };
}

const VERIFYING: readonly string[] = ['allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

function tlsOf(mode: string): 'off' | 'verify' | 'no-verify' {
  if (mode === 'disable') return 'off';
  if (mode === 'no-verify') return 'no-verify';
  if (VERIFYING.includes(mode)) return 'verify';
  throw new ConfigError(`sslmode ${mode} of the database URL is not known: set verify-full, no-verify or disable`);
}

export interface ConnectionSettings {
  readonly connectionString: string;
  /** Absent: as `pg` decides. */
  readonly ssl?: false | ({ readonly rejectUnauthorized: boolean } & Readonly<Partial<Record<TlsFile, string>>>);
}

/** The last contents of the files: a file that is being replaced may be missing for a moment. */
const lastContents = new Map<string, string>();

/** Reads the files of the URL, so that a new connection uses renewed certificates. */
export function connectionSettings(databaseUrl: string): ConnectionSettings {
  const { url: connectionString, tls, files } = databaseAddress(databaseUrl);
  if (tls === null) return { connectionString };
  if (tls === 'off') return { connectionString, ssl: false };
  const contents = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, contentsOf(file)]));
  return { connectionString, ssl: { rejectUnauthorized: tls === 'verify', ...contents } };
}

function contentsOf(file: string): string {
  try {
    lastContents.set(file, readFileSync(file, 'utf8'));
  } catch (error) {
    if (!lastContents.has(file)) throw error;
  }
  return lastContents.get(file) ?? '';
}

/** Reads the password for each connection, so that a rotated password needs no restart; null: it is in the URL. */
export function passwordOf(databaseUrl: string): (() => Promise<string>) | null {
  const { passwordFile } = databaseAddress(databaseUrl);
  if (passwordFile === null) return null;
  return async () => (await readFile(passwordFile, 'utf8')).replace(/\r?\n$/, '');
}
