/** Operators terminate, cancel and reset workflows with Temporal's own interface, in every state of imports and batches. */
import { randomUUID } from 'node:crypto';
import { Client, Connection } from '@temporalio/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BatchState, BatchView } from '../../domain/batch/batch.js';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';
import { isFinal, type State } from '../../domain/import.js';
import { violations } from '../faults/judge.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';
import { shareOfCases } from '../support/share-of-cases.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';

/** EVENT_TYPE_WORKFLOW_TASK_COMPLETED */
const TASK_COMPLETED = 7;

let service: Service;
let connection: Connection;
let client: Client;

beforeAll(async () => {
  service = await startService({
    env: {
      ECS_IMPORT_BATCH_LOOK_MS: '100',
      ECS_IMPORT_BATCH_GATHER_MS: '200',
      ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '1500',
    },
  });
  await service.learnNoLimits();
  connection = await Connection.connect(service.temporalConnection());
  client = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) });
});
afterAll(async () => {
  await connection?.close();
  await service?.stop();
});
beforeEach(() => service.resetCloud());

const resume = (id: string) => service.request('POST', `/v1/imports/${id}/resume`, { set: { role: 'ensure' } });
const handleOf = (id: string) => client.workflow.getHandle(importWorkflowId(id));
const ended = (id: string) => service.untilState(id, 'succeeded', 'failed', 'cancelled');

async function expectNothingLeft(id: string): Promise<void> {
  const view = await service.get(id);
  expect(violations({ view, cloud: await service.state(), events: [], stops: 0 })).toEqual([]);
}

/** Resets a workflow to its first or last completed task, as `temporal workflow reset` does. */
async function reset(workflowId: string, to: 'first' | 'last'): Promise<void> {
  const { runId } = await client.workflow.getHandle(workflowId).describe();
  const tasks = async () => {
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    return (events ?? []).filter(({ eventType }) => Number(eventType) === TASK_COMPLETED);
  };
  await expect.poll(async () => (await tasks()).length, { timeout: 120_000 }).toBeGreaterThan(0);
  const task = (await tasks()).at(to === 'first' ? 0 : -1);
  await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId, runId },
    reason: 'by an operator',
    requestId: randomUUID(),
    workflowTaskFinishEventId: task?.eventId ?? null,
  });
}

const refused = (service_: string, action: string) =>
  service.fault({ service: service_, action, kind: 'http', status: 503, code: 'ServiceUnavailable', times: -1 });

interface Standing {
  readonly id: string;
  /** Lets the import continue where it would otherwise stay. */
  readonly release: () => Promise<unknown>;
}

/** The states of an import that has not ended. */
const STATES = {
  async attention(): Promise<Standing> {
    const id = await service.start({ role: 'verify' });
    await service.untilState(id, 'attention');
    // The stop of a reset workflow is another one: it is resumed again.
    const release = async () => {
      for (let state: State = 'attention'; !isFinal(state); ) {
        const view = await service.until(id, (now) => now.state === 'attention' || isFinal(now.state));
        ({ state } = view);
        if (state === 'attention') await resume(id);
      }
    };
    return { id, release };
  },
  async uploading(): Promise<Standing> {
    const fault = await refused('oss', 'UploadPart');
    const id = await service.start();
    await service.until(id, ({ phase }) => phase === 'upload');
    return { id, release: () => service.endFault(fault) };
  },
  async importing(): Promise<Standing> {
    await service.settings({ importSeconds: 5 });
    const id = await service.start();
    await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
    return { id, release: async () => undefined };
  },
  async cancelling(): Promise<Standing> {
    const fault = await refused('oss', 'DeleteObject');
    await service.settings({ importSeconds: 600 });
    const id = await service.start();
    await service.until(id, ({ phase, image }) => phase === 'import' && image !== null);
    await service.request('POST', `/v1/imports/${id}/cancel`, {});
    await service.until(id, ({ phase }) => phase === 'cleanup');
    return { id, release: () => service.endFault(fault) };
  },
} as const;
const names = Object.keys(STATES) as (keyof typeof STATES)[];

