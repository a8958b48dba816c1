/** API keys on a real PostgreSQL: valid until they expire, are rotated away, or are revoked. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKey } from '../../api/access/api-key.js';
import { UNLIMITED } from '../../domain/access/identity.js';
import { createKeyStore, type KeyStore } from '../../store/api-keys.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
let keys: KeyStore;
beforeAll(async () => {
  database = await startTestDatabase();
  keys = createKeyStore(database.pool);
});
afterAll(() => database?.close());

async function create(expiresInSeconds: number | null = 3_600) {
  const made = makeKey();
  const { prefix, digest } = made;
  const scope = { ...UNLIMITED, buckets: ['team-a-*'] };
  const isMade = await keys.create({
    ...{ prefix, digest, name: 'web', role: 'operator', scope, createdBy: 'local', expiresInSeconds },
  });
  expect(isMade).toBe(true);
  return made;
}

const setTime = (prefix: string, sql: string) =>
  database.pool.query(`update ecs_image_import.api_key_secrets set ${sql} where prefix = $1`, [prefix]);

test('a new key → found by prefix and digest, stored without its secret', async () => {
  const { prefix, digest, key } = await create();
  expect(await keys.find(prefix, digest)).toMatchObject({
    ...{ prefix, name: 'web', role: 'operator', scope: { ...UNLIMITED, buckets: ['team-a-*'] } },
    expiresInMs: expect.any(Number),
  });
  expect(await keys.find(prefix, makeKey(prefix).digest)).toBeNull();
  const { rows } = await database.pool.query(
    `select row_to_json(k)::text || row_to_json(s)::text as text
     from ecs_image_import.api_keys k join ecs_image_import.api_key_secrets s using (prefix)`,
  );
  expect(JSON.stringify(rows)).not.toContain(key.slice(-43));
});

test('an expired key → not found, shown as expired; without an expiry → found', async () => {
  const { prefix, digest } = await create();
  await setTime(prefix, `expires_at = now() - interval '1 second'`);
  expect(await keys.find(prefix, digest)).toBeNull();
  expect(await keys.get(prefix)).toMatchObject({ state: 'expired' });
  const forever = await create(null);
  expect(await keys.find(forever.prefix, forever.digest)).toMatchObject({ expiresInMs: null });
});

test('a rotation → both secrets are valid for the overlap, the new one as long as the first', async () => {
  const { prefix, digest } = await create(7_200);
  const next = makeKey(prefix);
  const rotation = { digest: next.digest, overlapSeconds: 60, expiresInSeconds: undefined };
  expect(await keys.rotate(prefix, rotation)).toBe('rotated');
  const [newest, earlier] = [await keys.find(prefix, next.digest), await keys.find(prefix, digest)];
  expect(newest?.expiresInMs).toBeGreaterThan(7_100_000);
  expect(earlier?.expiresInMs).toBeLessThanOrEqual(60_000);
  expect((await keys.get(prefix))?.secrets).toHaveLength(2);
  expect(await keys.rotate(prefix, { ...rotation, digest: makeKey(prefix).digest, overlapSeconds: 0 })).toBe('rotated');
  expect(await keys.find(prefix, next.digest)).toBeNull();
  expect(await keys.rotate('0000000000', rotation)).toBe('unknown');
});

test('a rotation never lengthens an earlier secret, and of a key without an expiry it gives none', async () => {
  const { prefix, digest } = await create(60);
  await keys.rotate(prefix, { digest: makeKey(prefix).digest, overlapSeconds: 3_600, expiresInSeconds: null });
  expect((await keys.find(prefix, digest))?.expiresInMs).toBeLessThanOrEqual(60_000);
  expect((await keys.get(prefix))?.secrets[0]?.expiresAt).toBeNull();
});

test('a revoked key → all its secrets are refused, and it cannot be rotated', async () => {
  const { prefix, digest } = await create();
  const next = makeKey(prefix);
  await keys.rotate(prefix, { digest: next.digest, overlapSeconds: 60, expiresInSeconds: undefined });
  expect(await keys.revoke(prefix, 'local')).toBe(true);
  expect(await keys.revoke(prefix, 'token')).toBe(true);
  expect(await keys.find(prefix, digest)).toBeNull();
  expect(await keys.find(prefix, next.digest)).toBeNull();
  expect(await keys.get(prefix)).toMatchObject({ state: 'revoked', revokedBy: 'local' });
  const again = { digest: makeKey(prefix).digest, overlapSeconds: 60, expiresInSeconds: undefined };
  expect(await keys.rotate(prefix, again)).toBe('revoked');
  expect(await keys.revoke('0000000000', 'local')).toBe(false);
});

test('the use of a secret → written once a minute', async () => {
  const { prefix, digest } = await create();
  const lastUsed = async () => (await keys.get(prefix))?.secrets[0]?.lastUsedAt;
  await keys.used(prefix, digest);
  const first = await lastUsed();
  expect(first).not.toBeNull();
  await keys.used(prefix, digest);
  expect(await lastUsed()).toBe(first);
  await setTime(prefix, `last_used_at = now() - interval '2 minutes'`);
  const before = await lastUsed();
  await keys.used(prefix, digest);
  expect(await lastUsed()).not.toBe(before);
});

test('pages of keys → every key once, in the order of the prefixes', async () => {
  const all: string[] = [];
  for (;;) {
    const page = await keys.list(all.at(-1) ?? '', 2);
    all.push(...page.map(({ prefix }) => prefix));
    if (page.length < 2) break;
  }
  expect(all).toEqual([...new Set(all)].sort());
  expect(all.length).toBeGreaterThan(4);
});
