/** A full disk or missing memory of PostgreSQL's host has a code of its own, and is retried. */
import { expect, test } from 'vitest';
import { databaseFailure } from '../../store/database-failure.js';

const error = (code: string) => Object.assign(new Error('could not extend file: No space left on device'), { code });

test.each([
  ['53100', 'Database.DiskFull'],
  ['58030', 'Database.DiskError'],
  ['53200', 'Database.OutOfResources'],
  ['53300', 'Database.OutOfResources'],
])('SQLSTATE %s → %s', (state, code) => {
  expect(databaseFailure(error(state))?.failure).toMatchObject({
    ...{ code, class: 'transient' },
    message: expect.stringContaining('could not extend file'),
  });
});

test.each(['23505', 'ECONNREFUSED'])('%s → no failure of the host', (state) => {
  expect(databaseFailure(error(state))).toBeNull();
});
