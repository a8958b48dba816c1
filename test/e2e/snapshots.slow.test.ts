/** The snapshots of images with the real processes: kept and tagged with an image that stays, gone with one that does not. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import type { ImportView } from '../../domain/import.js';
import { type Service, startService } from '../support/e2e/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(async () => {
  await service.resetCloud();
  await service.settings({ copySeconds: 0.2, snapshotReleaseSeconds: 0.5 });
});

const DISTRIBUTE = { regions: ['cn-beijing'], shareWith: [] };
const snapshotsOf = ({ ledger }: ImportView) =>
  ledger.flatMap(({ kind, key, status }) => (kind === 'snapshot' ? [`${key} ${status}`] : [])).sort();

test('an import with a copy → both snapshots are tagged, and kept in the ledger', async () => {
  const id = await service.start({ distribute: DISTRIBUTE, tags: { team: 'web' } });
  const view = await service.untilState(id, 'succeeded', 'failed', 'attention');
  const { snapshots } = await service.state();
  expect(snapshots.map(({ tags }) => tags)).toEqual([1, 2].map(() => ({ team: 'web', [IMPORT_TAG_KEY]: id })));
  expect(snapshotsOf(view)).toEqual(snapshots.map(({ snapshotId }) => `${snapshotId} kept`).sort());
});

test('a cancel after the image is available → image, copy and their snapshots are removed', async () => {
  await service.settings({ copySeconds: 600, snapshotsOfFailedImages: 'kept' });
  const id = await service.start({ distribute: DISTRIBUTE });
  await service.until(id, (view) => view.copies.length === 1);
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  const view = await service.untilState(id, 'cancelled', 'failed', 'attention');
  expect(view.state).toBe('cancelled');
  const { images, snapshots } = await service.state();
  expect([images, snapshots]).toEqual([[], []]);
  expect(snapshotsOf(view)).toHaveLength(2);
});

test.each([
  ['a cancel during the import', { importSeconds: 600 }, 'cancelled'],
  ['an import that the cloud fails', { failImports: [{ code: 'ImportImageFailed', message: 'No.' }] }, 'failed'],
])('%s, in a cloud that leaves its snapshots → removed', async (_what, settings, ends) => {
  await service.settings({ ...settings, snapshotsOfFailedImages: 'kept' });
  const id = await service.start();
  await service.until(id, (view) => view.image !== null || view.state === 'failed');
  if (ends === 'cancelled') await service.request('POST', `/v1/imports/${id}/cancel`, {});
  const view = await service.untilState(id, 'cancelled', 'failed', 'attention');
  expect(view.state).toBe(ends);
  const { images, snapshots } = await service.state();
  expect([images, snapshots]).toEqual([[], []]);
  expect(snapshotsOf(view)).toHaveLength(1);
});
