/** The ledger on a real database: typed entries, rows of earlier versions, and one statement for record and ledger. */
import fc from 'fast-check';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerWrite } from '../../domain/ledger.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { PendingNotes } from '../../store/step-notes.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

const STEP = { importId: 'imp-1', version: 5, phase: 'import' } as const;
const IMAGE = { imageId: 'm-1', regionId: 'cn-hangzhou', taskId: 't-1' };
const image = { kind: 'image', key: 'web-01', regionId: 'cn-hangzhou' } as const;
const copy = { kind: 'copy', key: 'cn-beijing/web-01', regionId: 'cn-beijing' } as const;

let database: TestDatabase;
let store: ImportStore;
let statements: string[];

beforeAll(async () => {
  database = await startTestDatabase();
  const { pool } = database;
  store = createImportStore(
    new Proxy(pool, {
      get(target, name) {
        if (name !== 'query') return Reflect.get(target, name);
        return (sql: string, values: unknown[]): Promise<pg.QueryResult> => {
          statements.push(sql);
          return target.query(sql, values);
        };
      },
    }),
  );
});
afterAll(() => database?.close());
beforeEach(async () => {
  await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
  statements = [];
  await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
});

const checkAfter = async (): Promise<Date | null> => {
  const { rows } = await database.pool.query<{ check_after: Date | null }>(
    'select check_after from ecs_image_import.imports where id = $1',
    [STEP.importId],
  );
  return rows[0]?.check_after ?? null;
};
const view = async () => {
  const found = await store.get(STEP.importId);
  if (found === null) throw new Error('there is no record');
  return found;
};
const insertRow = (kind: string, key: string, detail: object) =>
  database.pool.query(
    `insert into ecs_image_import.ledger (import_id, kind, key, region_id, detail, status) values ($1, $2, $3, 'cn-hangzhou', $4, 'created')`,
    [STEP.importId, kind, key, JSON.stringify(detail)],
  );

describe('an attempt that was frozen and wakes', () => {
  const intended = { ...image, status: 'intended', detail: { clientToken: 'c-1' } } as const;

  test('after a newer attempt began → its intention is refused, and the ledger stays as it is', async () => {
    await store.startPhase({ ...STEP, version: 6 });
    await expect(store.record(STEP, intended)).rejects.toThrow('Import.Superseded');
    expect((await view()).ledger).toEqual([]);
  });

  test('after the end of the import → its intention does not reopen the entry', async () => {
    await store.startPhase(STEP);
    await store.record(STEP, intended);
    await store.record(STEP, { ...image, status: 'removed' });
    await store.finish({ ...STEP, version: 7, phase: 'cleanup' }, 'cancelled', null);
    await expect(store.record({ ...STEP, version: 9 }, intended)).rejects.toThrow('Import.Superseded');
    expect((await view()).ledger).toMatchObject([{ status: 'removed' }]);
  });

  test('after the end of the import, with a result → the ledger stays closed, an event has the image, and a late check is due', async () => {
    await store.finish({ ...STEP, version: 7, phase: 'cleanup' }, 'cancelled', null);
    const created = { ...image, status: 'created', detail: { imageId: 'm-late' } } as const;
    await expect(store.recordImage(STEP, created, IMAGE)).rejects.toThrow('Import.Superseded');
    expect(await view()).toMatchObject({ ledger: [], image: null });
    expect(
      (await store.accountsOf([{ kind: 'image', key: 'm-late', importId: STEP.importId }])).held.has('m-late'),
    ).toBe(false);
    expect((await store.events(STEP.importId, 0)).at(-1)?.detail).toMatchObject({ late: { imageId: 'm-late' } });
    expect((await store.claimLateChecks(10)).map(({ reportedImages }) => reportedImages)).toEqual([['m-late']]);
  });

  test('after a newer attempt began, with a result → the ledger stays as it is, and the end schedules a late check', async () => {
    await store.startPhase({ ...STEP, version: 6 });
    const task = { kind: 'task', key: 't-1', regionId: 'cn-hangzhou', status: 'created' } as const;
    await expect(store.record(STEP, task)).rejects.toThrow('Import.Superseded');
    await store.record({ ...STEP, version: 6 }, { ...image, status: 'removed' });
    await store.finish({ ...STEP, version: 7, phase: 'cleanup' }, 'failed', null);
    expect((await view()).ledger.map(({ kind, status }) => [kind, status])).toEqual([['image', 'removed']]);
    expect(await checkAfter()).not.toBeNull();
  });

  test('with the attempt still current → its intention is written', async () => {
    await store.startPhase(STEP);
    await store.record(STEP, intended);
    await store.record(STEP, intended);
    expect((await view()).ledger).toMatchObject([{ status: 'intended' }]);
  });
});

