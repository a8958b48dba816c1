/** A separate PostgreSQL for a test, with all migrations applied. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
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

export async function startTestDatabase(): Promise<TestDatabase> {
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
