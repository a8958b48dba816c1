/** The orphan sweep's list of snapshots, on a real database. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createImportStore, type ImportStore } from '../../store/imports.js';
import { REQUEST } from '../support/activities/distribution-cloud.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
let store: ImportStore;

beforeAll(async () => {
  database = await startTestDatabase();
  store = createImportStore(database.pool);
});
afterAll(() => database?.close());

test('snapshots are noted once, listed, and forgotten in their region only', async () => {
  const one = { account: null, regionId: 'cn-hangzhou', snapshotId: 's-1', imageId: 'm-1', importId: 'imp-1' };
  const two = { ...one, snapshotId: 's-2' };
  await store.noteOrphanSnapshots([one, two]);
  await store.noteOrphanSnapshots([{ ...one, importId: 'imp-2' }]);
  await store.noteOrphanSnapshots([]);
  expect(await store.orphanSnapshots()).toEqual([one, two]);
  await store.forgetOrphanSnapshots('cn-beijing', ['s-1']);
  await store.forgetOrphanSnapshots('cn-hangzhou', ['s-2', 's-3']);
  expect(await store.orphanSnapshots()).toEqual([one]);
});

test('the ledger keeps snapshots with the ID of their image', async () => {
  const step = { importId: 'imp-1', version: 1, phase: 'import' } as const;
  await store.accept(step, REQUEST, 'files');
  const snapshot = { kind: 'snapshot', key: 's-1', regionId: 'cn-hangzhou' } as const;
  await store.record(step, { ...snapshot, status: 'created', detail: { imageId: 'm-1' } });
  await store.record(step, { ...snapshot, status: 'kept' });
  expect(await store.ledger('imp-1')).toMatchObject([{ ...snapshot, status: 'kept', detail: { imageId: 'm-1' } }]);
});
