/** The batches whose histories are kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import pg from 'pg';
import type { BatchState } from '../../domain/batch/batch.js';
import { BATCH_PAUSE_SIGNAL, BATCH_RESUME_SIGNAL, batchWorkflowId } from '../../domain/batch/names.js';
import type { Service } from '../support/e2e/service.js';
import { resetToStart } from './reset-workflow.js';

/** With the events of its start more than the number after which a batch that is resumed continues as new. */
const PAUSES_IN_VAIN = 2_000;
/** Sent at a time. */
const SIGNALS = 50;

export interface BatchLife {
  readonly name: string;
  /** Brings the batch to where its history is kept. A string that it returns is the ID of the run to keep. */
  readonly bringThere: (service: Service, id: string, client: Client) => Promise<unknown>;
  /** Runs when the batch has ended. */
  readonly after?: (client: Client, id: string) => Promise<unknown>;
  /** The history of the first page's run is kept, which continued as new; else of the last. */
  readonly run?: 'first';
}

export const BATCHES: readonly BatchLife[] = [
  { name: 'batch-finished', bringThere: (service, id) => batchUntil(service, id, 'succeeded') },
  { name: 'batch-continued', bringThere: (service, id) => batchUntil(service, id, 'succeeded'), run: 'first' },
  {
    name: 'batch-cancelled',
    async bringThere(service, id) {
      await batchUntil(service, id, 'running');
      await tellBatch(service, id, 'cancel');
      await batchUntil(service, id, 'cancelled');
    },
  },
  {
    name: 'batch-paused',
    async bringThere(service, id) {
      await pauseBatch(service, id);
      await tellBatch(service, id, 'policy', { concurrency: 3 });
      await finishBatch(service, id);
    },
  },
  {
    // A signal arrives while the batch writes to the record.
    name: 'batch-paused-again',
    async bringThere(service, id, { workflow }) {
      await pauseBatch(service, id);
      const handle = workflow.getHandle(batchWorkflowId(id));
      const { runId } = await handle.describe();
      await whileRecordIsLocked(service, id, async () => {
        await handle.signal(BATCH_RESUME_SIGNAL);
        while ((await handle.describe()).raw.pendingActivities?.length === 0) await sleep(50);
        await handle.signal(BATCH_PAUSE_SIGNAL);
        while ((await handle.describe()).raw.pendingWorkflowTask) await sleep(50);
      });
      await batchUntil(service, id, 'paused');
      await finishBatch(service, id);
      return runId;
    },
  },
  {
    name: 'batch-paused-in-vain',
    async bringThere(service, id, { workflow }) {
      await pauseBatch(service, id);
      const handle = workflow.getHandle(batchWorkflowId(id));
      const { runId } = await handle.describe();
      for (let sent = 0; sent < PAUSES_IN_VAIN; sent += SIGNALS) {
        await Promise.all(Array.from({ length: SIGNALS }, () => handle.signal(BATCH_PAUSE_SIGNAL)));
      }
      await finishBatch(service, id);
      return runId;
    },
  },
  {
    name: 'batch-reset',
    bringThere: (service, id) => batchUntil(service, id, 'succeeded'),
    after: (client, id) => resetToStart(client, batchWorkflowId(id)),
  },
];

async function pauseBatch(service: Service, id: string): Promise<void> {
  await tellBatch(service, id, 'pause');
  await batchUntil(service, id, 'paused');
}

/** Of a batch that is paused. */
async function finishBatch(service: Service, id: string): Promise<void> {
  await tellBatch(service, id, 'resume');
  await batchUntil(service, id, 'succeeded');
}

async function tellBatch(service: Service, id: string, what: string, body = {}): Promise<void> {
  const { status } = await service.request('POST', `/v1/batches/${id}/${what}`, body);
  if (status >= 300) throw new Error(`${what} of batch ${id}: ${status}`);
}

async function batchUntil(service: Service, id: string, state: BatchState): Promise<void> {
  while ((await service.request('GET', `/v1/batches/${id}`)).body.state !== state) await sleep(50);
}

async function whileRecordIsLocked(service: Service, id: string, run: () => Promise<void>): Promise<void> {
  const connection = new pg.Client({ connectionString: service.databaseUrl() });
  await connection.connect();
  try {
    await connection.query('begin');
    await connection.query('select from ecs_image_import.batches where id = $1 for update', [id]);
    await run();
  } finally {
    await connection.end();
  }
}
