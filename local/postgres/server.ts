/** The PostgreSQL server of one machine: made once in the data folder, reached on the loopback address only, durable. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { commandLine, endProcess, identify } from '../supervisor/processes.js';
import { errorCode, messageOf, StackError } from '../supervisor/stack-error.js';
import type { PartPlan } from '../supervisor/supervised-part.js';
import { postgresBinaries } from './binaries.js';
import { type Runner, unprivilegedRunner } from './unprivileged.js';

const execute = promisify(execFile);

const USER = 'ecs_image_import';
const DATABASE = 'ecs_image_import';

export interface PostgresOptions {
  readonly dataDir: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
}

export interface Postgres {
  readonly part: PartPlan;
  /** For DATABASE_URL; holds the password. */
  readonly url: string;
}

/** Makes the database cluster where there is none yet. */
export async function preparePostgres(options: PostgresOptions): Promise<Postgres> {
  const { dataDir, port } = options;
  const binaries = await postgresBinaries();
  const cluster = path.join(dataDir, 'postgres');
  const passwordFile = path.join(dataDir, 'postgres.password');
  const runner = await unprivilegedRunner(binaries.postgres, dataDir);
  const env = withoutPostgresSettings(options.env);
  if (!existsSync(cluster)) await makeCluster({ initdb: binaries.initdb, cluster, passwordFile, runner, env });
  await checkVersion(cluster, binaries.postgres);

  const password = await readPassword(passwordFile, cluster);
  const connection = { host: '127.0.0.1', port, user: USER, password };
  const command = runner.wrap({
    file: binaries.postgres,
    args: ['-D', cluster, ...settings(port).flatMap((setting) => ['-c', setting])],
    env,
  });
  const part: PartPlan = {
    name: 'postgres',
    address: `127.0.0.1:${port}`,
    command,
    prepare: () => removeStalePidFile(cluster),
    ready: { probe: () => serves(connection) },
    // Recovery after a crash replays the log first.
    readyWithinMs: 120_000,
    stopWithinMs: 30_000,
  };
  return { part, url: `postgres://${USER}:${password}@127.0.0.1:${port}/${DATABASE}` };
}

async function readPassword(file: string, cluster: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new StackError(`can't read the password of ${cluster}: ${messageOf(error)}; put ${file} back`);
  }
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

interface ClusterOptions {
  readonly initdb: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly runner: Runner;
  readonly env: NodeJS.ProcessEnv;
}

/** Made beside and renamed: a cluster that is there is whole, even if this process dies in between. */
async function makeCluster({ initdb, cluster, passwordFile, runner, env }: ClusterOptions): Promise<void> {
  const draft = `${cluster}.draft`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await writeFile(passwordFile, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (runner.account !== null) {
    const { uid, gid } = runner.account;
    await chown(draft, uid, gid);
    await chown(passwordFile, uid, gid);
  }
  const command = runner.wrap({
    file: initdb,
    args: [
      ...['--pgdata', draft, '--username', USER, '--pwfile', passwordFile, '--auth', 'scram-sha-256'],
      // The built-in locale: the same order of names on every machine, whatever locales it has.
      ...['--encoding', 'UTF8', '--locale', 'C', '--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8'],
    ],
    env,
  });
  try {
    await execute(command.file, [...command.args], { cwd: '/', env: command.env, timeout: 120_000 });
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw new StackError(`can't make a PostgreSQL database in ${cluster}: ${initdbReason(error)}`, { cause: error });
  }
  await rename(draft, cluster);
}

function initdbReason(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
  const lines = text.split('\n').filter((line) => /error|fatal|could not|no space/i.test(line));
  return lines[0]?.trim() ?? messageOf(error).split('\n')[0] ?? 'initdb failed';
}

async function checkVersion(cluster: string, postgres: string): Promise<void> {
  let made: string;
  try {
    made = (await readFile(path.join(cluster, 'PG_VERSION'), 'utf8')).trim();
  } catch (error) {
    throw new StackError(
      `${cluster} is not a PostgreSQL database (${errorCode(error) ?? messageOf(error)} at PG_VERSION): move it away, or give --data another folder`,
    );
  }
  const { stdout } = await execute(postgres, ['--version']);
  const program = /\b(\d+)\./.exec(stdout)?.[1];
  if (program !== undefined && program !== made) {
    throw new StackError(
      `${cluster} was made by PostgreSQL ${made} and this program brings ${program}: move its tables with pg_dump, or give --data another folder`,
    );
  }
}

/**
 * PostgreSQL takes the file's process for a living server when any process has that number, as happens after a restart
 * of the machine or container. A server that does live on this folder lost its supervisor: it is ended.
 */
async function removeStalePidFile(cluster: string): Promise<void> {
  const file = path.join(cluster, 'postmaster.pid');
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return;
  const identity = identify(Number.parseInt(text, 10));
  if (identity !== null && commandLine(identity.pid).includes(` -D ${cluster} `)) {
    await endProcess(identity, 'SIGINT', 30_000);
  }
  await rm(file, { force: true });
}

interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** Asks like a client would, and makes our database at the first time. */
async function serves(connection: Connection): Promise<boolean> {
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

/** PGDATA, PGPORT and the like are meant for clients of another server. */
function withoutPostgresSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('PG')));
}
