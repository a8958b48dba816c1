/** Transactions of a process that stops between two statements. */
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../store/database.js';
import { transaction } from '../../store/transaction.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
let frozen: pg.Pool;

beforeAll(async () => {
  database = await startTestDatabase();
  await database.pool.query('create table if not exists locked (id int primary key)');
  await database.pool.query('insert into locked values (1)');
  frozen = openPool({ url: database.url, applicationName: 'frozen', idleTransactionMs: 300 });
});
afterAll(async () => {
  await frozen?.end();
  await database?.close();
});

test('a process is frozen within a transaction → its locks end, and its transaction fails when it wakes', async () => {
  let locked: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    locked = resolve;
  });
  let wake: () => void = () => undefined;
  const frozenUntil = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const late = transaction(frozen, async (client) => {
    await client.query('select from locked for update');
    locked();
    await frozenUntil;
    await client.query('update locked set id = 2');
  });
  const outcome = late.then(
    () => 'committed',
    () => 'failed',
  );
  await begun;
  // Waits for the lock.
  await database.pool.query('update locked set id = 1');
  wake();
  expect(await outcome).toBe('failed');
  expect((await frozen.query('select id from locked')).rows).toEqual([{ id: 1 }]);
});
