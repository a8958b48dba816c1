/** The overview of an identity with a scope: it contains nothing of other imports. */
import { expect, test } from 'vitest';
import { limitsOf } from '../../domain/access/may.js';
import { validateRequest } from '../../domain/request/schema.js';
import { overviewReading } from '../../imports/overview.js';
import type { EndedImport, OpenImport } from '../../store/overview.js';

const NOW = Date.parse('2026-11-29T20:30:00.000Z');
const HOUR = '2026-11-29T20:00:00.000Z';

function requestIn(region: string) {
  const checked = validateRequest({
    ...{ region, imageName: 'web-01', upload: { bucket: 'images' } },
    disks: [{ source: 'https://images.example.com/web-01.qcow2' }],
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.request;
}

const [hangzhou, beijing] = [requestIn('cn-hangzhou'), requestIn('cn-beijing')];
const progress = {
  phase: 'upload',
  percent: 1,
  bytesDone: 1,
  bytesTotal: 2,
  bytesPerSecond: 100,
  etaSeconds: 1,
} as const;
const open = (request: OpenImport['request'], more: Partial<OpenImport> = {}): OpenImport => ({
  ...{ id: 'imp-1', state: 'running', phase: 'upload', request, progress, queue: null },
  ...{ isWaiting: false, isStalled: false, ...more },
});
const ended = (request: OpenImport['request'], state: EndedImport['state']): EndedImport => ({
  ...{ state, hour: HOUR, request, bytes: 7 },
});

const overview = {
  openSummary: async () => ({ states: { running: 9 }, phases: [], waiting: {} }),
  async *openImports() {
    yield open(hangzhou);
    yield open(hangzhou, { isWaiting: true, queue: 'files@a' });
    yield open(hangzhou, { isStalled: true, phase: 'import' });
    yield open(beijing, { queue: 'files@b' });
  },
  hourTotals: async () => [{ hour: HOUR, succeeded: 9, failed: 0, cancelled: 0, bytes: 9 }],
  endedImports: async () => ({
    found: [ended(hangzhou, 'succeeded'), ended(hangzhou, 'failed'), ended(beijing, 'succeeded')],
    isComplete: true,
  }),
  sumHours: async () => undefined,
  queues: async () => [{ queue: 'files@b', host: 'b', workers: 1, seenAt: HOUR }],
  budgets: async () => [
    {
      ...{ accountId: '1', service: 'ecs', region: 'cn-beijing', action: 'ImportImage' },
      perMinute: 6,
      blockedUntil: null,
    },
  ],
};
const reading = overviewReading({
  ...{ overview, namespace: 'default', clock: { now: () => NOW } },
  waitingCauses: async () => [],
});
const scope = { regions: ['cn-hangzhou'], buckets: [], tags: [], sourceRoots: [] };
const limits = limitsOf({ role: 'viewer', scope }) ?? undefined;

test('with a scope → only the imports in it are counted, and no call budget is shown', async () => {
  const shown = await reading.read(3, limits);
  expect(shown.states).toEqual({ running: 3 });
  expect(shown.running).toMatchObject({ imports: 3, waiting: 1, stalled: 1, bytesPerSecond: 300 });
  expect(shown.hours.map(({ succeeded, failed, bytes }) => [succeeded, failed, bytes])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [1, 1, 14],
  ]);
  expect(shown.queues).toEqual([
    { queue: 'files@b', host: 'b', workers: 1, seenAt: HOUR, waiting: 0 },
    { queue: 'files@a', host: 'a', workers: 0, seenAt: null, waiting: 1 },
  ]);
  expect(shown.budgets).toEqual([]);
});

test('without a scope → the sums of the whole service, of every hour up to the current one', async () => {
  const shown = await reading.read(2);
  expect(shown.states).toEqual({ running: 9 });
  expect(shown.hours.map(({ hour, succeeded }) => [hour, succeeded])).toEqual([
    ['2026-11-29T19:00:00.000Z', 0],
    [HOUR, 9],
  ]);
  expect(shown.budgets).toHaveLength(1);
});
