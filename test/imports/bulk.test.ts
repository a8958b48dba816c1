/** Changes of many imports at once. */
import { expect, test } from 'vitest';
import { ANONYMOUS } from '../../domain/access/identity.js';
import { validateRequest } from '../../domain/request/schema.js';
import { type BulkOrder, bulkChange } from '../../imports/bulk.js';

const checked = validateRequest({
  ...{ region: 'cn-hangzhou', imageName: 'web-01', upload: { bucket: 'images' } },
  disks: [{ source: 'https://images.example.com/web-01.qcow2?sealed=1' }],
});
if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
const { request } = checked;

const STATES = { 'imp-a': 'attention', 'imp-f': 'failed', 'imp-r': 'running', 'imp-s': 'succeeded' } as const;

function setUp() {
  const calls: string[] = [];
  const started = new Map<string, string>();
  const get = async (id: string) => {
    const state = STATES[id as keyof typeof STATES];
    if (state === undefined) return null;
    const attention = state === 'attention' ? { code: 'QuotaExceed.Image' } : null;
    const progress = { bytesDone: 700 };
    const phase = 'upload';
    return { id, state, phase, request, progress, attention, attentionVersion: 7, error: null, image: null };
  };
  const store = {
    get,
    standing: async (id: string) => ({ id, state: 'running', workflowStarted: true, attentionVersion: null }),
    note: async (id: string, what: string) => void calls.push(`${what} ${id}`),
    recordCancel: async () => true,
    claimResume: async () => true,
    settleResume: async () => undefined,
    insert: async ({ id, idempotencyKey, request: stored }: Record<string, never>) => {
      const known = started.get(idempotencyKey ?? '');
      if (known !== undefined) return { kind: 'same', importId: known };
      calls.push(`insert ${JSON.stringify(stored)}`);
      started.set(idempotencyKey ?? '', id ?? '');
      return { kind: 'created', importId: id };
    },
    markStarted: async () => undefined,
  };
  const delivered = async (id: string) => {
    calls.push(`signal ${id}`);
    return { kind: 'delivered' };
  };
  const workflows = {
    ...{ cancel: delivered, resume: delivered, start: async () => ({ kind: 'delivered' }) },
    server: { lately: async () => null },
  };
  const deps = {
    ...{ store, workflows, clock: { now: () => 1_000 }, workerHost: 'host-1' },
    sealSource: (source: string) => `${source}&sealed=twice`,
    list: async () => ({ imports: Object.keys(STATES).map((id) => JSON.stringify({ id })), nextCursor: null }),
  } as unknown as Parameters<typeof bulkChange>[0];
  const change = (order: Partial<BulkOrder>) =>
    bulkChange(deps, {
      ...{ action: 'resume', filter: {}, set: {}, keepImage: false, apply: false, limits: undefined },
      ...{ keyOf: (stated) => stated, isVisible: async () => true, outsideScope: () => [] },
      by: { client: null, user: null, identity: ANONYMOUS.id },
      ...order,
    });
  return { change, calls };
}

test.each([
  ['resume', ['imp-a'], 0],
  ['cancel', ['imp-a', 'imp-r'], 1_400],
  ['retry', ['imp-f'], 0],
] as const)(
  '%s without apply → lists the imports to which it applies, and changes nothing',
  async (action, ids, discardedBytes) => {
    const { change, calls } = setUp();
    const summary = await change({ action });
    expect(summary).toMatchObject({ applied: false, selected: 4, discardedBytes });
    expect(summary.acts.map(({ id }) => id)).toEqual(ids);
    expect(summary.skipped.every(({ reason }) => reason !== '')).toBe(true);
    expect(calls).toEqual([]);
  },
);

test('retry with apply, twice → one new import, with the sealed source of the first one as it is', async () => {
  const { change, calls } = setUp();
  const order = { action: 'retry', ids: ['imp-f', 'imp-f'], set: { imageName: 'web-02' }, apply: true } as const;
  const [first, second] = [await change(order), await change(order)];
  expect(first.acts).toHaveLength(1);
  expect(second.acts).toEqual(first.acts);
  const inserted = calls.filter((call) => call.startsWith('insert'));
  expect(inserted).toEqual([expect.stringContaining('web-01.qcow2?sealed=1"')]);
  expect(inserted[0]).toContain('"imageName":"web-02"');
});

test('an import that the caller may not see → skipped as one that does not exist', async () => {
  const { change, calls } = setUp();
  const summary = await change({
    action: 'cancel',
    ids: ['imp-r', 'imp-x'],
    apply: true,
    isVisible: async () => false,
  });
  expect(summary.acts).toEqual([]);
  expect(summary.skipped.map(({ reason, imageName }) => [reason, imageName])).toEqual([
    ['import imp-r does not exist', null],
    ['import imp-x does not exist', null],
  ]);
  expect(calls).toEqual([]);
});

test('retry with an invalid change → skipped with the message of the field', async () => {
  const { change } = setUp();
  const { skipped } = await change({ action: 'retry', ids: ['imp-f'], set: { region: null } });
  expect(skipped[0]?.reason).toMatch(/region/);
});
