/** The end of an object that several imports use: released, kept and removed, on a real PostgreSQL. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { BUCKET, LEASE_MS, openStoredUploads, type StoredUploads } from '../support/store/stored-uploads.js';

let uploads: StoredUploads;

beforeAll(async () => {
  uploads = await openStoredUploads();
});
afterAll(() => uploads?.database.close());
beforeEach(() => uploads.clear());

describe('the object', () => {
  const release = (importId: string, keep = false) => uploads.store.release(importId, BUCKET, 'a/disk-1.raw', keep);

  test('released by its users → removed by the last of them only', async () => {
    const { id } = await uploads.whole('a');
    await uploads.newImport('b');
    await uploads.join('b');
    expect(await release('a')).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('a')).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('b')).toEqual({ kind: 'remove', id });
  });

  test('whose removal was not confirmed before a crash → removed again', async () => {
    const { id } = await uploads.whole('a');
    expect(await release('a')).toEqual({ kind: 'remove', id });
    expect(await release('a')).toEqual({ kind: 'remove', id });
    expect(await uploads.store.usedBy('a')).toMatchObject([{ id, state: 'removing' }]);
    await uploads.store.forget(id);
    expect(await release('a')).toEqual({ kind: 'unknown' });
    expect(await uploads.store.usedBy('a')).toEqual([]);
  });

  test('that is being removed → not joined; another object is created', async () => {
    const { id } = await uploads.whole('a');
    await release('a');
    await uploads.newImport('b');
    const next = await uploads.join('b');
    expect(next).toMatchObject({ state: 'open', key: 'b/disk-1.raw' });
    await uploads.store.forget(id);
    expect(await uploads.store.get(next.id)).toMatchObject({ id: next.id });
  });

  test('that one user requested to keep → kept', async () => {
    await uploads.whole('a');
    await uploads.newImport('b');
    await uploads.join('b');
    expect(await release('a', true)).toEqual({ kind: 'in-use', by: 'b' });
    expect(await release('b')).toEqual({ kind: 'kept' });
    await uploads.newImport('c');
    expect(await uploads.join('c')).toMatchObject({ state: 'whole' });
    expect(await release('c')).toEqual({ kind: 'kept' });
  });

  test('that was never completed → not kept', async () => {
    await uploads.newImport('a');
    const { id } = await uploads.join('a');
    expect(await release('a', true)).toEqual({ kind: 'remove', id });
  });

  test('with a reference of an ended import → the reference does not count', async () => {
    const { id } = await uploads.whole('a');
    await uploads.newImport('b');
    await uploads.join('b');
    await uploads.end('b');
    expect(await release('a')).toEqual({ kind: 'remove', id });
  });

  test('released in the middle of the upload → another import continues immediately', async () => {
    await uploads.newImport('a');
    await uploads.newImport('b');
    const { id } = await uploads.join('a');
    await uploads.join('b');
    await uploads.store.claim(id, 'a/1', LEASE_MS);
    await release('a');
    expect(await uploads.store.claim(id, 'b/1', LEASE_MS)).toMatchObject({ holder: 'b/1' });
  });
});

test('random crashes of concurrent imports → no object in use is deleted, and none remains', async () => {
  const cloud = new Set<string>();
  const lost: string[] = [];
  let sent = 0;
  class Crashed extends Error {}
  /** The process crashes at one in eight steps; the next one starts the import from the beginning. */
  const mayDie = () => {
    if (Math.random() < 1 / 8) throw new Crashed();
  };

  const runImport = async (importId: string, sha256: string, seen: { key: string | null }) => {
    if (seen.key === null) {
      const upload = await uploads.join(importId, { sha256 });
      mayDie();
      const holder = `${importId}/1`;
      let state = await uploads.store.get(upload.id);
      while (state?.state === 'open') {
        if ((await uploads.store.claim(upload.id, holder, 30)) === null) {
          await delay(5);
        } else {
          mayDie();
          cloud.add(upload.key);
          sent += 1;
          mayDie();
          await uploads.store.finish(upload.id, { size: 1, crc64: '1', inspection: null });
        }
        state = await uploads.store.get(upload.id);
      }
      mayDie();
      seen.key = upload.key;
    }
    if (!cloud.has(seen.key)) lost.push(seen.key);
    await delay(Math.random() * 10);
    if (!cloud.has(seen.key)) lost.push(seen.key);
  };
  const cleanUp = async (importId: string) => {
    for (const { key } of await uploads.store.usedBy(importId)) {
      const outcome = await uploads.store.release(importId, BUCKET, key, false);
      mayDie();
      if (outcome.kind !== 'remove') continue;
      cloud.delete(key);
      mayDie();
      await uploads.store.forget(outcome.id);
    }
    mayDie();
    await uploads.end(importId);
  };
  const untilDone = async (step: () => Promise<void>) => {
    for (;;) {
      try {
        return await step();
      } catch (error) {
        if (!(error instanceof Crashed)) throw error;
      }
    }
  };

  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const importId = `i${index}`;
      const seen = { key: null };
      await uploads.newImport(importId);
      await delay(Math.random() * 100);
      await untilDone(() => runImport(importId, `content-${index % 3}`, seen));
      await untilDone(() => cleanUp(importId));
    }),
  );
  expect(lost).toEqual([]);
  expect([...cloud]).toEqual([]);
  expect((await uploads.database.pool.query('select * from ecs_image_import.uploads')).rows).toEqual([]);
  expect(sent).toBeLessThan(40);
});
