/** Which statements share the connections for reads, and fail early while a table is locked. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createReadGates } from '../../store/read-gates.js';

const STORE = path.resolve(import.meta.dirname, '../../store');
const CONNECTIONS = 2;
const locked = Object.assign(new Error('canceling statement due to lock timeout'), { code: '55P03' });

/** How a statement is treated after another one with the same text has waited for a lock in vain. */
async function afterLock(sql: string): Promise<string> {
  const pass = createReadGates(CONNECTIONS);
  await expect(pass(sql, () => Promise.reject(locked))).rejects.toBe(locked);
  return await pass(sql, async () => 'runs').catch(() => 'fails early');
}

test('a read of a locked table → the next one fails early', async () => {
  expect(await afterLock('select id from ecs_image_import.imports')).toBe('fails early');
  expect(await afterLock('select ecs_image_import.last_event_id() as last')).toBe('fails early');
});

test('a statement that locks a row → the row of another import is not concerned', async () => {
  expect(await afterLock('select id from ecs_image_import.imports where id = $1 for no key update')).toBe('runs');
});

test('every function of the store that writes → a locked row of one import does not concern others', async () => {
  const files = (await readdir(STORE)).filter((name) => name.endsWith('.ts'));
  const code = (await Promise.all(files.map((name) => readFile(path.join(STORE, name), 'utf8')))).join('\n');
  const calls = [...code.matchAll(/'(select ecs_image_import\.(\w+)\([^']+)'/g)].filter(
    ([, , name]) => name !== 'last_event_id',
  );
  expect(calls.length).toBeGreaterThan(5);
  for (const [, sql = '', name] of calls) expect([name, await afterLock(sql)]).toEqual([name, 'runs']);
});

test('calls of such a function → more at a time than half of the connections', async () => {
  const pass = createReadGates(CONNECTIONS);
  let running = 0;
  const forever = () => {
    running += 1;
    return new Promise<never>(() => undefined);
  };
  for (let call = 0; call < CONNECTIONS; call++)
    void pass('select ecs_image_import.write_step($1) as written', forever);
  await new Promise((resolve) => setImmediate(resolve));
  expect(running).toBe(CONNECTIONS);
});
