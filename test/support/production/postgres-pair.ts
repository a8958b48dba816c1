/** A PostgreSQL primary with a synchronous standby, both with TLS, behind a forwarder that a failover switches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { chown, copyFile, cp, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresAccount } from '../../../local/postgres/account.js';
import { accessTo, makeCluster, ownCluster, USER } from '../../../local/postgres/cluster.js';
import { postgresPrograms } from '../../../local/postgres/programs.js';
import { programFolders } from '../../../local/supervisor/folders.js';
import type { Account } from '../../../local/supervisor/supervised-part.js';
import { type Forwarder, startForwarder } from './forwarder.js';

export interface PostgresPair {
  /** Of the forwarder. */
  readonly port: number;
  /** A statement as superuser, through the forwarder. */
  query(sql: string): Promise<readonly Record<string, unknown>[]>;
  /** Kills the primary, promotes the standby, and lets all new connections reach it. */
  failOver(): Promise<void>;
  close(): Promise<void>;
}

export interface PairOptions {
  /** Other users must be able to enter it. */
  readonly folder: string;
  /** Of `make-certificates.sh`. */
  readonly tlsDir: string;
  readonly pickPort: () => Promise<number>;
}

interface Node {
  readonly port: number;
  readonly process: ChildProcess;
}

const STANDBY = 'standby';

export async function startPostgresPair({ folder, tlsDir, pickPort }: PairOptions): Promise<PostgresPair> {
  const account = await postgresAccount(folder);
  const folders = programFolders(process.env);
  const binaries = await postgresPrograms(account, folders);
  const [primaryDir, standbyDir] = [path.join(folder, 'primary'), path.join(folder, STANDBY)];
  const passwordFile = path.join(folder, 'postgres.password');
  await makeCluster({ binaries, cluster: primaryDir, passwordFile, account, env: process.env, folders });
  const password = (await readFile(passwordFile, 'utf8')).trim();
  await secure(primaryDir, tlsDir, account);
  // A copy of a server that does not run is a complete base backup.
  await cp(primaryDir, standbyDir, { recursive: true });
  await ownCluster(standbyDir, account);

  const start = async (cluster: string, settings: readonly string[]): Promise<Node> => {
    const port = await pickPort();
    const access = accessTo(cluster, account);
    const all = [
      ...[`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='],
      ...['max_connections=150', 'shared_buffers=64MB', 'ssl=on'],
      ...['ssl_cert_file=postgresql.pem', 'ssl_key_file=postgresql.key'],
      ...settings,
    ];
    // The client of the standby reads certificates of its home folder, which must not be that of root.
    const env = { ...process.env, HOME: folder };
    const child = spawn(binaries.postgres, ['-D', access.path, ...all.flatMap((one) => ['-c', one])], {
      ...{ ...account, env, cwd: access.cwd, stdio: ['ignore', 'ignore', 'pipe'] },
    });
    child.stderr?.pipe(createWriteStream(`${cluster}.log`));
    return { port, process: child };
  };
  const ca = await readFile(path.join(tlsDir, 'ca.pem'), 'utf8');
  const queryAt = async (port: number, sql: string) => {
    const options = { user: USER, password, database: 'postgres', ssl: { ca }, connectionTimeoutMillis: 2_000 };
    const client = new pg.Client({ ...options, host: '127.0.0.1', port });
    client.on('error', () => undefined);
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return rows;
    } finally {
      await client.end();
    }
  };

  const primary = await start(primaryDir, ['wal_level=replica']);
  await until(() => queryAt(primary.port, 'select 1'));
  const source = [`host=127.0.0.1 port=${primary.port}`, `user=${USER} password=${password}`];
  await writeFile(path.join(standbyDir, 'standby.signal'), '');
  const standby = await start(standbyDir, [
    `primary_conninfo=${source.join(' ')} application_name=${STANDBY} sslmode=verify-full sslrootcert=ca.pem`,
  ]);
  await until(async () => {
    const [found] = await queryAt(primary.port, 'select state from pg_stat_replication');
    if (found?.state !== 'streaming') throw new Error(`the standby is ${String(found?.state ?? 'not connected')}`);
  });
  // From now on, a commit is acknowledged when it is on the disks of both servers.
  await queryAt(primary.port, `alter system set synchronous_standby_names = '${STANDBY}'`);
  await queryAt(primary.port, 'select pg_reload_conf()');

  const forwarder: Forwarder = await startForwarder(await pickPort(), primary.port);
  const end = async ({ process: child }: Node, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    port: forwarder.port,
    query: (sql) => queryAt(forwarder.port, sql),
    async failOver() {
      await end(primary, 'SIGKILL');
      await queryAt(standby.port, 'select pg_promote()');
      forwarder.switchTo(standby.port);
    },
    async close() {
      await forwarder.close();
      await end(standby, 'SIGINT');
      await end(primary, 'SIGINT');
    },
  };
}

/** Certificates that the account may read, and no connection without TLS. */
async function secure(cluster: string, tlsDir: string, account: Account | null): Promise<void> {
  for (const name of ['postgresql.pem', 'postgresql.key', 'ca.pem']) {
    const file = path.join(cluster, name);
    await copyFile(path.join(tlsDir, name), file);
    if (account !== null) await chown(file, account.uid, account.gid);
  }
  await writeFile(
    path.join(cluster, 'pg_hba.conf'),
    ['all', 'replication'].map((database) => `hostssl ${database} all 127.0.0.1/32 scram-sha-256\n`).join(''),
  );
}

async function until(check: () => Promise<unknown>): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      await check();
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await sleep(100);
    }
  }
}
