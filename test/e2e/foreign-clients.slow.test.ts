/** Clients without the payload keys, which reach the Temporal server: nothing that they send runs, and what they read says nothing. */
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { Client, Connection, WorkflowFailedError, WorkflowUpdateFailedError } from '@temporalio/client';
import type { ApplicationFailure, Payload } from '@temporalio/common';
import { ActivityFailure, defaultPayloadConverter } from '@temporalio/common';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';
import { fileQueue, MAIN_QUEUE } from '../../domain/process-names.js';
import { NOT_STARTED_HERE, seal } from '../../domain/sealed.js';
import { BUCKET, DEMO_IMAGE, REGION, type Service, startService } from '../support/e2e/service.js';
import { reachedByAnotherAccount } from '../support/local/foreign-account.js';
import { listeningPorts } from '../support/local/listening-ports.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';

let service: Service;
let connection: Connection;
/** Has no keys. */
let foreign: Client;
/** Has the keys. */
let own: Client;
/** Sends plain payloads, but can read how the service refuses them. */
let reader: Client;
/** Of every import; no other text contains it. */
const secret = `secret-${randomUUID()}`;

beforeAll(async () => {
  service = await startService({ env: { ECS_IMPORT_SEARCH_ATTRIBUTES: 'off' } });
  connection = await Connection.connect(service.temporalConnection());
  foreign = new Client({ connection });
  const options = await payloadOptionsOf(service.dataDir);
  own = new Client({ connection, ...options });
  const { payloadCodecs = [], ...converter } = options.dataConverter ?? {};
  const plain = payloadCodecs.map((codec) => ({ ...codec, encode: async (payloads: Payload[]) => payloads }));
  reader = new Client({ connection, dataConverter: { ...converter, payloadCodecs: plain } });
});
afterAll(async () => {
  await connection?.close();
  await service?.stop();
});

const pace = { retryFirstMs: 100, retryMaxMs: 100, heartbeatTimeoutMs: 1_000 };
const FORGED = {
  importImage: { importId: 'imp-0', request: null, fileQueue: MAIN_QUEUE, pace },
  runBatch: { batchId: 'bat-0', policy: {}, pace, page: 1, step: 0, paused: false, forgiven: 0, noted: null },
  inspectImage: { path: '/etc/shadow', role: 'system', fileQueue: fileQueue(hostname()) },
  sweepOrphans: { delete: true, foreign: true },
  noSuchWorkflow: {},
};

async function payloadsOf(workflowId: string): Promise<readonly Payload[]> {
  const { events } = await foreign.workflow.getHandle(workflowId).fetchHistory();
  return events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
}

/** Starts a workflow with payloads as they are, as `temporal workflow start` does. */
async function startRaw(workflowId: string, type: string, payloads: readonly Payload[]): Promise<void> {
  await connection.workflowService.startWorkflowExecution({
    ...{ namespace: 'default', workflowId, requestId: randomUUID(), workflowType: { name: type } },
    ...{ taskQueue: { name: MAIN_QUEUE }, input: { payloads: [...payloads] } },
  });
}

/** How the workflow ended: the type of its failure and its message, and the activities that it scheduled. */
async function endOf(workflowId: string) {
  const error = await own.workflow
    .getHandle(workflowId)
    .result()
    .catch((reason: unknown) => reason);
  if (!(error instanceof WorkflowFailedError)) throw new Error(`${workflowId} did not fail`, { cause: error });
  const cause = (error.cause instanceof ActivityFailure ? error.cause.cause : error.cause) as ApplicationFailure;
  const { events } = await foreign.workflow.getHandle(workflowId).fetchHistory();
  const types = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: scheduled }) =>
    scheduled?.activityType?.name ? [scheduled.activityType.name] : [],
  );
  return { type: cause.type, message: cause.message, activities: types };
}

