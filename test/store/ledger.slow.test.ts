/** The ledger on a real database: typed entries, rows of earlier versions, and one statement for record and ledger. */
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { LedgerWrite } from '../../domain/ledger.js';
import { formatObjectLocation } from '../../domain/object-location.js';
import { uploadEntry } from '../../resources/multipart-upload.js';
import { objectEntry } from '../../resources/object.js';
import { createImportStore, type ImportStore } from '../../store/imports.js';
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
  await database.pool.query('truncate uploads, imports cascade');
  statements = [];
  await store.accept({ ...STEP, version: 1 }, REQUEST, 'files');
});

const view = async () => {
  const found = await store.get(STEP.importId);
  if (found === null) throw new Error('there is no record');
  return found;
};
const insertRow = (kind: string, key: string, detail: object) =>
  database.pool.query(
    `insert into ledger (import_id, kind, key, region_id, detail, status) values ($1, $2, $3, 'cn-hangzhou', $4, 'created')`,
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

  test('after the end of the import, with a result → the ledger has it, and the orphan sweep does not count it as kept', async () => {
    await store.finish({ ...STEP, version: 7, phase: 'cleanup' }, 'cancelled', null);
    await store.record(STEP, { ...image, status: 'created', detail: { imageId: 'm-late' } });
    expect((await view()).ledger).toMatchObject([{ status: 'created', detail: { imageId: 'm-late' } }]);
    expect((await store.accountsOf([STEP.importId])).held.has('m-late')).toBe(false);
  });

  test('with the attempt still current → its intention is written', async () => {
    await store.startPhase(STEP);
    await store.record(STEP, intended);
    await store.record(STEP, intended);
    expect((await view()).ledger).toMatchObject([{ status: 'intended' }]);
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
      image: { imageId: null, clientToken: 'token' },
      copy: { imageId: null, sourceImageId: 'm-1', clientToken: 'token', round: 2 },
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
      { imageId: null, sourceImageId: null, clientToken: 'token', round: 1 },
    ]);
    expect((await store.accountsOf([])).held).toContain(formatObjectLocation(found));
  });
});
