/** The embedded PostgreSQL server: its database cluster is in the data folder, and it listens on the loopback address only. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import type { MigrateOptions } from '../../store/migrate.js';
import { prepareForRole } from '../../store/runtime-role.js';
import { programFolders } from '../supervisor/folders.js';
import { commandLine, endProcess, identify } from '../supervisor/processes.js';
import { errorCode, messageOf, StackError } from '../supervisor/stack-error.js';
import type { PartPlan } from '../supervisor/supervised-part.js';
import { postgresAccount } from './account.js';
import { accessTo, makeCluster, ownCluster, USER } from './cluster.js';
import { postgresPrograms } from './programs.js';

const execute = promisify(execFile);

const DATABASE = 'ecs_image_import';
/** It owns nothing, so that worker and API cannot change the audit log or the tables. */
const RUNTIME_USER = 'ecs_image_import_runtime';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}

export interface Postgres {
  readonly part: PartPlan;
  /** Of the role that owns the tables. Contains the password. */
  readonly url: string;
  /** Of the role of worker and API. Contains the password. */
  readonly runtimeUrl: string;
  /** Creates the role of worker and API, and applies the migrations. The server must run. */
  readonly prepareRuntime: (options: MigrateOptions) => Promise<void>;
}

/** Creates the database cluster if it does not exist. */
export async function preparePostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, port } = options;
  const cluster = path.join(dataDir, 'postgres');
  const passwordFile = path.join(dataDir, 'postgres.password');
  const account = await postgresAccount(cluster);
  const folders = programFolders(options.env);
  const binaries = await postgresPrograms(account, folders);
  const env = withoutPostgresSettings(options.env);
  if (!existsSync(cluster)) await makeCluster({ binaries, cluster, passwordFile, account, env, folders });
  await ownCluster(cluster, account);
  await checkVersion(cluster, binaries.postgres);

  const password = await readPassword(passwordFile, cluster);
  const connection = { host: '127.0.0.1', port, user: USER, password };
  const access = accessTo(cluster, account);
  const command = {
    file: binaries.postgres,
    args: ['-D', access.path, ...[...settings(port), clusterLabel(cluster)].flatMap((setting) => ['-c', setting])],
    env,
    cwd: access.cwd,
    account,
  };
  const part: PartPlan = {
    name: 'postgres',
    address: `127.0.0.1:${port}`,
    command,
    prepare: () => removeStalePidFile(cluster),
    ready: { probe: () => acceptsConnections(connection) },
    // Recovery after a crash replays the write-ahead log first.
    readyWithinMs: 120_000,
    stopWithinMs: 30_000,
  };
  const runtime = {
    name: RUNTIME_USER,
    password: await runtimePassword(path.join(dataDir, 'postgres-runtime.password')),
  };
  const urlOf = (user: string, secret: string) => `postgres://${user}:${secret}@127.0.0.1:${port}/${DATABASE}`;
  const url = urlOf(USER, password);
  return {
    part,
    url,
    runtimeUrl: urlOf(RUNTIME_USER, runtime.password),
    prepareRuntime: (migrateOptions) => prepareForRole(url, runtime, migrateOptions),
  };
}

async function readPassword(file: string, cluster: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new StackError(`can't read the password of ${cluster}: ${messageOf(error)}; restore ${file}`);
  }
}

/** A new one if the file does not exist: the password of the role is set at each start. */
async function runtimePassword(file: string): Promise<string> {
  try {
    await writeFile(file, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const password = (await readFile(file, 'utf8')).trim();
  if (/^[\w-]{16,}$/.test(password)) return password;
  // A start that was killed may have left it incomplete.
  await rm(file);
  return await runtimePassword(file);
}

function settings(port: number): readonly string[] {
  return [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=100',
    'shared_buffers=64MB',
    'fsync=on',
    'synchronous_commit=on',
    'full_page_writes=on',
    'logging_collector=off',
    'log_checkpoints=off',
    'timezone=UTC',
  ];
}

async function checkVersion(cluster: string, postgres: string): Promise<void> {
  let created: string;
  try {
    created = (await readFile(path.join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    throw new StackError(
      `${cluster} is not a PostgreSQL database (${errorCode(error) ?? messageOf(error)} at PG_VERSION): move it to another place, or set --data to another folder`,
    );
  }
  const { stdout } = await execute(postgres, ['--version']);
  const program = /\b(\d+)\./.exec(stdout)?.[1];
  if (program !== undefined && program !== created) {
    throw new StackError(
      `${cluster} was created by PostgreSQL ${created}, but the embedded server is version ${program}: migrate it with pg_dump, or set --data to another folder`,
    );
  }
}

/**
 * PostgreSQL refuses to start if any process has the id in this file, for example after a restart of the machine or
 * container. A server that still runs on this cluster has lost its supervisor and is ended.
 */
async function removeStalePidFile(cluster: string): Promise<void> {
  const file = path.join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const identity = identify(Number.parseInt(text, 10));
  if (identity !== null && commandLine(identity.pid).includes(` ${clusterLabel(cluster)} `)) {
    await endProcess(identity, 'SIGINT', 30_000);
  }
  await rm(file, { force: true });
}

/** A setting without effect: it shows in the command line which cluster a server runs on. */
function clusterLabel(cluster: string): string {
  return `ecs_image_import.cluster=${cluster}`;
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Connects as a client, and creates the database if it does not exist. */
async function acceptsConnections(connection: Connection): Promise<boolean> {
  const client = new pg.Client({ ...connection, database: 'postgres', connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const found = await client.query('select 1 from pg_database where datname = $1', [DATABASE]);
    if (found.rowCount === 0) await client.query(`create database ${DATABASE}`);
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** PGDATA, PGPORT and similar variables configure clients of other servers. */
function withoutPostgresSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PG')));
}
