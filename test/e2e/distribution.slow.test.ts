/** Copies and sharing with the real processes: one copy per region despite failures, and no resources after a cancel. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ImportView } from '../../domain/import.js';
import { REGION, type Service, startService } from '../support/e2e/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(async () => {
  await service.resetCloud();
  await service.settings({ copySeconds: 0.5 });
});

const DISTRIBUTE = { regions: ['cn-beijing', 'cn-shanghai'], shareWith: ['1000000000000002'] };
const inDistribution = (view: ImportView) => view.phase === 'distribution';
const copying = (view: ImportView) => view.copies.length === 2;
const regionsOf = (view: ImportView) => view.copies.map(({ regionId }) => regionId);

test('copies to several regions → an available image in each region', async () => {
  // The emulated copies lose this feature, as those of the cloud do.
  const features = { imdsSupport: 'v2' };
  await service.settings({ resourceShares: ['rs-web'] });
  const distribute = { ...DISTRIBUTE, resourceShares: { 'cn-beijing': 'rs-web' } };
  const id = await service.start({ distribute, tags: { team: 'web' }, features });
  const view = await service.untilState(id, 'succeeded', 'failed', 'attention');
  expect(view).toMatchObject({ state: 'succeeded', error: null, attention: null });
  expect(regionsOf(view)).toEqual(DISTRIBUTE.regions);
  const { images } = await service.state();
  expect(images.map(({ imageId }) => imageId).sort()).toEqual(
    [view.image, ...view.copies].map((ref) => ref?.imageId).sort(),
  );
  expect(images.map(({ status }) => status)).toEqual(['Available', 'Available', 'Available']);
  expect(view.timeline.map(({ phase }) => phase)).toContain('distribution');
  expect(view.ledger.filter(({ kind }) => kind === 'copy').map(({ status }) => status)).toEqual(['kept', 'kept']);
  const shared = await service.calls('ModifyImageSharePermission');
  expect(shared.filter(({ outcome }) => outcome === 'ok')).toHaveLength(3);
  expect(await service.calls('ModifyImageAttribute')).toHaveLength(2);
  expect(await service.calls('AssociateResourceShare')).toHaveLength(1);
  expect(view.findings.filter(({ code }) => code === 'ECSIMPORT.CopyAttributes')).toMatchObject([
    { severity: 'info', evidence: expect.stringContaining('Features.ImdsSupport v1 → v2') },
    { severity: 'info', evidence: expect.stringContaining('Features.ImdsSupport v1 → v2') },
  ]);
});

test('lost responses and a killed worker → one copy per region', async () => {
  await service.settings({ copySeconds: 3 });
  await service.fault({ service: 'ecs', action: 'CopyImage', kind: 'reset-after', times: 2 });
  const id = await service.start({ distribute: DISTRIBUTE });
  await service.until(id, copying);
  service.kill('worker');
  const view = await service.untilState(id, 'succeeded', 'failed', 'attention');
  expect(view.state).toBe('succeeded');
  expect((await service.state()).images).toHaveLength(3);
});

test('cancel during copies → removes the copies and the image', async () => {
  await service.settings({ copySeconds: 60 });
  const id = await service.start({ distribute: DISTRIBUTE });
  await service.until(id, copying);
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  const view = await service.untilState(id, 'cancelled', 'failed', 'attention');
  expect(view).toMatchObject({ state: 'cancelled', copies: [], image: null });
  expect((await service.state()).images).toEqual([]);
});

test('a rejected copy → attention; resume can drop the region', async () => {
  await service.fault({
    ...{ service: 'ecs', action: 'CopyImage', kind: 'http', times: 100 },
    ...{ status: 403, code: 'QuotaExceed.Image', message: 'The Image Quota exceeds.' },
  });
  const id = await service.start({ distribute: { regions: ['cn-beijing'], shareWith: [] } });
  const stopped = await service.untilState(id, 'attention', 'failed', 'succeeded');
  expect(inDistribution(stopped)).toBe(true);
  expect(stopped.attention).toMatchObject({
    code: 'QuotaExceed.Image',
    remedy: expect.stringContaining("--set 'distribute.regions=[]'"),
  });
  await service.request('POST', `/v1/imports/${id}/resume`, { set: { 'distribute.regions': [] } });
  const view = await service.untilState(id, 'succeeded', 'failed');
  expect(view).toMatchObject({ state: 'succeeded', copies: [], image: { regionId: REGION } });
});
