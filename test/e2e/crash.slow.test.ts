/** Whatever is killed on the way, the import goes on, and exactly one image results. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Fault, type Service, startService } from './service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

/** Calls slow enough for the kill to come in the middle of the phase. */
const MOMENTS: readonly (readonly [string, Fault | null])[] = [
  ['preflight', { service: 'sts', action: 'GetCallerIdentity', kind: 'slow', delayMs: 2_000 }],
  ['role', { service: 'ram', action: 'GetRole', kind: 'slow', delayMs: 2_000 }],
  ['upload', { service: 'oss', action: 'UploadPart', kind: 'slow', delayMs: 2_000 }],
  ['import', { service: 'ecs', action: 'ImportImage', kind: 'slow', delayMs: 2_000 }],
  ['detection', null],
  ['cleanup', { service: 'oss', action: 'DeleteObject', kind: 'slow', delayMs: 2_000 }],
];

async function expectOneImage(id: string): Promise<void> {
  const view = await service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');
  expect(view.error).toBeNull();
  expect(view).toMatchObject({ state: 'succeeded', phase: 'done' });
  const cloud = await service.state();
  expect(cloud.images).toMatchObject([{ imageId: view.image?.imageId, status: 'Available' }]);
  expect(cloud.objects).toEqual([]);
  expect(cloud.uploads).toEqual([]);
}

test.each(MOMENTS)('a worker killed in %s: the import goes on and makes one image', async (phase, fault) => {
  await service.settings({ importSeconds: 1, detectionSeconds: 3 });
  if (fault !== null) await service.fault(fault);
  const id = await service.start();
  await service.until(id, (view) => view.phase === phase);
  await service.kill('worker');
  await expectOneImage(id);
});

test.each(['temporal', 'postgres', 'api'])('%s killed while the cloud imports: one image', async (part) => {
  await service.settings({ importSeconds: 2 });
  const id = await service.start();
  await service.until(id, (view) => view.phase === 'import');
  await service.kill(part);
  await expectOneImage(id);
});

test('everything stopped and started again on the same folder: the past is listed, and what ran goes on', async () => {
  await service.settings({ importSeconds: 4 });
  const done = await service.start({ dryRun: true });
  await service.untilState(done, 'succeeded');
  const running = await service.start();
  await service.until(running, (view) => view.phase === 'import' && view.image !== null);
  await service.stop({ keepData: true });
  service = await startService({ dataDir: service.dataDir });
  const { body } = await service.request('GET', '/v1/imports');
  expect(body.imports.map((view: { id: string }) => view.id)).toEqual(expect.arrayContaining([done, running]));
  await expectOneImage(running);
});

test('the parts are named with pid and state, and a killed one shows as restarted', async () => {
  const before = (await service.request('GET', '/readyz')).body.parts;
  expect(before.map((part: { name: string }) => part.name).sort()).toEqual([
    'api',
    'emulator',
    'postgres',
    'temporal',
    'worker',
  ]);
  service.kill('worker');
  const old = before.find((part: { name: string }) => part.name === 'worker');
  await expect
    .poll(
      async () => {
        const { body } = await service.request('GET', '/readyz');
        return body.parts.find((part: { name: string }) => part.name === 'worker');
      },
      { timeout: 30_000 },
    )
    .toMatchObject({ state: 'ready', restarts: old.restarts + 1 });
});
