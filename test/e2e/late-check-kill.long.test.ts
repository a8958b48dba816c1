/** The worker of a late check is killed while the check calls the cloud. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import { openPool } from '../../store/database.js';
import { prepare, requestOf } from '../faults/run-case.js';
import { freezeEnv } from '../faults/run-freezes.js';
import { setCloud } from '../faults/run-matrix.js';
import { SANDBOX_BUCKETS, sandboxAt } from '../faults/sandboxes.js';
import { startExtraWorker } from '../support/e2e/extra-worker.js';
import { type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';

const ENV = freezeEnv('in time', 1_200_000);
/** A bound on a hanging test; a check that is not repeated soon is one after ten minutes. */
const SOON_MS = 240_000;
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-late-kill-'));
let service: Service;
let source: string;
let pool: pg.Pool;

beforeAll(async () => {
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  source = `file://${file}`;
  service = await startService({ withoutWorker: true, env: ENV, buckets: SANDBOX_BUCKETS });
  pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
});
afterAll(async () => {
  await pool?.end();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const imagesOf = async (id: string) => (await service.state()).images.filter(({ tags }) => tags[IMPORT_TAG_KEY] === id);
const claimsOf = async (id: string) => {
  const { rows } = await pool.query<{ version: number; next: Date }>(
    'select late_version::int as version, check_after as next from ecs_image_import.imports where id = $1',
    [id],
  );
  return rows[0] ?? { version: 0, next: new Date(0) };
};

test('kill -9 during a late check → another worker repeats it soon; while its worker lives, no other one does', async () => {
  await setCloud(service, { importSeconds: 0.3, copySeconds: 0.3 });
  const first = await startExtraWorker(service, ENV);
  const sandbox = sandboxAt(0);
  const request = requestOf('object', sandbox, source);
  await prepare(service, 'object', sandbox, request);
  const id = await service.start(request);
  await service.untilState(id, 'succeeded');
  const { version: before } = await claimsOf(id);
  const held = { service: 'ecs', action: 'DescribeImages', kind: 'hold', match: { RegionId: sandbox.region } } as const;
  const faultId = await service.fault({ ...held, times: -1 });
  await pool.query('update ecs_image_import.imports set check_after = now() where id = $1', [id]);
  await expect.poll(async () => (await service.hits()).get(faultId), { timeout: SOON_MS }).toBeGreaterThan(0);
  // The claim is renewed.
  const { version, next } = await claimsOf(id);
  expect(version).toBe(before + 1);
  await expect.poll(async () => (await claimsOf(id)).next > next, { timeout: SOON_MS }).toBe(true);
  expect((await claimsOf(id)).version).toBe(version);
  await first.end();
  await service.endFault(faultId);
  const killedMs = Date.now();
  const other = await startExtraWorker(service, ENV);
  await expect.poll(async () => (await claimsOf(id)).version, { timeout: SOON_MS }).toBeGreaterThan(version);
  console.log(`the late check was repeated ${((Date.now() - killedMs) / 1000).toFixed(0)} s after the kill`);
  expect(await imagesOf(id)).toHaveLength(1);
  await other.end();
}, 700_000);
