/**
 * `npm run histories [-- --only PATTERN]`: runs imports and batches of every ending on the real service and keeps their
 * histories beside this file, for replay.test.ts. Run it after a change of the workflow that is meant, and keep the old
 * ones while such imports may run (docs/versioning.md).
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import type { BatchState } from '../../domain/batch/batch.js';
import { batchWorkflowId } from '../../domain/batch/names.js';
import { importWorkflowId } from '../../domain/ids.js';
import type { ImportView, State } from '../../domain/import.js';
import { BUCKET, REGION, type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';
import { decrypterOf } from './decrypt-history.js';
import { type History, packHistory } from './stored-history.js';

const REQUEST = { inspection: { failOn: 'never' }, detection: { failOn: 'never' }, osType: 'linux' };

interface Recording {
  readonly name: string;
  readonly request?: Record<string, unknown>;
  /** Brings the import to where its history is kept. */
  readonly bringThere: (service: Service, id: string) => Promise<unknown>;
  /** Runs when the import has ended. */
  readonly after?: (client: Client, id: string) => Promise<unknown>;
  /** The history of the first run is kept, which continued as new; else of the last. */
  readonly run?: 'first';
}

/** More than the number after which an import continues as new. */
const RESUMES_IN_VAIN = 60;
/** The index of the first completed workflow task in a history. */
const FIRST_TASK_COMPLETED = 3;

/** How long a failing call is retried here before attention; stands for the hour of a real service. */
const HOUR_MS = 1_000;
const HOURS_OF_OUTAGE = 24;

const until =
  (...states: State[]) =>
  (service: Service, id: string) =>
    service.untilState(id, ...states);
const post = (service: Service, id: string, what: string, body = {}) =>
  service.request('POST', `/v1/imports/${id}/${what}`, body);

const RECORDINGS: readonly Recording[] = [
  { name: 'sealed', bringThere: until('succeeded') },
  { name: 'succeeded', bringThere: until('succeeded') },
  // Runs the role and the detection in the activities before them.
  { name: 'fewer-activities', bringThere: until('succeeded') },
  {
    // They fail there, and run as activities of their own.
    name: 'separate-activities',
    request: { role: 'verify', roleName: 'lacks-7', detection: { failOn: 'blocking' } },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'resume', { set: { role: 'ensure' } });
      await service.untilState(id, 'failed');
    },
  },
  { name: 'dry-run', request: { dryRun: true }, bringThere: until('succeeded') },
  {
    name: 'distributed',
    request: { distribute: { regions: ['cn-beijing'], shareWith: ['1000000000000002'] } },
    bringThere: until('succeeded'),
  },
  { name: 'failed', request: { imageName: 'doomed' }, bringThere: until('failed') },
  { name: 'waiting', request: { role: 'verify', roleName: 'lacks-1' }, bringThere: until('attention') },
  {
    name: 'resumed',
    request: { role: 'verify', roleName: 'lacks-2' },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'resume', { set: { role: 'ensure' } });
      await service.untilState(id, 'succeeded');
    },
  },
  {
    // Writes search attributes when it stops, continues and ends.
    name: 'searchable',
    request: { role: 'verify', roleName: 'lacks-6' },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'resume', { set: { role: 'ensure' } });
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'cancelled-waiting',
    request: { role: 'verify', roleName: 'lacks-3' },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
  {
    // The most that an outage can do to a history: somebody resumes at once, each time.
    name: 'day-of-outage',
    request: { imageName: 'a-day-later', distribute: { regions: ['cn-beijing'], shareWith: ['1000000000000002'] } },
    async bringThere(service, id) {
      const away = { service: 'ecs', action: 'ImportImage', match: 'a-day-later', kind: 'reset-before' } as const;
      const outage = await service.fault({ ...away, times: -1 });
      let since: string | undefined;
      for (let hours = 0; hours < HOURS_OF_OUTAGE; hours++) {
        const stopped = ({ attention }: ImportView) => attention !== null && attention.since !== since;
        since = (await service.until(id, stopped)).attention?.since;
        if (hours === HOURS_OF_OUTAGE - 1) await service.endFault(outage);
        await post(service, id, 'resume');
      }
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'sent-again',
    async bringThere(service, id) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      for (const { key } of (await service.state()).objects) await service.oss(BUCKET).delete(key);
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'role-created-again',
    request: { role: 'skip', roleName: 'lacks-4' },
    async bringThere(service, id) {
      await service.untilState(id, 'attention');
      await post(service, id, 'resume', { set: { role: 'ensure' } });
      await service.untilState(id, 'succeeded');
    },
  },
  {
    // The run that ends by continuing as new.
    name: 'resumed-in-vain',
    request: { role: 'verify', roleName: 'lacks-5' },
    run: 'first',
    async bringThere(service, id) {
      let since: string | undefined;
      for (let resumes = 0; resumes < RESUMES_IN_VAIN; resumes++) {
        const stopped = ({ attention }: ImportView) => attention !== null && attention.since !== since;
        since = (await service.until(id, stopped)).attention?.since;
        await post(service, id, 'resume', resumes < RESUMES_IN_VAIN - 1 ? {} : { set: { role: 'ensure' } });
      }
      await service.untilState(id, 'succeeded');
    },
  },
  {
    name: 'reset',
    async bringThere(service, id) {
      await service.untilState(id, 'succeeded');
    },
    async after({ workflowService, options, workflow }, id) {
      const workflowId = importWorkflowId(id);
      await workflow.getHandle(workflowId).result();
      const { runId } = await workflow.getHandle(workflowId).describe();
      const { events }: History = await workflow.getHandle(workflowId).fetchHistory();
      await workflowService.resetWorkflowExecution({
        namespace: options.namespace,
        workflowExecution: { workflowId, runId },
        reason: 'recorded',
        requestId: randomUUID(),
        workflowTaskFinishEventId: events?.[FIRST_TASK_COMPLETED]?.eventId ?? null,
      });
    },
  },
  {
    name: 'cancelled-importing',
    async bringThere(service, id) {
      await service.until(id, (view) => view.phase === 'import' && view.image !== null);
      await post(service, id, 'cancel');
      await service.untilState(id, 'cancelled');
    },
  },
];

