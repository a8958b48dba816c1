/** A worker that is frozen or missing: the service shows it within seconds, and an import shows what it waits for. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { DEMO_IMAGE, type Service, startService } from '../support/e2e/service.js';

/** Far below the 75 s after which Temporal no longer lists a frozen worker. */
const SECONDS = { timeout: 60_000 };

let service: Service;

beforeAll(async () => {
  service = await startService({ env: { ECS_IMPORT_WORKER_MISSING_MS: '8000' } });
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

async function readiness(): Promise<{ status: number; worker: { ok: boolean; message: string } }> {
  const { status, body } = await service.request('GET', '/readyz');
  return { status, worker: body.checks.find(({ name }: { name: string }) => name === 'worker') };
}

const HARMLESS = ['debug', 'info'];

test('a running worker → readyz lists its host, and no process has logged a warning', async () => {
  const { status, worker } = await readiness();
  expect(status).toBe(200);
  expect(worker.message).toMatch(/^1 worker: \S+/);
  const lines = [...service.logOf('worker'), ...service.logOf('api')].map((line) => JSON.parse(line));
  expect(lines.filter(({ level }) => !HARMLESS.includes(level))).toEqual([]);
});

test('a frozen worker → readyz, cancel, orphans and a waiting import show it within seconds; all continue when it wakes', async () => {
  const held = await service.fault({ service: 'ecs', action: 'DescribeImages', kind: 'hang' });
  const id = await service.start();
  await service.until(id, (view) => view.phase === 'preflight');
  service.signal('worker', 'SIGSTOP');
  try {
    await expect.poll(async () => (await readiness()).status, SECONDS).toBe(503);
    const { worker } = await readiness();
    expect(worker).toMatchObject({ ok: false });
    expect(worker.message).toMatch(
      /^no worker polls task queue ecs-image-import; the last one, on host \S+, stopped at /,
    );
    await expect.poll(async () => (await service.get(id)).waitingFor?.host, SECONDS).toBeNull();

    const cancelled = await service.request('POST', `/v1/imports/${id}/cancel`, {});
    expect(cancelled).toMatchObject({ status: 202, body: { state: 'cancelling' } });
    expect(cancelled.body.waitingFor.message).toContain('waiting for a worker since');

    const orphans = await service.request('POST', '/v1/orphans', {});
    expect(orphans).toMatchObject({ status: 503, body: { code: 'Worker.Missing' } });

    const stopped = await service.start();
    expect(await service.untilState(stopped, 'attention')).toMatchObject({ attention: { code: 'Worker.Missing' } });
    await service.endFault(held);
    service.signal('worker', 'SIGCONT');
    expect((await service.untilState(stopped, 'succeeded', 'failed')).state).toBe('succeeded');
    expect((await service.untilState(id, 'cancelled', 'failed', 'succeeded')).state).toBe('cancelled');
    expect((await readiness()).status).toBe(200);
  } finally {
    service.signal('worker', 'SIGCONT');
  }
});

test('an import of a host without a worker → shows that it waits for this host', async () => {
  const id = await service.start({ disks: [{ source: `file://rack-7${DEMO_IMAGE}` }] });
  const { waitingFor, phase } = await service.until(id, (view) => view.waitingFor !== null);
  expect(phase).toBe('accepted');
  expect(waitingFor).toMatchObject({ host: 'rack-7' });
  await service.untilState(id, 'attention');
  await service.request('POST', `/v1/imports/${id}/cancel`, {});
  await service.untilState(id, 'cancelled');
});
