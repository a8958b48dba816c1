/** A call that the cloud executes after the end of its import. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import { openPool } from '../../store/database.js';
import { violations } from '../faults/judge.js';
import { prepare, requestOf } from '../faults/run-case.js';
import { freezeEnv } from '../faults/run-freezes.js';
import { setCloud } from '../faults/run-matrix.js';
import { SANDBOX_BUCKETS, sandboxAt } from '../faults/sandboxes.js';
import { startExtraWorker } from '../support/e2e/extra-worker.js';
import { type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';

const ENV = freezeEnv('in time', 1_200_000);
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-late-'));
let service: Service;
let source: string;
let pool: pg.Pool;

beforeAll(async () => {
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  source = `file://${file}`;
  service = await startService({ env: ENV, buckets: SANDBOX_BUCKETS });
  pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 3 });
});
afterAll(async () => {
  await pool?.end();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const imagesOf = async (id: string) => (await service.state()).images.filter(({ tags }) => tags[IMPORT_TAG_KEY] === id);
const checkSoon = (id: string) =>
  pool.query('update ecs_image_import.imports set check_after = now() where id = $1', [id]);

test('ImportImage of a frozen worker takes effect after the cancel → orphans lists the image; after a restart of the API a late check removes and reports it', async () => {
  await setCloud(service, { importSeconds: 0.3, copySeconds: 0.3 });
  const sandbox = sandboxAt(0);
  const request = requestOf('object', sandbox, source);
  await prepare(service, 'object', sandbox, request);
  const held = { service: 'ecs', action: 'ImportImage', kind: 'hold', match: { RegionId: sandbox.region } } as const;
  // Every call is held, not the first only: the freeze may come before the cancel reaches the workflow, and the other
  // worker's attempt would then create the image with the same client token in time for the cleanup.
  const faultId = await service.fault({ ...held, after: 1, times: -1 });
  const id = await service.start(request);
  await expect.poll(async () => (await service.hits()).get(faultId), { timeout: 120_000 }).toBe(1);
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  service.signal('worker', 'SIGSTOP');
  const other = await startExtraWorker(service, { ...ENV, ECS_IMPORT_CALL_TIMEOUT_MS: '5000' });
  // The frozen worker's open polls swallow tasks, each until its own timeout of the server: minutes at worst.
  await service.until(id, ({ state }) => state === 'cancelled', 300_000);
  await service.endFault(faultId);
  await expect.poll(async () => (await imagesOf(id)).length, { timeout: 120_000 }).toBe(1);
  const [late] = await imagesOf(id);

  const { body } = await service.request('POST', '/v1/orphans', {});
  expect(body.orphans).toContainEqual(
    expect.objectContaining({ key: late?.imageId, why: expect.stringContaining('late check') }),
  );
  service.kill('api');
  await checkSoon(id);
  await expect.poll(async () => (await imagesOf(id)).length, { timeout: 300_000 }).toBe(0);
  const view = await service.until(
    id,
    ({ ledger }) =>
      ledger.some(({ key }) => key.includes('late')) &&
      ledger.every(({ status }) => status === 'removed' || status === 'kept'),
  );
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
  const report = await service.request('GET', `/v1/imports/${id}/report`, undefined, { accept: 'application/json' });
  expect(JSON.stringify(report.body.events)).toContain(`late: ${late?.imageId}`);
  service.signal('worker', 'SIGCONT');
  await other.end();
}, 700_000);
