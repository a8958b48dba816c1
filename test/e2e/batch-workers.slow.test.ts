/** Several workers: the worker of the host reads the files, any worker does the rest. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { withEmulatorKeys } from '../../cli/emulated-account.js';
import type { BatchItemView, BatchView } from '../../domain/batch/batch.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';

const IMAGE = path.resolve(import.meta.dirname, '../images/fixtures/ext4.qcow2');
const MAIN = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const PACE = {
  ECS_IMPORT_BATCH_LOOK_MS: '100',
  ECS_IMPORT_BATCH_GATHER_MS: '200',
  // One upload per worker, so that the parts in the cloud show the order and the number of workers.
  ECS_IMPORT_MAX_UPLOADS: '1',
};

let service: Service;
let second: ChildProcess | null = null;
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'ecs-image-import-workers-'));
  service = await startService({ env: { ...PACE, ECS_IMPORT_WORKER_HOST: 'host-a' } });
});
beforeEach(() => service.resetCloud());
afterAll(async () => {
  await endSecondWorker();
  await service?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A worker that is configured as another host. */
async function startSecondWorker(): Promise<ChildProcess> {
  const cloud = service.stack.emulatorUrl ?? '';
  const child = spawn(process.execPath, [MAIN, 'worker'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...withEmulatorKeys(process.env),
      ...PACE,
      ...service.stack.temporalEnv,
      ...service.stack.payloadEnv,
      DATABASE_URL: service.databaseUrl(),
      ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
      ECS_IMPORT_WORKER_HOST: 'host-b',
      ECS_IMPORT_POLL_FIRST_MS: '100',
      ECS_IMPORT_POLL_MAX_MS: '500',
    },
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

async function endSecondWorker(): Promise<void> {
  if (second === null || second.exitCode !== null || second.signalCode !== null) return;
  second.kill('SIGKILL');
  await once(second, 'exit');
}

let made = 0;

/** Items with different images, so that each is uploaded. */
async function itemsOn(host: string, count: number) {
  const image = await readFile(IMAGE);
  return Promise.all(
    Array.from({ length: count }, async () => {
      made += 1;
      const name = `${host}-${made}`;
      const file = path.join(folder, `${name}.qcow2`);
      // After the last cluster, where no reader of the format reads.
      await writeFile(file, Buffer.concat([image, Buffer.from(name.padEnd(512, ' '))]));
      return { imageName: name, disks: [{ source: `file://${host}${file}` }] };
    }),
  );
}

async function create(items: readonly unknown[], policy: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { status, body } = await service.request('POST', '/v1/batches', {
    name: randomUUID(),
    policy,
    defaults: { region: REGION, upload: { bucket: BUCKET, prefix: 'imports/' }, detection: { failOn: 'never' } },
    items,
  });
  if (status !== 202) throw new Error(`POST /v1/batches: ${status} ${JSON.stringify(body)}`);
  return body.id;
}

async function until(id: string, seen: (view: BatchView) => boolean): Promise<BatchView> {
  for (let polls = 0; ; polls++) {
    const view: BatchView = (await service.request('GET', `/v1/batches/${id}`)).body;
    if (seen(view)) return view;
    if (polls > 800) throw new Error(`batch ${id} did not reach the expected state: ${JSON.stringify(view)}`);
    await sleep(100);
  }
}

async function statesOf(id: string, host: string): Promise<readonly string[]> {
  const { body } = await service.request('GET', `/v1/batches/${id}/items?limit=100`);
  const items: readonly BatchItemView[] = body.items;
  return items.filter((item) => item.imageName.startsWith(host)).map((item) => item.state);
}

test('a worker stops → only the imports of its files are delayed, and they continue when it is back', async () => {
  second = await startSecondWorker();
  const items = ['host-a', 'host-b'].flatMap((host) =>
    Array.from({ length: 10 }, (_, index) => ({
      imageName: `${host}-${index + 1}`,
      disks: [{ source: `file://${host}${IMAGE}` }],
    })),
  );
  await endSecondWorker();
  const id = await create(items);
  const waiting = await until(id, (view) => view.counts.succeeded === 10 && view.phases.accepted === 10);
  expect(waiting).toMatchObject({ state: 'running', counts: { running: 10, failed: 0 } });
  expect(new Set(await statesOf(id, 'host-a'))).toEqual(new Set(['succeeded']));
  expect(new Set(await statesOf(id, 'host-b'))).toEqual(new Set(['started']));

  second = await startSecondWorker();
  const ended = await until(id, (view) => view.state !== 'running');
  expect(ended).toMatchObject({ state: 'succeeded', counts: { succeeded: 20 } });
  expect((await service.state()).images).toHaveLength(20);
  expect(await service.state()).toMatchObject({ objects: [], uploads: [] });
});

test('a second worker → twice as many concurrent uploads', async () => {
  const delayMs = 1_000;
  await service.fault({ service: 'oss', action: 'UploadPart', kind: 'slow', delayMs, times: 100 });
  /** The largest number of concurrent uploads of parts. */
  const sentAtOnce = async () => {
    const times = (await service.calls('UploadPart')).map(({ time }) => Date.parse(time));
    return Math.max(...times.map((at) => times.filter((other) => other >= at && other < at + delayMs).length));
  };

  await endSecondWorker();
  const alone = await create(await itemsOn('host-a', 3));
  await until(alone, (view) => view.state === 'succeeded');
  expect(await sentAtOnce()).toBe(1);

  second = await startSecondWorker();
  const both = await create([...(await itemsOn('host-a', 4)), ...(await itemsOn('host-b', 4))]);
  await until(both, (view) => view.state === 'succeeded');
  expect(await sentAtOnce()).toBe(2);
});

test('two batches → share the workers by weight, independent of their order', async () => {
  await endSecondWorker();
  await service.fault({ service: 'oss', action: 'UploadPart', kind: 'slow', delayMs: 150, times: 1_000 });
  const [first, heavy] = [await itemsOn('host-a', 24), await itemsOn('host-a', 24)];
  const lightId = await create(first, { weight: 1 });
  const heavyId = await create(heavy, { weight: 5 });
  await until(heavyId, (view) => view.counts.succeeded >= 12);
  const { body: light } = await service.request('GET', `/v1/batches/${lightId}`);
  // A sixth by weight, in addition to the items before the other batch started.
  expect(light.counts.succeeded).toBeLessThan(9);
  expect(light.state).toBe('running');
  for (const id of [lightId, heavyId]) await service.request('POST', `/v1/batches/${id}/cancel`, {});
  for (const id of [lightId, heavyId]) await until(id, (view) => view.state === 'cancelled');
  expect(await service.state()).toMatchObject({ objects: [], uploads: [] });
});