describe('an import', () => {
  test.each(shareOfCases(names, 3))(
    '%s and terminated → is cleaned up without a command, and ends cancelled',
    async (name) => {
      const { id, release } = await STATES[name]();
      await handleOf(id).terminate('by an operator');
      if (name !== 'attention') await release();
      expect((await ended(id)).state).toBe('cancelled');
      await expectNothingLeft(id);
    },
  );

  test.each(shareOfCases(names, 3))('%s and cancelled in Temporal → ends cancelled', async (name) => {
    const { id, release } = await STATES[name]();
    await handleOf(id).cancel();
    if (name !== 'attention') await release();
    expect((await ended(id)).state).toBe('cancelled');
    await expectNothingLeft(id);
  });

  test('cancelled in Temporal during its last deletion → is recorded as a cancel request, and ends cancelled', async () => {
    const fault = await service.fault({ service: 'oss', action: 'DeleteObject', kind: 'hold', times: -1 });
    const id = await service.start();
    await service.until(id, ({ phase }) => phase === 'cleanup');
    await expect.poll(async () => (await service.hits()).get(fault), { timeout: 120_000 }).toBe(1);
    await handleOf(id).cancel();
    await service.untilState(id, 'cancelling');
    await service.endFault(fault);
    expect((await ended(id)).state).toBe('cancelled');
    const { body } = await service.request('GET', `/v1/imports/${id}/report`, undefined, {
      accept: 'application/json',
    });
    expect(body.actions).toContainEqual(
      expect.objectContaining({ what: 'cancel requested', by: expect.objectContaining({ client: 'Temporal' }) }),
    );
    await expectNothingLeft(id);
  });

  test.each(
    shareOfCases(
      names.flatMap((name) => (['first', 'last'] as const).map((to) => [name, to] as const)),
      3,
    ),
  )('%s and reset to its %s task → ends as it would have, with at most one image', async (name, to) => {
    const { id, release } = await STATES[name]();
    await reset(importWorkflowId(id), to);
    await release();
    expect((await ended(id)).state).toBe(name === 'cancelling' ? 'cancelled' : 'succeeded');
    await expectNothingLeft(id);
  });

  test.each([
    ['succeeded', {}],
    ['failed', { upload: { bucket: 'no-such-bucket', prefix: '' } }],
    ['cancelled', { role: 'verify' }],
  ] as const)('that has ended as %s and is reset → does nothing, and keeps its end', async (state, changes) => {
    const id = await service.start(changes);
    if (state === 'cancelled') {
      await service.untilState(id, 'attention');
      await service.request('POST', `/v1/imports/${id}/cancel`, {});
    }
    const before = await service.untilState(id, state);
    const cloud = await service.state();
    const calls = (await service.calls('InitiateMultipartUpload')).length;
    for (const to of ['first', 'last'] as const) {
      await reset(importWorkflowId(id), to);
      expect(await handleOf(id).result()).toMatchObject({ state, imageId: before.image?.imageId ?? null });
    }
    expect(await service.get(id)).toEqual(before);
    expect(await service.state()).toEqual(cloud);
    expect((await service.calls('InitiateMultipartUpload')).length).toBe(calls);
  });
});

