/** Connections over TLS to a real PostgreSQL: who is trusted, and what is said otherwise. */
import { chmodSync, chownSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { checkDatabaseServer } from '../../local/supervisor/external-servers.js';
import { openChangeFeed } from '../../store/changes.js';
import { openPool } from '../../store/database.js';
import { explainDatabase } from '../../store/database-problem.js';
import { openSchema } from '../../store/open-schema.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';
import { type Certificates, makeCertificates } from '../support/temporal/certificates.js';

/** Its password is required; the other role, `client`, needs a certificate. */
const ROLE = 'over_tls';

let database: TestDatabase;
let files: Certificates;
let passwordFile: string;

beforeAll(async () => {
  files = makeCertificates();
  passwordFile = path.join(files.folder, 'password');
  writeFileSync(passwordFile, 'first\n');
  database = await startTestDatabase();
  const { pool, account } = database;
  const owned = [files.folder, files.server.key, files.server.cert, files.authority.cert];
  if (account !== null) for (const file of owned) chownSync(file, account.uid, account.gid);
  chmodSync(files.server.key, 0o600);
  await pool.query(`create role ${ROLE} superuser login password 'first'; create role client superuser login`);
  for (const [name, value] of [
    ['ssl', 'on'],
    ['ssl_cert_file', files.server.cert],
    ['ssl_key_file', files.server.key],
    ['ssl_ca_file', files.authority.cert],
  ]) {
    await pool.query(`alter system set ${name} = '${value}'`);
  }
  const { rows } = await pool.query<{ hba_file: string }>('show hba_file');
  // A server that runs as another account sees its folder as its working directory.
  const hba = (rows[0]?.hba_file ?? '').replace('/proc/self/cwd', await cwdOfServer());
  const rules = [
    'hostssl all client 127.0.0.1/32 cert',
    `hostssl all ${ROLE} 127.0.0.1/32 scram-sha-256`,
    `hostnossl all client,${ROLE} all reject`,
  ];
  writeFileSync(hba, `${rules.join('\n')}\n${readFileSync(hba, 'utf8')}`);
  await pool.query('select pg_reload_conf()');
  await vi.waitFor(async () => expect((await pool.query('show ssl')).rows).toEqual([{ ssl: 'on' }]));
});
afterAll(async () => {
  await database?.pool.query(`drop role ${ROLE}, client`);
  await database?.close();
  files?.remove();
});

async function cwdOfServer(): Promise<string> {
  const { rows } = await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid');
  return `/proc/${rows[0]?.pid}/cwd`;
}

interface Parameters {
  readonly user?: string;
  readonly host?: string;
  readonly sslmode?: string;
  readonly sslrootcert?: string;
  readonly sslcert?: string;
  readonly sslkey?: string;
}

function urlOf({ user = ROLE, host = '127.0.0.1', ...parameters }: Parameters): string {
  const url = Object.assign(new URL(database.url), { username: user, password: '', hostname: host });
  const all = { sslmode: 'verify-full', ...parameters, ...(user === ROLE ? { password_file: passwordFile } : {}) };
  for (const [name, value] of Object.entries(all)) if (value !== '') url.searchParams.set(name, value);
  return url.href;
}

/** Whether a connection of the pool is encrypted. */
async function encrypted(url: string): Promise<unknown> {
  const pool = openPool({ url, applicationName: 'test' });
  try {
    return (await pool.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows[0];
  } finally {
    await pool.end();
  }
}

test('the authority of the server is given → pool, start, check and notifications connect encrypted', async () => {
  const url = urlOf({ sslrootcert: files.authority.cert });
  expect(await encrypted(url)).toEqual({ ssl: true });
  await openSchema({ databaseUrl: url });
  await checkDatabaseServer(url, new AbortController().signal, { forMs: 0 });
  const feed = openChangeFeed({ url, pool: database.pool });
  const listening = `select s.ssl from pg_stat_ssl s join pg_stat_activity a using (pid) where a.usename = '${ROLE}' and a.query like 'listen%'`;
  await vi.waitFor(async () => expect((await database.pool.query(listening)).rows).toEqual([{ ssl: true }]));
  await feed.close();
});

test('a client certificate of the authority → connected as its role', async () => {
  const { cert: sslcert, key: sslkey } = files.client;
  const url = urlOf({ user: 'client', sslrootcert: files.authority.cert, sslcert, sslkey });
  expect(await encrypted(url)).toEqual({ ssl: true });
});

const refusals: readonly (readonly [string, () => Parameters, RegExp])[] = [
  [
    'the authority is another one',
    () => ({ sslrootcert: files.stranger.cert }),
    /cannot be verified .*: add sslrootcert=FILE to DATABASE_URL/,
  ],
  ['no authority is given', () => ({}), /cannot be verified .*: add sslrootcert=FILE to DATABASE_URL/],
  [
    'the certificate has another host name',
    () => ({ host: 'localhost', sslrootcert: files.authority.cert }),
    /cannot be verified .*: use a host name of its certificate in DATABASE_URL/,
  ],
  [
    'the role needs a client certificate',
    () => ({ user: 'client', sslrootcert: files.authority.cert }),
    /rejects the connection .*: add sslcert=FILE and sslkey=FILE to DATABASE_URL/,
  ],
  [
    'the client certificate is of another authority',
    () => ({
      ...{ user: 'client', sslrootcert: files.authority.cert },
      ...{ sslcert: files.stranger.cert, sslkey: files.stranger.key },
    }),
    /rejects the connection .*: add sslcert=FILE and sslkey=FILE to DATABASE_URL/,
  ],
  [
    'the client certificate has another name',
    () => ({
      ...{ user: 'client', sslrootcert: files.authority.cert },
      ...{ sslcert: files.server.cert, sslkey: files.server.key },
    }),
    /rejects the connection .*: add sslcert=FILE .* for the name client$/,
  ],
  ['TLS is off', () => ({ sslmode: 'disable' }), /rejects the connection .* add sslmode=verify-full/],
];

test.each(refusals)('%s → refused with what to do', async (_, parameters, text) => {
  const url = urlOf(parameters());
  const error: unknown = await encrypted(url).catch((thrown: unknown) => thrown);
  expect(explainDatabase(url)(error)).toEqual({ text: expect.stringMatching(text), isSetting: true });
});

test('the password is rotated while a process runs → its next connections use the new one', async () => {
  const pool = openPool({ url: urlOf({ sslrootcert: files.authority.cert }), applicationName: 'rotated' });
  await pool.query('select 1');
  writeFileSync(passwordFile, 'second\n');
  await database.pool.query(`alter role ${ROLE} password 'second'`);
  await database.pool.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'rotated'`,
  );
  await vi.waitFor(() => expect(pool.totalCount).toBe(0));
  expect((await pool.query('select current_user as role')).rows).toEqual([{ role: ROLE }]);
  await pool.end();
});
