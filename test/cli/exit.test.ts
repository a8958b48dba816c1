/** Exit codes of commands that start servers. */
import { expect, test } from 'vitest';
import { exitCodeOfError } from '../../cli/exit.js';
import { ConfigError } from '../../config/environment.js';
import { LoggedError } from '../../config/logged-error.js';
import { checkDatabaseServer } from '../../local/supervisor/external-servers.js';
import { StackError } from '../../local/supervisor/stack-error.js';
import { UnreachableError } from '../../store/reachable.js';

test('PostgreSQL does not answer `up` → 5', async () => {
  const error: unknown = await checkDatabaseServer('postgres://u:p@127.0.0.1:9/x', new AbortController().signal, {
    forMs: 0,
  }).catch((problem: unknown) => problem);
  expect(exitCodeOfError(error)).toBe(5);
});

test.each([
  ['a server does not answer the worker or the API', new LoggedError(new UnreachableError('away')), 5],
  ['a setting of the worker is wrong', new LoggedError(new ConfigError('wrong')), 2],
  ['a setting of `up` is wrong', new ConfigError('wrong'), 2],
  ['the data folder cannot be used', new StackError('in use'), 1],
  ['the worker fails', new LoggedError(new Error('failed')), 1],
])('%s → its exit code', (_what, error, code) => {
  expect(exitCodeOfError(error)).toBe(code);
});
