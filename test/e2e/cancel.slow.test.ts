/** Cancel wins at any moment, and nothing is left of the import. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Fault, type Service, startService } from './service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

async function cancel(id: string, body: Record<string, unknown> = {}) {
  return service.request('POST', `/v1/imports/${id}/cancel`, body);
}

const EMPTY = { images: [], objects: [], uploads: [] };

/** Calls that are slow enough for the cancel to come in the middle of the phase. */
const MOMENTS: readonly (readonly [string, Fault])[] = [
  ['preflight', { service: 'sts', action: 'GetCallerIdentity', kind: 'slow', delayMs: 1_500 }],
  ['role', { service: 'ram', action: 'GetRole', kind: 'slow', delayMs: 1_500 }],
  ['upload', { service: 'oss', action: 'UploadPart', kind: 'slow', delayMs: 3_000, times: -1 }],
  ['import', { service: 'ecs', action: 'ImportImage', kind: 'slow', delayMs: 1_500 }],
];

describe('cancel', () => {
  test.each(MOMENTS)('in %s ends the import cancelled and leaves nothing', async (phase, fault) => {
    await service.fault(fault);
    const id = await service.start();
    await service.until(id, (view) => view.phase === phase);
    expect((await cancel(id)).status).toBe(202);
    const view = await service.untilState(id, 'cancelled', 'succeeded', 'failed');
    expect(view).toMatchObject({ state: 'cancelled', phase: 'done', image: null, error: null });
    expect(await service.state()).toMatchObject(EMPTY);
    expect(view.ledger.filter((entry) => !['removed', 'kept'].includes(entry.status))).toEqual([]);
  });

  test('before anything has been done, and while a call is being tried again, leaves nothing', async () => {
    await service.fault({ service: 'ecs', action: 'ImportImage', kind: 'http', status: 503, times: -1 });
    const [early, retrying] = [await service.start(), await service.start()];
    await cancel(early);
    await service.until(retrying, (view) => view.phase === 'import');
    await expect.poll(async () => (await service.calls('ImportImage')).length).toBeGreaterThan(1);
    await cancel(retrying);
    for (const id of [early, retrying]) await service.untilState(id, 'cancelled');
    expect(await service.state()).toMatchObject(EMPTY);
  });

  test('while the cloud imports calls CancelTask and waits for the task’s end', async () => {
    await service.settings({ importSeconds: 60 });
    const id = await service.start();
    await service.until(id, (view) => view.phase === 'import' && view.image !== null);
    const toldAt = Date.now();
    await cancel(id);
    expect(await service.untilState(id, 'cancelled')).toMatchObject({ image: null });
    const [call] = await service.calls('CancelTask');
    expect(call).toBeDefined();
    console.log(`CancelTask came ${Date.parse(call?.time ?? '') - toldAt} ms after the cancel`);
    expect(await service.state()).toMatchObject(EMPTY);
  });

  test('that comes when the image is finished deletes it, or keeps it where asked', async () => {
    await service.settings({ detectionSeconds: 60 });
    const [gone, kept] = [await service.start(), await service.start()];
    for (const id of [gone, kept]) await service.until(id, (view) => view.phase === 'detection');
    await cancel(gone);
    await cancel(kept, { keepImage: true });
    await service.untilState(gone, 'cancelled');
    const view = await service.untilState(kept, 'cancelled');
    const { images } = await service.state();
    expect(images).toMatchObject([{ status: 'Available' }]);
    expect(view.ledger.find((entry) => entry.kind === 'image')).toMatchObject({
      status: 'kept',
      detail: { imageId: images[0]?.imageId },
    });
  });

  test('twice is like once, and after the end it is refused and changes nothing', async () => {
    await service.settings({ importSeconds: 60 });
    const id = await service.start();
    await service.until(id, (view) => view.phase === 'import');
    await Promise.all([cancel(id), cancel(id)]);
    await service.untilState(id, 'cancelled');
    const late = await cancel(id);
    expect(late.status).toBe(409);
    expect(late.body).toMatchObject({ state: 'cancelled' });
  });

  test('of an import that waits for a person ends it', async () => {
    const id = await service.start({ role: 'verify' });
    await service.untilState(id, 'attention');
    await cancel(id);
    expect(await service.untilState(id, 'cancelled')).toMatchObject({ attention: null });
    expect(await service.state()).toMatchObject(EMPTY);
  });
});