describe('a step whose next one begins in the same statement', () => {
  const NEXT = { ...STEP, version: 1_000_005, phase: 'detection' } as const;
  const left = () => {
    const pending = new PendingNotes(() => undefined);
    pending.add({ kind: 'ledger', entry: { ...image, status: 'created', detail: { imageId: 'm-1' } } });
    return { ...STEP, pending };
  };

  test('still current → what it has left is written, the next phase has begun, and its ledger is read', async () => {
    await store.startPhase(STEP);
    statements = [];
    const started = await store.startNextPhase(left(), NEXT, ['ledger']);
    expect(statements).toHaveLength(1);
    expect(started?.ledger).toMatchObject([{ kind: 'image', status: 'created' }]);
    expect(await view()).toMatchObject({ phase: 'detection', ledger: [{ key: 'web-01', status: 'created' }] });
  });

  test('superseded → nothing begins, the ledger stays as it is, and an event has the resource', async () => {
    await store.startPhase({ ...STEP, version: 6 });
    await expect(store.startNextPhase(left(), NEXT)).rejects.toThrow('Import.Superseded');
    expect(await view()).toMatchObject({ phase: 'import', ledger: [] });
    expect((await store.events(STEP.importId, 0)).at(-1)?.detail).toMatchObject({ late: { imageId: 'm-1' } });
  });

  test('of an import that has ended → nothing begins', async () => {
    await store.finish({ ...STEP, version: 7, phase: 'cleanup' }, 'cancelled', null);
    await expect(store.startNextPhase({ ...STEP, version: 9 }, NEXT)).resolves.toBeNull();
    await expect(store.startNextPhase(left(), NEXT)).rejects.toThrow('Import.Superseded');
    expect(await view()).toMatchObject({ phase: 'done', state: 'cancelled' });
  });

  test('an error of the database → what it has left is written later', async () => {
    await store.startPhase(STEP);
    const step = left();
    await expect(store.startNextPhase(step, { ...NEXT, version: 0.5 })).rejects.toThrow();
    expect(step.pending.take()).toHaveLength(1);
  });
});

const KEYS = ['web-01', 'web-02'] as const;
const writes = fc.record({
  version: fc.integer({ min: 1, max: 9 }),
  key: fc.constantFrom(...KEYS),
  status: fc.constantFrom('intended' as const, 'created' as const, 'removed' as const, 'kept' as const),
  by: fc.constantFrom('record' as const, 'recordImage' as const, 'recordCopy' as const),
});
type Write = typeof writes extends fc.Arbitrary<infer T> ? T : never;

async function attempt({ version, key, status, by }: Write): Promise<'written' | 'refused'> {
  const step = { ...STEP, version };
  const one = { kind: 'image', key, regionId: 'cn-hangzhou', status } as const;
  const other = { kind: 'copy', key: `cn-beijing/${key}`, regionId: 'cn-beijing', status } as const;
  try {
    if (by === 'record') await store.record(step, one);
    else if (by === 'recordImage') await store.recordImage(step, one, IMAGE);
    else await store.recordCopy(step, other, IMAGE);
    return 'written';
  } catch (error) {
    if (String(error).includes('Import.Superseded')) return 'refused';
    throw error;
  }
}