describe('a batch', () => {
  async function create(count: number, policy: object = {}): Promise<string> {
    const answer = await service.request('POST', '/v1/batches', {
      name: randomUUID(),
      policy: { concurrency: 2, ...policy },
      defaults: {
        region: REGION,
        disks: [{ source: `file://${DEMO_IMAGE}` }],
        upload: { bucket: BUCKET, prefix: 'b/' },
      },
      items: Array.from({ length: count }, (_, index) => ({ imageName: `item-${randomUUID().slice(0, 8)}-${index}` })),
    });
    expect(answer.status).toBe(202);
    return answer.body.id;
  }
  const viewOf = async (id: string): Promise<BatchView> => (await service.request('GET', `/v1/batches/${id}`)).body;
  const untilBatch = (id: string, seen: (view: BatchView) => boolean) =>
    expect.poll(async () => seen(await viewOf(id)), { timeout: 120_000 }).toBe(true);
  const send = (id: string, what: string) => service.request('POST', `/v1/batches/${id}/${what}`, {});
  const finals: readonly BatchState[] = ['succeeded', 'failed', 'cancelled'];
  const untilEnded = (id: string) => untilBatch(id, ({ state }) => finals.includes(state));

  async function importsEnded(id: string): Promise<readonly string[]> {
    const { imports } = (await service.request('GET', `/v1/imports?batch=${id}`)).body;
    return Promise.all(imports.map(async (one: { id: string }) => (await ended(one.id)).state));
  }

  test('running and terminated → no more items start, running imports finish, and it ends cancelled', async () => {
    await service.settings({ importSeconds: 3 });
    const id = await create(6);
    await untilBatch(id, ({ counts }) => counts.running > 0);
    await client.workflow.getHandle(batchWorkflowId(id)).terminate('by an operator');
    await untilEnded(id);
    const { state, counts } = await viewOf(id);
    expect({ state, waiting: counts.waiting }).toEqual({ state: 'cancelled', waiting: 0 });
    expect(counts.cancelled).toBeGreaterThan(0);
    expect(new Set(await importsEnded(id))).toEqual(new Set(['succeeded']));
  });

  test.each(['terminate', 'cancel'] as const)('paused and ended by %s → ends cancelled', async (how) => {
    const id = await create(4);
    await send(id, 'pause');
    await untilBatch(id, ({ state }) => state === 'paused');
    const handle = client.workflow.getHandle(batchWorkflowId(id));
    await (how === 'cancel' ? handle.cancel() : handle.terminate('by an operator'));
    await untilEnded(id);
    expect((await viewOf(id)).state).toBe('cancelled');
    await importsEnded(id);
  });

  test('running and cancelled in Temporal → ends cancelled, and so do its imports', async () => {
    await service.settings({ importSeconds: 600 });
    const id = await create(4);
    await untilBatch(id, ({ counts }) => counts.running > 0);
    await client.workflow.getHandle(batchWorkflowId(id)).cancel();
    await untilEnded(id);
    expect((await viewOf(id)).state).toBe('cancelled');
    expect(new Set(await importsEnded(id))).toEqual(new Set(['cancelled']));
  });

  test.each(['first', 'last'] as const)('running and reset to its %s task → every item ends once', async (to) => {
    const id = await create(5);
    await untilBatch(id, ({ counts }) => counts.running > 0);
    await reset(batchWorkflowId(id), to);
    await untilEnded(id);
    const { state, counts } = await viewOf(id);
    expect({ state, succeeded: counts.succeeded }).toEqual({ state: 'succeeded', succeeded: 5 });
    const { imports } = (await service.request('GET', `/v1/imports?batch=${id}`)).body;
    expect(imports).toHaveLength(5);
    for (const one of imports) await expectNothingLeft(one.id);
  });

  test('paused and reset to its first task → is still paused, and a resume is shown and takes effect', async () => {
    const id = await create(4);
    await send(id, 'pause');
    await untilBatch(id, ({ state }) => state === 'paused');
    await reset(batchWorkflowId(id), 'first');
    await untilBatch(id, ({ state }) => state === 'paused');
    await send(id, 'resume');
    await untilEnded(id);
    expect((await viewOf(id)).state).toBe('succeeded');
  });

  test('that has ended and is reset → keeps its end, and starts nothing', async () => {
    const id = await create(2);
    await untilEnded(id);
    const before = await viewOf(id);
    const calls = (await service.calls('ImportImage')).length;
    await reset(batchWorkflowId(id), 'first');
    expect(await client.workflow.getHandle(batchWorkflowId(id)).result()).toEqual({ state: before.state });
    const { state, counts, endedAt } = await viewOf(id);
    expect({ state, counts, endedAt }).toEqual({ state: before.state, counts: before.counts, endedAt: before.endedAt });
    expect((await service.calls('ImportImage')).length).toBe(calls);
  });
});

describe('a request that waits for a workflow', () => {
  test.each([
    ['inspectImage', () => service.request('POST', '/v1/inspections', { source: DEMO_IMAGE })],
    ['sweepOrphans', () => service.request('POST', '/v1/orphans', {})],
  ] as const)('of type %s that is terminated or cancelled → 503 with what to do', async (type, send) => {
    for (const how of ['terminate', 'cancel'] as const) {
      service.signal('worker', 'SIGSTOP');
      try {
        const answer = send();
        const running = async () => {
          const query = `WorkflowType = '${type}' AND ExecutionStatus = 'Running'`;
          for await (const { workflowId } of client.workflow.list({ query })) return workflowId;
          return null;
        };
        await expect.poll(running, { timeout: 120_000 }).not.toBeNull();
        const handle = client.workflow.getHandle((await running()) ?? '');
        await (how === 'cancel' ? handle.cancel() : handle.terminate('by an operator'));
        service.signal('worker', 'SIGCONT');
        const { status, body } = await answer;
        expect([status, body.remedy]).toEqual([503, expect.stringContaining('again')]);
      } finally {
        service.signal('worker', 'SIGCONT');
      }
    }
  });
});
