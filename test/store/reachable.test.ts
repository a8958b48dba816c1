/** Waiting for a server: what is reported, when, and how it ends. */
import { expect, test } from 'vitest';
import { ConfigError } from '../../config/environment.js';
import { explainDatabase } from '../../store/database-problem.js';
import { type Unreachable, UnreachableError, untilReachable } from '../../store/reachable.js';

const explain = (error: unknown): Unreachable => ({ text: String(error), isSetting: false });

test('fails twice for one reason, then for another → reports each reason once, immediately', async () => {
  const errors = ['refused', 'refused', 'starting'];
  const reported: string[] = [];
  const onWait = (problem: string) => reported.push(problem);
  const connected = await untilReachable(explain, { forMs: 60_000, everyMs: 1, onWait }, async () => {
    const next = errors.shift();
    if (next !== undefined) throw next;
    return 'connected';
  });
  expect(connected).toBe('connected');
  expect(reported).toEqual(['refused. Trying again for 60 s', 'starting. Trying again for 60 s']);
});

test('fails beyond the patience → UnreachableError with the reason; a setting that stays wrong → ConfigError', async () => {
  const patience = { forMs: 5, everyMs: 1 };
  const fails = () => Promise.reject('refused');
  await expect(untilReachable(explain, patience, fails)).rejects.toThrow(UnreachableError);
  const setting = (error: unknown) => ({ ...explain(error), isSetting: true });
  await expect(untilReachable(setting, patience, fails)).rejects.toThrow(ConfigError);
});

test('an attempt that reached the server lasts longer than the patience, then fails → the patience begins again', async () => {
  let attempts = 0;
  const connected = await untilReachable(explain, { forMs: 100, everyMs: 1 }, async () => {
    attempts += 1;
    if (attempts > 2) return 'connected';
    if (attempts === 1) await new Promise((resolve) => setTimeout(resolve, 120));
    throw 'connection lost';
  });
  expect(connected).toBe('connected');
});

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

test.each([
  [
    failure('ECONNREFUSED', 'connect ECONNREFUSED'),
    /^PostgreSQL at db:5432 cannot be reached \(connection refused\): check/,
  ],
  [new AggregateError([failure('ECONNREFUSED', '')]), /cannot be reached \(connection refused\)/],
  [failure('ENOTFOUND', 'getaddrinfo ENOTFOUND db'), /cannot be reached \(host name not found\)/],
  [failure('57P03', 'the database system is starting up'), /cannot be reached \(the database system is starting up\)/],
  [
    failure('28P01', 'password authentication failed'),
    /rejects the connection .*: correct the password of user ann in DATABASE_URL, or in the file that DATABASE_PASSWORD_FILE names$/,
  ],
  [failure('3D000', 'database "imports" does not exist'), /: create the database imports, or correct DATABASE_URL$/],
  [failure('42501', 'permission denied for database imports'), /: grant user ann the right to create a schema/],
  [
    failure('SELF_SIGNED_CERT_IN_CHAIN', 'self-signed certificate in certificate chain'),
    /cannot be verified \(self-signed certificate in certificate chain\): add sslrootcert=FILE to DATABASE_URL/,
  ],
  [failure('ERR_TLS_CERT_ALTNAME_INVALID', "IP is not in the cert's list"), /: use a host name of its certificate/],
  [new Error('The server does not support SSL connections'), /: enable TLS on the server, or set sslmode=disable in/],
  [new Error('SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a string'), /requires a password: set it/],
])('%s → one line with the server and the remedy, without the password', (error, line) => {
  const { text } = explainDatabase('postgres://ann:hunter2@db:5432/imports')(error);
  expect(text).toMatch(line);
  expect(text).not.toContain('\n');
  expect(text).not.toContain('hunter2');
});

test('the URL is that of the owner → names the variable of its password file', () => {
  const explain = explainDatabase('postgres://owner@db:5432/imports', 'DATABASE_MIGRATE_URL');
  expect(explain(new Error('SASL: client password must be a string')).text).toMatch(
    /set it in DATABASE_MIGRATE_URL, or name its file in DATABASE_MIGRATE_PASSWORD_FILE$/,
  );
  expect(explain(failure('28P01', 'password authentication failed')).text).toMatch(
    /in DATABASE_MIGRATE_URL, or in the file that DATABASE_MIGRATE_PASSWORD_FILE names$/,
  );
});

test('DATABASE_URL is not a URL → says what to set', () => {
  expect(explainDatabase('localhost/imports')(new Error('Invalid URL'))).toMatchObject({
    text: 'DATABASE_URL is not a URL: set postgres://user:password@host:5432/database',
    isSetting: true,
  });
});