interface BatchLife {
  readonly name: string;
  /** Brings the batch to where its history is kept. */
  readonly bringThere: (service: Service, id: string) => Promise<unknown>;
  /** The first page's run, which goes on as a new one; else the last. */
  readonly run?: 'first';
}

const BATCHES: readonly BatchLife[] = [
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
      await tellBatch(service, id, 'pause');
      await batchUntil(service, id, 'paused');
      await tellBatch(service, id, 'policy', { concurrency: 3 });
      await tellBatch(service, id, 'resume');
      await batchUntil(service, id, 'succeeded');
    },
  },
];

async function tellBatch(service: Service, id: string, what: string, body = {}): Promise<void> {
  const { status } = await service.request('POST', `/v1/batches/${id}/${what}`, body);
  if (status >= 300) throw new Error(`${what} of batch ${id}: ${status}`);
}

async function batchUntil(service: Service, id: string, state: BatchState): Promise<void> {
  while ((await service.request('GET', `/v1/batches/${id}`)).body.state !== state) await sleep(50);
}

async function startBatch(service: Service, name: string, disks: readonly object[]): Promise<string> {
  const upload = { bucket: BUCKET, prefix: 'imports/' };
  const body = {
    name,
    defaults: { region: REGION, upload, ...REQUEST, disks },
    items: Array.from({ length: 3 }, (_, index) => ({ imageName: `${name}-${index}` })),
  };
  const answer = await service.request('POST', '/v1/batches', body);
  if (answer.status !== 202) throw new Error(`POST /v1/batches: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body.id;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
  const only = new RegExp(values.only);
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-histories-'));
  writeFileSync(path.join(folder, 'disk.raw'), raw());
  const disks = [{ source: `file://${folder}/disk.raw`, format: 'RAW', diskImageSize: 5 }];
  const service = await startService({ env: { ECS_IMPORT_PATIENCE_MS: String(HOUR_MS) } });
  const keep = (name: string, history: History) => {
    const kept = packHistory(history, (text) => withoutNames(text, folder));
    writeFileSync(path.join(import.meta.dirname, `${name}.json`), `${JSON.stringify(kept, null, 1)}\n`);
    console.log(`${name}: ${kept.events.length} events`);
  };
  try {
    const connection = await Connection.connect(service.temporalConnection());
    const client = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) });
    const decrypt = await decrypterOf(service.dataDir);
    const { workflow } = client;
    for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json') && only.test(name))) {
      rmSync(path.join(import.meta.dirname, file));
    }
    for (const { name, request, bringThere, after, run } of RECORDINGS.filter((recording) => only.test(recording.name))) {
      const importSeconds = name === 'cancelled-importing' ? 600 : name === 'sent-again' ? 3 : 0.3;
      const detectionItems = name === 'separate-activities' ? [AT_RISK] : null;
      await service.settings({ importSeconds, copySeconds: 0.3, failImports: [doomed], detectionItems });
      const id = await service.start({ ...REQUEST, disks, ...request });
      await bringThere(service, id);
      // The record is written before the workflow itself has ended.
      const handle = workflow.getHandle(importWorkflowId(id));
      if (name !== 'waiting') await handle.result();
      if (after !== undefined) {
        await after(client, id);
        await workflow.getHandle(importWorkflowId(id)).result();
      }
      const last: History = await workflow.getHandle(importWorkflowId(id)).fetchHistory();
      keep(name, await decrypt(run === 'first' ? await workflow.getHandle(importWorkflowId(id), firstRunOf(last)).fetchHistory() : last));
    }
    for (const { name, bringThere, run } of BATCHES.filter((recording) => only.test(recording.name))) {
      await service.settings({ importSeconds: name === 'batch-cancelled' ? 600 : 2 });
      const id = await startBatch(service, name, disks);
      await bringThere(service, id);
      const handle = workflow.getHandle(batchWorkflowId(id));
      await handle.result();
      const last: History = await handle.fetchHistory();
      keep(name, await decrypt(run === 'first' ? await workflow.getHandle(batchWorkflowId(id), firstRunOf(last)).fetchHistory() : last));
    }
    await connection.close();
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function firstRunOf({ events }: History): string {
  const runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
  if (!runId) throw new Error('the history does not name its first run');
  return runId;
}

const doomed = { code: 'InvalidImageFormat.Malformed', message: 'The image is broken.', imageName: 'doomed' };

const AT_RISK = { name: 'GUESTOS.Virtio', value: 'No', riskLevel: 'High', riskCode: null };

/** Without this machine's names; replay looks at neither. */
function withoutNames(text: string, folder: string): string {
  return text
    .replaceAll(folder, '/images')
    .replaceAll(path.resolve(import.meta.dirname, '../..'), '/app')
    .replaceAll(/[\w./-]*\/node_modules/g, '/app/node_modules')
    .replaceAll(hostname(), 'worker-1')
    .replaceAll(/\b\d+@worker-1/g, '1@worker-1');
}

await main();
