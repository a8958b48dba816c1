/** Many cancels of one import, many listeners of its events, and outages of Temporal: one fact, one answer. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { violations } from '../faults/judge.js';
import { type Service, startService } from '../support/e2e/service.js';

let service: Service;

beforeAll(async () => {
  service = await startService();
  await service.learnNoLimits();
});
afterAll(() => service?.stop());
beforeEach(() => service.resetCloud());

const cancel = (id: string) => service.request('POST', `/v1/imports/${id}/cancel`, {});
/** Longer than the worker's calls take without an outage. */
const OUTAGE_MS = 3_000;
/** A cancel may come while a server is not back yet. */
async function cancelled(id: string) {
  await expect.poll(async () => (await cancel(id).catch(() => null))?.status).toBe(202);
  return await ended(id);
}
const ended = (id: string) => service.untilState(id, 'succeeded', 'failed', 'cancelled', 'attention');

async function expectNothingLeft(id: string): Promise<void> {
  const view = await service.get(id);
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
}

test('20 cancels at the moment of the end → only 202 and 409, and all of them agree with the end', async () => {
  for (let round = 0; round < 4; round++) {
    const id = await service.start();
    await service.until(id, ({ phase }) => phase === 'cleanup' || phase === 'done');
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(id)));
    const { state } = await ended(id);
    // One that arrives after the end is rejected with the end that the others made.
    const disagreeing = answers.filter(
      ({ status, body }) => !(status === 202 && state === 'cancelled') && !(status === 409 && body.state === state),
    );
    expect(disagreeing.map(({ status, body }) => [status, body.detail])).toEqual([]);
    expect(answers.some(({ status }) => status === 202)).toBe(state === 'cancelled');
    await expectNothingLeft(id);
  }
});

test('20 cancels of a running import → all of them are accepted', async () => {
  await service.settings({ importSeconds: 600 });
  for (let round = 0; round < 4; round++) {
    const id = await service.start();
    await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
    // Otherwise the import could end before the last of them arrives.
    const faultId = await service.fault({ service: 'ecs', action: 'CancelTask', after: 0, kind: 'hold' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => cancel(id)));
    await service.endFault(faultId);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 202));
    expect((await ended(id)).state).toBe('cancelled');
  }
});

test('a cancel of an import with 500 listeners → 202, and every listener sees the end', async () => {
  await service.settings({ importSeconds: 600 });
  const id = await service.start();
  await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
  const listeners = Array.from({ length: 500 }, async () => {
    const response = await service.send(`/v1/imports/${id}/events`);
    return (await response.text()).includes('"cancelled"');
  });
  const answers = await Promise.all(Array.from({ length: 5 }, () => cancel(id)));
  expect(answers.map(({ status, body }) => [status, body.state ?? body.detail])).toEqual(
    answers.map(() => [202, expect.stringMatching(/cancelling|cancelled/)]),
  );
  expect((await ended(id)).state).toBe('cancelled');
  expect((await Promise.all(listeners)).filter((seen) => !seen)).toEqual([]);
});

describe('a cancel during an outage of Temporal', () => {
  test.each(['SIGSTOP', 'SIGKILL'] as const)(
    '(%s) → 202, shown immediately, and delivered after the outage',
    async (how) => {
      await service.settings({ importSeconds: 600 });
      const id = await service.start();
      await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
      service.signal('temporal', how);
      try {
        expect(await cancel(id)).toMatchObject({ status: 202, body: { state: 'cancelling' } });
        expect((await service.get(id)).state).toBe('cancelling');
      } finally {
        if (how === 'SIGSTOP') service.signal('temporal', 'SIGCONT');
      }
      expect((await ended(id)).state).toBe('cancelled');
      await expectNothingLeft(id);
    },
  );
});

test('Temporal and PostgreSQL are frozen and killed → every line of worker and API is a JSON object', async () => {
  await service.settings({ importSeconds: 600 });
  const id = await service.start();
  await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
  for (const server of ['temporal', 'postgres'] as const) {
    service.signal(server, 'SIGSTOP');
    await sleep(OUTAGE_MS);
    service.signal(server, 'SIGKILL');
    await service.until(id, ({ state }) => state === 'running');
  }
  expect((await cancelled(id)).state).toBe('cancelled');
  for (const part of ['worker', 'api'] as const) {
    const lines = service.logOf(part);
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines)
      expect(JSON.parse(line), line).toMatchObject({
        level: expect.stringMatching(/^(debug|info|warn|error|fatal)$/),
        msg: expect.any(String),
      });
  }
});
