/** An activity that blocks the event loop of its worker: which one is recorded, what is counted, and how it ends. */
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type pg from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openPool } from '../../store/database.js';
import { DEMO_IMAGE, type Service, startService } from '../support/e2e/service.js';

const LIMIT_MS = 4_000;
const MINUTES = 5 * 60_000;

/** The service reads no image in its own data folder. */
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-watchdog-'));
let service: Service;
let pool: pg.Pool;

beforeAll(async () => {
  const preload = pathToFileURL(path.resolve(import.meta.dirname, '../support/workers/block-on-poison.mjs')).href;
  service = await startService({
    env: { NODE_OPTIONS: `--import ${preload}`, ECS_IMPORT_BLOCKED_LIMIT_MS: String(LIMIT_MS) },
  });
  pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
});
afterAll(async () => {
  await pool?.end();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});
beforeEach(() => service.resetCloud());

async function blocked(): Promise<readonly { activity: string; subject: string; stack: string }[]> {
  const { rows } = await pool.query(
    'select activity, subject, stack from ecs_image_import.blocked_attempts order by blocked_at',
  );
  return rows;
}

const worker = () => partNamed('worker');

function partNamed(wanted: 'worker' | 'api') {
  const part = service.stack.parts().find(({ name }) => name === wanted);
  if (part === undefined) throw new Error(`there is no ${wanted}`);
  return part;
}

async function restarted(before: number | null): Promise<void> {
  await expect.poll(() => worker().state === 'ready' && worker().pid !== before, { timeout: 120_000 }).toBe(true);
}

test(
  'a worker frozen for longer than the limit, and workers killed in an upload → no activity is blamed',
  async () => {
    const { pid } = worker();
    service.signal('worker', 'SIGSTOP');
    await new Promise((resolve) => setTimeout(resolve, 2 * LIMIT_MS));
    service.signal('worker', 'SIGCONT');
    await service.fault({ service: 'oss', action: 'UploadPart', kind: 'slow', delayMs: 12_000, times: 3 });
    const id = await service.start();
    for (let deploys = 0; deploys < 3; deploys++) {
      await service.until(id, (view) => view.phase === 'upload');
      const before = worker().pid;
      if (deploys === 0) expect(before).toBe(pid);
      service.kill('worker');
      await restarted(before);
    }
    expect((await service.untilState(id, 'succeeded', 'failed', 'attention')).state).toBe('succeeded');
    expect(await blocked()).toEqual([]);
  },
  MINUTES,
);

test(
  'an activity that always blocks → three attributed deaths, then it fails alone as a defect, and other imports succeed',
  async () => {
    const image = path.join(folder, 'poison.qcow2');
    copyFileSync(DEMO_IMAGE, image);
    await service.settings({ importSeconds: 20 });
    const innocent = await Promise.all([service.start(), service.start({ upload: { bucket: 'test-bucket' } })]);
    const poisoned = await service.start({ disks: [{ source: `file://${image}` }] });

    const ended = await service.until(poisoned, ({ state }) => state === 'failed' || state === 'attention', MINUTES);
    expect(ended).toMatchObject({ state: 'failed', error: { code: 'Worker.ActivityBlocked', phase: 'preflight' } });
    const deaths = await blocked();
    expect(deaths.map(({ activity, subject }) => ({ activity, subject }))).toEqual(
      [1, 2, 3].map(() => ({ activity: 'preflight', subject: `import/${poisoned}` })),
    );
    expect(deaths[0]?.stack).toContain('block-on-poison');

    for (const id of innocent)
      expect((await service.untilState(id, 'succeeded', 'failed', 'attention')).state).toBe('succeeded');
    const log = readFileSync(path.join(service.dataDir, 'logs', 'worker.log'), 'utf8');
    const line = log.split('\n').find((text) => text.includes('the event loop did not run')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ level: 'fatal', activity: 'preflight', subject: `import/${poisoned}` });
    const pids = worker().pid;
    expect((await service.untilState(await service.start(), 'succeeded', 'failed')).state).toBe('succeeded');
    expect(worker().pid).toBe(pids);
  },
  2 * MINUTES,
);

test('a request that blocks the API → the API ends with the place in its log, and serves again', async () => {
  const { pid } = partNamed('api');
  await service.send('/v1/imports/poison').catch(() => undefined);
  await expect.poll(() => partNamed('api').state === 'ready' && partNamed('api').pid !== pid).toBe(true);
  const line = service.logOf('api').find((text) => text.includes('the event loop did not run')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({
    level: 'fatal',
    name: 'api',
    stack: expect.stringContaining('block-on-poison'),
  });
  expect((await service.request('GET', '/readyz')).status).toBe(200);
});