describe('a start', () => {
  test.each(Object.entries(FORGED))(
    'of %s with a plain input → fails with the reason, and runs nothing',
    async (type, input) => {
      const workflowId = type === 'importImage' ? `import/imp-${randomUUID()}` : randomUUID();
      await startRaw(workflowId, type, [defaultPayloadConverter.toPayload(input)]);
      expect(await endOf(workflowId)).toEqual({
        ...{ type: NOT_STARTED_HERE, activities: [] },
        message: expect.stringContaining(`workflow ${type} was not started by ecs-image-import`),
      });
    },
  );

  test('without an input → fails, and runs nothing', async () => {
    for (const type of ['importImage', 'sweepOrphans', 'checkLate', 'noSuchWorkflow']) {
      const workflowId = randomUUID();
      await startRaw(workflowId, type, []);
      const { type: failure } = await endOf(workflowId);
      expect([type, failure]).toEqual([type, NOT_STARTED_HERE]);
    }
    expect(await service.calls('DescribeImages')).toEqual([]);
  });

  test('with the payload of another start, or of this one for another type → fails', async () => {
    const id = await service.start({ imageName: secret });
    await service.untilState(id, 'succeeded');
    const copied = await payloadsOf(importWorkflowId(id));
    const other = `import/imp-${randomUUID()}`;
    await startRaw(other, 'importImage', copied);
    await own.workflow.getHandle(importWorkflowId(id)).result();
    await startRaw(importWorkflowId(id), 'sweepOrphans', copied);
    expect((await endOf(other)).message).toContain(`the payload was written for workflow import/${id}`);
    expect((await endOf(importWorkflowId(id))).message).toContain('the payload was written for start importImage');
    expect((await service.state()).images).toHaveLength(1);
  });
});

test('the start of an orphan search, copied and sent later → fails, and deletes nothing', async () => {
  const call = seal({ kind: 'start', name: 'sweepOrphans' }, [{ delete: true }], { startBefore: Date.now() - 60_000 });
  const workflowId = `orphans-${randomUUID()}`;
  const { dataConverter } = await payloadOptionsOf(service.dataDir);
  const unsealed = new Client({ connection, ...(dataConverter === undefined ? {} : { dataConverter }) });
  await unsealed.workflow.start('sweepOrphans', { workflowId, taskQueue: MAIN_QUEUE, args: [call] });
  const { message, activities } = await endOf(workflowId);
  expect([message, activities]).toEqual([expect.stringContaining('written for an earlier start'), []]);
});

describe('a foreign worker', () => {
  /** Takes the next activity of this queue, and completes it. */
  async function complete(queue: string, resultOf: (workflowId: string) => Promise<readonly Payload[]>): Promise<void> {
    const { workflowService } = connection;
    const request = { namespace: 'default', taskQueue: { name: queue }, identity: 'foreign' };
    const task = await connection.withDeadline(Date.now() + 60_000, () =>
      workflowService.pollActivityTaskQueue(request),
    );
    const result = { payloads: [...(await resultOf(task.workflowExecution?.workflowId ?? ''))] };
    await workflowService.respondActivityTaskCompleted({ namespace: 'default', taskToken: task.taskToken, result });
  }

  test.each([
    ['of its own', async () => [defaultPayloadConverter.toPayload({ disks: [] })]],
    ['copied from the start of the workflow', payloadsOf],
  ])(
    'that completes an activity with a result %s → the import fails with the reason, and leaves nothing',
    async (_, of) => {
      const before = await service.state();
      // Only the foreign worker polls the queue of this host.
      const id = await service.start({ disks: [{ source: `file://foreign-host/${randomUUID()}.qcow2` }] });
      await complete(fileQueue('foreign-host'), of);
      const view = await service.untilState(id, 'failed');
      expect(view.error?.message).toContain('the result of activity preflight is refused');
      expect(await service.state()).toEqual(before);
    },
  );
});

describe('to a running import or batch', () => {
  test('plain and copied signals → are ignored, and it ends as it would have', async () => {
    const id = await service.start({ role: 'verify', roleName: `missing-${randomUUID().slice(0, 8)}` });
    await service.untilState(id, 'attention');
    const handle = foreign.workflow.getHandle(importWorkflowId(id));
    await handle.signal('cancel', { keepImage: false });
    await handle.signal('resume', { attentionVersion: 1, request: null });
    await connection.workflowService.signalWorkflowExecution({
      ...{ namespace: 'default', workflowExecution: { workflowId: handle.workflowId }, signalName: 'cancel' },
      input: { payloads: [...(await payloadsOf(handle.workflowId))] },
    });
    await handle.signal('noSuchSignal');
    expect((await service.get(id)).state).toBe('attention');
    expect(await own.workflow.getHandle(importWorkflowId(id)).query('state')).toMatchObject({ state: 'attention' });
    await service.request('POST', `/v1/imports/${id}/resume`, { set: { role: 'ensure' } });
    expect((await service.untilState(id, 'succeeded', 'cancelled', 'failed')).state).toBe('succeeded');
  });

  test('a plain signal without arguments, and a plain update → are refused; the commands of the service work', async () => {
    const { body } = await service.request('POST', '/v1/batches', {
      ...{ name: randomUUID(), policy: { concurrency: 1 } },
      defaults: {
        region: REGION,
        disks: [{ source: `file://${DEMO_IMAGE}` }],
        upload: { bucket: BUCKET, prefix: 'b/' },
      },
      items: [{ imageName: `item-${randomUUID().slice(0, 8)}` }, { imageName: `item-${randomUUID().slice(0, 8)}` }],
    });
    const handle = reader.workflow.getHandle(batchWorkflowId(body.id));
    await handle.signal('pause');
    const update = handle.executeUpdate('setPolicy', { args: [{ concurrency: 9 }] });
    await expect(update).rejects.toThrow(WorkflowUpdateFailedError);
    const policy = await service.request('POST', `/v1/batches/${body.id}/policy`, { concurrency: 2 });
    expect([policy.status, policy.body.policy?.concurrency], JSON.stringify(policy.body)).toEqual([200, 2]);
    await expect
      .poll(async () => (await service.request('GET', `/v1/batches/${body.id}`)).body.state, { timeout: 60_000 })
      .toBe('succeeded');
  });
});

