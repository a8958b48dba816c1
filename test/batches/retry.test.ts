/** A retry of chosen items of a batch, with changed requests: all of them or none. */
import { expect, test } from 'vitest';
import { type BatchRetryOrder, retryBatch } from '../../batches/retry.js';
import { validateRequest } from '../../domain/request/schema.js';

function setUp(...failed: readonly string[]) {
  const retried: unknown[] = [];
  const items = failed.map((imageName, index) => {
    const checked = validateRequest({
      ...{ region: 'cn-hangzhou', imageName, upload: { bucket: 'images' } },
      disks: [{ source: 'https://images.example.com/web.qcow2?sealed=1' }],
    });
    if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
    return { number: index + 1, imageName, request: checked.request };
  });
  const view = { id: 'bat-1', state: 'succeeded', counts: { waiting: 0 } };
  const deps = {
    batches: {
      forStart: async () => ({ id: 'bat-1', state: 'failed', server: null }),
      retry: async (...args: readonly unknown[]) => retried.push(args),
    },
    retries: {
      retriable: async (_id: string, _states: unknown, names: readonly string[] | null) =>
        items.filter(({ imageName }) => names === null || names.includes(imageName)),
      retryItems: async (_id: string, _states: unknown, changed: readonly unknown[]) => {
        retried.push(...changed);
        return changed.length;
      },
    },
    views: { get: async () => view },
    workflows: { send: async () => ({ kind: 'delivered' }) },
    workerHost: 'host-1',
    sealSource: (source: string) => `${source}&sealed=twice`,
  } as unknown as Parameters<typeof retryBatch>[0];
  const retry = (order: Partial<BatchRetryOrder>) => retryBatch(deps, 'bat-1', { cancelled: false, ...order });
  return { retry, retried };
}

test('one item with a change → it alone, with its stored source', async () => {
  const { retry, retried } = setUp('web-01', 'web-02');
  const outcome = await retry({ items: ['web-02'], set: { bootMode: 'UEFI', 'tags.team': 'web' } });
  expect(outcome).toMatchObject({ kind: 'done', retried: 1 });
  expect(retried).toMatchObject([
    {
      ...{ number: 2, fileQueue: 'ecs-image-import' },
      request: {
        ...{ imageName: 'web-02', bootMode: 'UEFI', tags: { team: 'web' } },
        disks: [{ source: 'https://images.example.com/web.qcow2?sealed=1' }],
      },
    },
  ]);
});

test('neither items nor changes → all failed items, as they are', async () => {
  const { retry, retried } = setUp('web-01');
  expect(await retry({ set: {} })).toMatchObject({ kind: 'done' });
  expect(retried).toEqual([['bat-1', ['failed']]]);
});

test.each([
  [{ items: ['web-01', 'web-09'] }, /no item web-09 that failed/],
  [{ items: ['web-09'], cancelled: true }, /no item web-09 that failed or was cancelled/],
  [{ set: { imageName: 'same' } }, /would be the same for 2 items/],
  [{ set: { bootMode: 'EFI' } }, /item web-01: bootMode must be one of/],
  [{ set: { boot: 'UEFI' } }, /item web-01: boot is not a field/],
  [{ set: { account: 'prod' } }, /item web-01: .*prod/],
])('%j → refused with the reason, and nothing is retried', async (order, message) => {
  const { retry, retried } = setUp('web-01', 'web-02');
  const outcome = await retry(order);
  expect(outcome.kind === 'wrongRetry' && outcome.problems[0]?.message).toMatch(message);
  expect(retried).toEqual([]);
});