describe('ledger writes by any steps and attempts, in any order', () => {
  test('around the end of the import → none changes the ledger or the record after it', async () => {
    const property = fc.asyncProperty(
      fc.array(writes, { maxLength: 8 }),
      fc.array(writes, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('cancelled' as const, 'failed' as const, 'succeeded' as const),
      async (before, after, outcome) => {
        await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
        await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
        for (const write of before) await attempt(write);
        expect(await store.finish({ ...STEP, version: 9 }, outcome, null)).not.toBeNull();
        const ended = await view();
        // Concurrently, as the late writes of several workers arrive.
        expect(new Set(await Promise.all(after.map(attempt)))).toEqual(new Set(['refused']));
        const { ledger, image: last, copies } = await view();
        expect({ ledger, image: last, copies }).toEqual({
          ledger: ended.ledger,
          image: ended.image,
          copies: ended.copies,
        });
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  test('concurrent with the end of the import → what was written is in the ledger as it ended, or was refused', async () => {
    const property = fc.asyncProperty(fc.array(writes, { minLength: 1, maxLength: 8 }), async (late) => {
      await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
      await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
      await Promise.all([store.finish({ ...STEP, version: 9 }, 'cancelled', null), ...late.map(attempt)]);
      const ended = await view();
      await Promise.all(late.map(attempt));
      expect((await view()).ledger).toEqual(ended.ledger);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test('before the end → only those of the newest step and attempt are written', async () => {
    const property = fc.asyncProperty(fc.array(writes, { minLength: 1, maxLength: 10 }), async (all) => {
      await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
      await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
      let newest = 1;
      for (const write of all) {
        if (await store.startPhase({ ...STEP, version: write.version })) newest = write.version;
        expect(await attempt(write)).toBe(write.version >= newest ? 'written' : 'refused');
      }
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

describe('the end of an import', () => {
  const end = async (outcome: 'cancelled' | 'failed' | 'succeeded') =>
    store.finish({ ...STEP, version: 9 * 1_000_000 + 1, phase: 'cleanup' }, outcome, null);

  test('after first attempts only → no late check', async () => {
    await store.startPhase({ ...STEP, version: 2_000_001 });
    await store.record({ ...STEP, version: 2_000_001 }, { ...image, status: 'kept' });
    await end('succeeded');
    expect(await checkAfter()).toBeNull();
  });

  test.each(['succeeded', 'failed'] as const)('after a repeated attempt (%s) → a late check', async (outcome) => {
    await store.startPhase({ ...STEP, version: 2_000_002 });
    await store.record({ ...STEP, version: 2_000_002 }, { ...image, status: 'removed' });
    await end(outcome);
    expect(await checkAfter()).not.toBeNull();
  });

  test('cancelled → a late check, except before the import has a ledger', async () => {
    await end('cancelled');
    expect(await checkAfter()).toBeNull();
    await database.pool.query('truncate ecs_image_import.uploads, ecs_image_import.imports cascade');
    await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
    await store.record({ ...STEP, version: 2 }, { ...image, status: 'removed' });
    await end('cancelled');
    expect(await checkAfter()).not.toBeNull();
  });
});

describe('record and ledger', () => {
  test('a created and a removed image → each is one statement', async () => {
    statements = [];
    await store.recordImage(STEP, { ...image, status: 'created', detail: { imageId: 'm-1' } }, IMAGE);
    expect(statements).toHaveLength(1);
    expect(await view()).toMatchObject({ image: IMAGE, ledger: [{ status: 'created', detail: { imageId: 'm-1' } }] });
    statements = [];
    await store.recordImage(STEP, { ...image, status: 'removed' }, null);
    expect(statements).toHaveLength(1);
    expect(await view()).toMatchObject({ image: null, ledger: [{ status: 'removed', detail: { imageId: 'm-1' } }] });
  });

  test('a removed copy → one statement; copies in other regions stay', async () => {
    const other = { ...copy, key: 'cn-shanghai/web-01', regionId: 'cn-shanghai' };
    const ref = (regionId: string) => ({ imageId: `m-${regionId}`, regionId, taskId: null });
    await store.recordCopy(STEP, { ...copy, status: 'created', detail: { imageId: 'm-2' } }, ref('cn-beijing'));
    await store.recordCopy(STEP, { ...other, status: 'created', detail: { imageId: 'm-3' } }, ref('cn-shanghai'));
    statements = [];
    await store.recordCopy(STEP, { ...copy, status: 'removed', detail: { imageId: null, round: 2 } }, null);
    expect(statements).toHaveLength(1);
    const { copies, ledger } = await view();
    expect(copies).toEqual([ref('cn-shanghai')]);
    expect(ledger.map(({ status, detail }) => [status, detail])).toEqual([
      ['removed', { round: '2' }],
      ['created', { imageId: 'm-3' }],
    ]);
  });

  test('the same entry again → no event, no change', async () => {
    const entry: LedgerWrite = { ...image, status: 'intended', detail: { clientToken: 'token' } };
    await store.record(STEP, entry);
    const [before, events] = [await view(), await store.events(STEP.importId, 0)];
    await store.record(STEP, entry);
    expect(await view()).toEqual(before);
    expect(await store.events(STEP.importId, 0)).toEqual(events);
  });
});

describe('an entry', () => {
  const location = { bucket: 'images', key: 'build#12/imp-1/disk-1.raw' };

  test('of each kind that is written → read with the same types', async () => {
    const writes: readonly LedgerWrite[] = [
      objectEntry('cn-hangzhou', location, 'created', { size: 2 ** 40, crc64: '7' }),
      uploadEntry('cn-hangzhou', location, 'intended'),
      { kind: 'task', key: 't-1', regionId: 'cn-hangzhou', status: 'created', detail: { imageId: 'm-1' } },
      { ...image, status: 'intended', detail: { clientToken: 'token' } },
      { ...copy, status: 'intended', detail: { sourceImageId: 'm-1', clientToken: 'token', round: 2 } },
      { kind: 'role', key: 'role', regionId: 'global', status: 'kept' },
      {
        ...{ kind: 'policy-attachment', key: 'role/policy', regionId: 'global', status: 'kept' },
        detail: { policy: 'policy', madeHere: false },
      },
    ];
    for (const entry of writes) await store.record(STEP, entry);
    const details = (await store.ledger(STEP.importId)).map(({ kind, detail }) => [kind, detail]);
    expect(Object.fromEntries(details)).toEqual({
      object: { location, size: 2 ** 40, crc64: '7', usedBy: null },
      'multipart-upload': { location, uploadId: null, usedBy: null },
      task: { imageId: 'm-1' },
      image: { imageId: null, clientToken: 'token', requestId: null },
      copy: { imageId: null, sourceImageId: 'm-1', clientToken: 'token', round: 2, requestId: null },
      role: {},
      'policy-attachment': { policy: 'policy', madeHere: false },
    });
    const shown = (await view()).ledger.find(({ kind }) => kind === 'object');
    expect(shown?.key).toBe('oss://images/build%2312/imp-1/disk-1.raw');
    expect(shown?.detail).toEqual({ bucket: 'images', key: location.key, size: String(2 ** 40), crc64: '7' });
  });

  test('of an earlier version, with empty strings and a raw location → read; the orphan sweep knows its object', async () => {
    await insertRow('object', 'oss://images/100%/a.raw', { bucket: 'images', key: '100%/a.raw', size: '5', crc64: '' });
    await insertRow('copy', copy.key, { imageId: '', clientToken: 'token' });
    await insertRow('something-new', 'x', {});
    const ledger = await store.ledger(STEP.importId);
    const found = { bucket: 'images', key: '100%/a.raw' };
    expect(ledger.map(({ detail }) => detail)).toEqual([
      { location: found, size: 5, crc64: null, usedBy: null },
      { imageId: null, sourceImageId: null, clientToken: 'token', round: 1, requestId: null },
    ]);
    const key = formatObjectLocation(found);
    expect((await store.accountsOf([{ kind: 'object', key, importId: STEP.importId }])).held).toContain(key);
  });
});