describe('an activity', () => {
  /** A foreign workflow schedules it, without a worker of the SDK. */
  async function schedule(activityType: string, taskQueue: string, input: unknown[]): Promise<string> {
    const [workflowId, ownQueue] = [randomUUID(), randomUUID()];
    const { workflowService } = connection;
    await workflowService.startWorkflowExecution({
      ...{ namespace: 'default', workflowId, requestId: randomUUID(), workflowType: { name: 'mine' } },
      taskQueue: { name: ownQueue },
    });
    const request = { namespace: 'default', taskQueue: { name: ownQueue }, identity: 'me' };
    const poll = () =>
      connection.withDeadline(Date.now() + 60_000, () => workflowService.pollWorkflowTaskQueue(request));
    await workflowService.respondWorkflowTaskCompleted({
      ...{ namespace: 'default', taskToken: (await poll()).taskToken },
      commands: [
        {
          commandType: 1,
          scheduleActivityTaskCommandAttributes: {
            ...{ activityId: '1', activityType: { name: activityType }, taskQueue: { name: taskQueue } },
            input: { payloads: input.map((value) => defaultPayloadConverter.toPayload(value)) },
            startToCloseTimeout: { seconds: 30 as never },
          },
        },
      ],
    });
    const { history } = await poll();
    const failed = history?.events?.find(({ activityTaskFailedEventAttributes: of }) => of != null);
    return failed?.activityTaskFailedEventAttributes?.failure?.applicationFailureInfo?.type ?? 'not failed';
  }

  test('of a foreign workflow on the queues of this service → fails without a retry, and does nothing', async () => {
    const before = await service.state();
    const read = await schedule('inspectFile', fileQueue(hostname()), [{ path: '/etc/shadow', role: 'system' }]);
    const sweep = await schedule('sweepOrphans', MAIN_QUEUE, [{ delete: true, foreign: true }]);
    const late = await schedule('checkLate', MAIN_QUEUE, []);
    expect([read, sweep, late]).toEqual([NOT_STARTED_HERE, NOT_STARTED_HERE, NOT_STARTED_HERE]);
    expect(await service.state()).toEqual(before);
  });
});

test("without search attributes, the server's database → contains neither the source nor the name of an import, nor the reason of a failure", async () => {
  // The import of an earlier test, with this name, has succeeded.
  const failed = await service.start({ imageName: secret });
  expect((await service.untilState(failed, 'failed')).error?.message).toContain(secret);
  const inspected = await service.request('POST', '/v1/inspections', { source: `/no/${secret}.qcow2` });
  expect(inspected.status).not.toBe(200);
  const folder = path.join(service.dataDir, 'temporal');
  const bytes = Buffer.concat(
    readdirSync(folder)
      .filter((name) => name.startsWith('temporal.db'))
      .map((name) => readFileSync(path.join(folder, name))),
  );
  expect(bytes.includes(importWorkflowId(failed))).toBe(true);
  const texts = [secret, path.basename(DEMO_IMAGE), BUCKET];
  expect(texts.filter((text) => bytes.includes(text))).toEqual([]);
});

describe('another account of this machine', () => {
  test('sees the documented ports only', () => {
    const parts = listeningPorts(service.stack.parts()).map(({ part }) => part);
    expect(parts.sort()).toEqual(['api', 'emulator', 'postgres', 'temporal-proxy']);
  });

  test('calls Temporal on every port, and posts as a foreign page → gets nowhere', async () => {
    expect(await reachedByAnotherAccount(service.stack.parts())).toEqual([]);
  });

  test('cannot read the files of Temporal', () => {
    const folder = path.join(service.dataDir, 'temporal');
    const open = [folder, ...readdirSync(folder).map((name) => path.join(folder, name))].filter(
      (file) => (statSync(file).mode & 0o077) !== 0,
    );
    expect(open).toEqual([]);
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['client.key', 'grpc.sock', 'temporal.db', 'ui.sock']));
  });
});
