/** Several workers: files are read where they are, everything else is done by whoever is free. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withEmulatorKeys } from '../../cli/emulated-account.js';
import type { BatchItemView, BatchView } from '../../domain/batch.js';
import { BUCKET, REGION, type Service, startService } from './service.js';

const IMAGE = path.resolve(import.meta.dirname, '../images/fixtures/ext4.qcow2');
const MAIN = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const PACE = { ECS_IMPORT_BATCH_LOOK_MS: '100', ECS_IMPORT_BATCH_GATHER_MS: '200' };

let service: Service;
let second: ChildProcess | null = null;

beforeAll(async () => {
  service = await startService({ env: { ...PACE, ECS_IMPORT_WORKER_HOST: 'host-a' } });
  await service.resetCloud();
});
afterAll(async () => {
  second?.kill('SIGKILL');
  await service?.stop();
});

/** A worker on another host, as far as it knows. */
async function startSecondWorker(): Promise<ChildProcess> {
  const address = (name: string) => service.stack.parts().find((part) => part.name === name)?.address ?? '';
  const password = (await readFile(path.join(service.dataDir, 'postgres.password'), 'utf8')).trim();
  const cloud = service.stack.emulatorUrl ?? '';
  const child = spawn(process.execPath, [MAIN, 'worker'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      ...withEmulatorKeys(process.env),
      ...PACE,
      TEMPORAL_ADDRESS: address('temporal'),
      DATABASE_URL: `postgres://ecs_image_import:${password}@${address('postgres')}/ecs_image_import`,
      ...{ ECS_ENDPOINT: cloud, RAM_ENDPOINT: cloud, STS_ENDPOINT: cloud, OSS_ENDPOINT: cloud },
      ECS_IMPORT_WORKER_HOST: 'host-b',
      ECS_IMPORT_POLL_FIRST_MS: '100',
      ECS_IMPORT_POLL_MAX_MS: '500',
    },
  });
  await once(createInterface({ input: child.stdout }), 'line');
  return child;
}

async function until(id: string, seen: (view: BatchView) => boolean): Promise<BatchView> {
  for (let looks = 0; ; looks++) {
    const view: BatchView = (await service.request('GET', `/v1/batches/${id}`)).body;
    if (seen(view)) return view;
    if (looks > 800) throw new Error(`batch ${id} did not get there: ${JSON.stringify(view)}`);
    await sleep(100);
  }
}

async function statesOf(id: string, host: string): Promise<readonly string[]> {
  const { body } = await service.request('GET', `/v1/batches/${id}/items?limit=100`);
  const items: readonly BatchItemView[] = body.items;
  return items.filter((item) => item.imageName.startsWith(host)).map((item) => item.state);
}

test('losing a worker delays only the imports whose files it has, and they go on when it is back', async () => {
  second = await startSecondWorker();
  const items = ['host-a', 'host-b'].flatMap((host) =>
    Array.from({ length: 10 }, (_, index) => ({
      imageName: `${host}-${index + 1}`,
      disks: [{ source: `file://${host}${IMAGE}` }],
    })),
  );
  second.kill('SIGKILL');
  await once(second, 'exit');
  const { body } = await service.request('POST', '/v1/batches', {
    name: randomUUID(),
    defaults: { region: REGION, upload: { bucket: BUCKET, prefix: 'imports/' }, detection: { failOn: 'never' } },
    items,
  });
  const waiting = await until(body.id, (view) => view.counts.succeeded === 10 && view.phases.accepted === 10);
  expect(waiting).toMatchObject({ state: 'running', counts: { running: 10, failed: 0 } });
  expect(new Set(await statesOf(body.id, 'host-a'))).toEqual(new Set(['succeeded']));
  expect(new Set(await statesOf(body.id, 'host-b'))).toEqual(new Set(['started']));

  second = await startSecondWorker();
  const ended = await until(body.id, (view) => view.state !== 'running');
  expect(ended).toMatchObject({ state: 'succeeded', counts: { succeeded: 20 } });
  expect((await service.state()).images).toHaveLength(20);
  expect(await service.state()).toMatchObject({ objects: [], uploads: [] });
});
