/** A separate PostgreSQL for a test, with all migrations applied. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { postgresAccount } from '../../../local/postgres/account.js';
import { preparePostgres } from '../../../local/postgres/server.js';
import { portPicker } from '../../../local/supervisor/ports.js';
import type { Account } from '../../../local/supervisor/supervised-part.js';
import { openPool } from '../../../store/database.js';
import { migrate } from '../../../store/migrate.js';

export interface TestDatabase {
  readonly pool: pg.Pool;
  readonly url: string;
  /** The account that runs the server; null: that of this process. */
  readonly account: Account | null;
  close(): Promise<void>;
}

/** `npm run check:postgres` sets this to the URL of a server of another version, or of a pooler before one. */
const SERVER = process.env.TEST_POSTGRES_URL;

export async function startTestDatabase(): Promise<TestDatabase> {
  return SERVER === undefined ? await startServer() : await createDatabase(SERVER);
}

async function createDatabase(server: string): Promise<TestDatabase> {
  const direct = process.env.TEST_POSTGRES_DIRECT_URL ?? server;
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const admin = new pg.Client({ connectionString: direct });
  await admin.connect();
  await admin.query(`create database ${name}`);
  const of = (url: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href;
  await migrate(of(direct));
  const pool = openPool({ url: of(server), applicationName: 'test' });
  return {
    pool,
    url: of(server),
    account: await postgresAccount(tmpdir()),
    async close() {
      await pool.end();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}

async function startServer(): Promise<TestDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ecs-image-import-db-'));
  const { part, url } = await preparePostgres({ dataDir, port: await portPicker()(), env: process.env });
  const { file, args, env, cwd, account } = part.command;
  const server = spawn(file, [...args], { ...account, env, cwd, stdio: 'ignore' });
  const ended = once(server, 'exit');
  const isUp = 'probe' in part.ready ? part.ready.probe : () => Promise.resolve(true);
  for (let tries = 0; !(await isUp().catch(() => false)); tries++) {
    if (tries > 300) throw new Error('the database did not start');
    await delay(100);
  }
  const pool = openPool({ url, applicationName: 'test' });
  await migrate(url);
  return {
    pool,
    url,
    account: account ?? null,
    async close() {
      await pool.end();
      server.kill('SIGINT');
      await ended;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
