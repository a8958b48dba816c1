/** A real PgBouncer in transaction mode in front of a test database. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { portPicker } from '../../../local/supervisor/ports.js';
import type { Account } from '../../../local/supervisor/supervised-part.js';

export interface PgBouncer {
  /** Of the same database and user, through PgBouncer. */
  readonly url: string;
  close(): Promise<void>;
}

/** Debian's package installs it where only root's PATH leads. */
const PROGRAMS = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'];

/** @param account PgBouncer refuses to run as root; null: the account of this process */
export async function startPgBouncer(
  databaseUrl: string,
  { account, serverConnections = 2 }: { readonly account: Account | null; readonly serverConnections?: number },
): Promise<PgBouncer> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl);
  const folder = await mkdtemp(join(tmpdir(), 'ecs-image-import-pgbouncer-'));
  const listenPort = await portPicker()();
  const [users, settings] = [join(folder, 'users.txt'), join(folder, 'pgbouncer.ini')];
  await writeFile(users, `"${username}" "${decodeURIComponent(password)}"\n`);
  await writeFile(
    settings,
    [
      ...['[databases]', `* = host=${hostname} port=${port}`, '[pgbouncer]'],
      ...[`listen_addr = 127.0.0.1`, `listen_port = ${listenPort}`, 'unix_socket_dir ='],
      ...['auth_type = scram-sha-256', `auth_file = ${users}`],
      ...['pool_mode = transaction', `default_pool_size = ${serverConnections}`, 'max_client_conn = 200'],
    ].join('\n'),
  );
  if (account !== null) for (const file of [folder, users, settings]) await chown(file, account.uid, account.gid);
  const server = spawn(await installed(), [settings], { ...account, cwd: '/', stdio: 'ignore' });
  const ended = once(server, 'exit');
  const url = `postgres://${username}:${password}@127.0.0.1:${listenPort}${pathname}`;
  for (let tries = 0; !(await accepts(url)); tries++) {
    if (tries > 100 || server.exitCode !== null) throw new Error('PgBouncer did not start');
    await delay(50);
  }
  return {
    url,
    async close() {
      server.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function installed(): Promise<string> {
  for (const program of PROGRAMS) {
    const found = await access(program).then(
      () => true,
      () => false,
    );
    if (found) return program;
  }
  throw new Error('pgbouncer is not installed: run scripts/test-tools.sh');
}

async function accepts(connectionString: string): Promise<boolean> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('select 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
