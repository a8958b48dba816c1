/**
 * npm run bench:batch -- --items 200 [--singles 20] [--at-once 50] [--import-seconds 0] [--kills 0] [--server embedded|postgres]
 * [--server-cores 0.5]: runs single imports one after the other on the idle stack, then one batch on the emulator, and compares it with the limit of
 * the same Temporal server. The last line is the summary. Exits with 1 if an item did not end exactly once with one image.
 * docs/scale.md has the results.
 *
 * npm run bench:batch -- --alone [--upload-seconds 43] [--import-seconds 1200]: runs one import alone, and prints only the
 * actions that Temporal Cloud would bill for it.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type BatchItemView, type BatchView, isFinalBatch } from '../../domain/batch/batch.js';
import { BUCKET, REGION, type Service, startService } from '../../test/support/e2e/service.js';
import { type Actions, countActions, describeActions, difference } from './actions.js';
import { importAlone, UPLOAD_RATE } from './alone.js';
import { countStatements, type DatabaseUse, databaseUse, frequentStatements } from './database.js';
import { makeImages } from './images.js';
import { cpuSeconds, events, residentKiB, type Sample, slope, threadSeconds, workerThreads } from './measure.js';
import { plainWorkflows } from './plain.js';
import { startProductionServer } from './production-server.js';
import { limitCores } from './server-cores.js';
import { nameOf, verify } from './verify.js';

/** The activities of an import: preflight, upload, start import, watch import, clean up. */
const ACTIVITIES = 5;
/** Excluded from the memory slope, because caches fill and code is compiled during the first items. */
const WARM_UP_ITEMS = 1_000;
/** Before the single imports that are measured: connections are opened and code is compiled. */
const WARM_UP_SINGLES = 5;
const POLL_INTERVAL_MS = 2_000;
/** Statements are listed that an import costs at least so many times. */
const SHOWN_CALLS = 0.1;
/** The share of ended items at which a single import starts in parallel to the batch. Not close to a kill. */
const SINGLE_IMPORT_AT = 0.6;
const PARTS = ['worker', 'api', 'temporal', 'temporal-proxy', 'postgres', 'emulator', "temporal's postgres"] as const;

const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '200' },
    singles: { type: 'string', default: '20' },
    'at-once': { type: 'string', default: '50' },
    'import-seconds': { type: 'string', default: '0' },
    kills: { type: 'string', default: '0' },
    server: { type: 'string', default: 'embedded' },
    'server-cores': { type: 'string' },
    alone: { type: 'boolean', default: false },
    'upload-seconds': { type: 'string', default: '0' },
  },
});
const ITEMS = Number(values.items);
const SINGLES = Number(values.singles);
const AT_ONCE = Number(values['at-once']);
const IMPORT_SECONDS = Number(values['import-seconds']);
const KILLS = Number(values.kills);
const UPLOAD_SECONDS = Number(values['upload-seconds']);
if (values.server !== 'embedded' && values.server !== 'postgres')
  throw new Error('--server must be embedded or postgres');

const folder = await mkdtemp(path.join(tmpdir(), 'bench-batch-'));
const production = values.server === 'postgres' ? await startProductionServer(path.join(folder, 'temporal')) : null;
const service = await startService({
  // Production values, except for short poll intervals: instant imports would mostly wait for the next poll.
  env: {
    ECS_IMPORT_POLL_MAX_MS: '30000',
    ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '10000',
    ECS_IMPORT_LOOK_EVERY_MS: '2000',
    ECS_IMPORT_BATCH_LOOK_MS: '300',
    ECS_IMPORT_BATCH_GATHER_MS: '1000',
    LOG_LEVEL: 'warn',
    ...(values.alone ? { ECS_IMPORT_LIMIT_RATE: String(UPLOAD_RATE) } : {}),
    ...(production === null ? {} : { TEMPORAL_ADDRESS: production.address }),
  },
});
let removeLimit = async (): Promise<void> => undefined;
try {
  if (values['server-cores'] !== undefined)
    removeLimit = await limitCores(temporalPid(), Number(values['server-cores']));
  await service.resetCloud();
  // The emulator shares the machine with the service, so it skips signature checks and MD5.
  const cheap = { signature: 'off', etag: 'fast', quotaImages: 1_000_000 };
  await service.settings({ ...cheap, importSeconds: IMPORT_SECONDS, detectionSeconds: 0 });
  if (values.alone) console.log(await importAlone(service, path.join(folder, 'alone'), UPLOAD_SECONDS, actions));
  else console.log(await bench(service));
} finally {
  await service.stop();
  await production?.stop();
  await removeLimit();
  await rm(folder, { recursive: true, force: true });
}

function actions(): Promise<Actions> {
  return countActions(production ?? { pid: temporalPid() });
}

function temporalPid(): number {
  const parts = [...service.stack.parts(), ...(production?.parts() ?? [])];
  const pid = parts.find(({ name }) => name === 'temporal')?.pid;
  if (pid === null || pid === undefined) throw new Error('the Temporal server does not run');
  return pid;
}

async function bench(on: Service): Promise<string> {
  const images = await makeImages(folder, ITEMS);
  const temporal = production === null ? on.stack.temporalEnv : { TEMPORAL_ADDRESS: production.address };
  const plain = { workflows: Math.min(400, Math.max(100, ITEMS)), concurrency: AT_ONCE, activities: ACTIVITIES };
  const measureLimit = async () => {
    const before = (await cpuOf(on)).temporal ?? 0;
    const { perSecond, workerCpuMs } = await plainWorkflows(temporal, plain);
    const server = (((await cpuOf(on)).temporal ?? 0) - before) * 1_000;
    console.log(
      `server limit: ${perSecond.toFixed(1)} plain workflows per second (CPU ms each: temporal ${(server / plain.workflows).toFixed(0)}, worker ${workerCpuMs.toFixed(0)})`,
    );
    return perSecond;
  };
  const singleSeconds = await singleImports(on);
  const limitBefore = await measureLimit();

  const databaseUrl = on.databaseUrl();
  await countStatements(on, databaseUrl);
  const use = async () => ({
    record: await databaseUse(databaseUrl),
    workflows: production === null ? null : await databaseUse(production.databaseUrl),
  });
  const before = await use();
  const callsBefore = await callCounts(on);
  const cpuBefore = await cpuOf(on);
  const workerPid = on.stack.parts().find(({ name }) => name === 'worker')?.pid ?? 0;
  const threadsBefore = await threadSeconds(workerPid);
  const actionsBefore = await actions();
  const { id, acceptedInMs } = await create(on, images);
  console.log(`${ITEMS} items accepted in ${acceptedInMs.toFixed(0)} ms`);
  const { samples, single } = await follow(on, id);
  const cpuAfter = await cpuOf(on);
  const threads = workerThreads(workerPid, threadsBefore, await threadSeconds(workerPid));
  const workerCpuMs = (((cpuAfter.worker ?? 0) - (cpuBefore.worker ?? 0)) * 1_000) / ITEMS;
  const after = await use();
  const actionsUsed = difference(await actions(), actionsBefore);
  const limitAfter = await measureLimit();
  const limit = (limitBefore + limitAfter) / 2;

  const items = await allItems(on, id);
  const rate = ITEMS / secondsOf(items);
  const counts = await callCounts(on, callsBefore);
  const calls = Object.values(counts).reduce((sum, count) => sum + count, 0) / ITEMS;
  const history = await events(
    temporal,
    id,
    items.flatMap((item) => item.importId ?? []),
  );
  await verify(on, id, items, ITEMS);

  console.log(
    `cloud calls per import: ${Object.entries(counts)
      .sort(([, a], [, b]) => b - a)
      .map(([name, count]) => `${name} ${(count / ITEMS).toFixed(2)}`)
      .join(', ')}`,
  );
  console.log(
    `events per import: ${history.perImport.toFixed(1)}, and ${history.batchPerImport.toFixed(1)} of the batch (longest run ${history.longestBatchRun})`,
  );
  // The single import beside the batch counts as an item.
  console.log(`actions per import: ${describeActions(actionsUsed, ITEMS + (single === null ? 0 : 1))}`);
  console.log(`KiB of history per import: ${history.historyKiB.toFixed(1)}`);
  console.log(`PostgreSQL per import: ${usePerImport(before.record, after.record)}`);
  for (const { text, calls: times, ms } of await frequentStatements(databaseUrl, ITEMS * SHOWN_CALLS)) {
    console.log(
      `  ${(times / ITEMS).toFixed(2)} times, ${(ms / ITEMS).toFixed(2)} ms per import: ${text.slice(0, 100)}`,
    );
  }
  if (before.workflows !== null && after.workflows !== null) {
    console.log(`Temporal's PostgreSQL per import: ${usePerImport(before.workflows, after.workflows)}`);
  }
  console.log(
    `CPU ms per import${KILLS === 0 ? '' : ', worker since the last kill'}: ${PARTS.map((name) => `${name} ${((((cpuAfter[name] ?? 0) - (cpuBefore[name] ?? 0)) * 1_000) / ITEMS).toFixed(0)}`).join(', ')}`,
  );
  const readers = workerCpuMs / 1_000 - (threads.main + threads.workflows + threads.core + threads.others) / ITEMS;
  if (KILLS === 0) {
    const parts = Object.entries(threads).map(([name, seconds]) => `${name} ${((seconds * 1_000) / ITEMS).toFixed(1)}`);
    console.log(
      `worker's CPU ms per import by thread: ${parts.join(', ')}, image readers ${(readers * 1_000).toFixed(1)}`,
    );
  }
  if (single !== null) console.log(`a single import started in parallel: second phase after ${single.toFixed(1)} s`);
  const from = Math.min(WARM_UP_ITEMS, ITEMS * 0.3);
  const memorySlope = (part: 'worker' | 'api') => slope(samples[part], from);
  const memory = (part: 'worker' | 'api') =>
    `${part} ${(Math.max(...samples[part].map((sample) => sample.residentKiB)) / 1024).toFixed(0)} MiB maximum`;
  console.log(`memory: ${memory('worker')}, ${memory('api')}`);
  const kib = (value: number | null) => (value === null ? 'unknown' : value.toFixed(2));
  return [
    `${rate.toFixed(2)} imports a second`,
    `${(rate / limit).toFixed(2)} of the server's limit (${limit.toFixed(1)})`,
    `${history.perImport.toFixed(0)} events`,
    `${calls.toFixed(1)} calls`,
    `worker ${workerCpuMs.toFixed(0)} ms of CPU`,
    `${perImport(before.record, after.record, 'statements').toFixed(1)} statements in ${perImport(before.record, after.record, 'transactions').toFixed(1)} transactions`,
    ...(singleSeconds === null ? [] : [`p50 of a single import ${singleSeconds.toFixed(2)} s`]),
    `memory slope ${kib(memorySlope('worker'))} KiB (worker) ${kib(memorySlope('api'))} KiB (api) an import`,
  ].join(', ');
}

function perImport(before: DatabaseUse, after: DatabaseUse, of: keyof DatabaseUse): number {
  return (after[of] - before[of]) / ITEMS;
}

function usePerImport(before: DatabaseUse, after: DatabaseUse): string {
  const each = (of: keyof DatabaseUse) => perImport(before, after, of).toFixed(1);
  const statements = after.statements === 0 ? '' : `${each('statements')} statements in `;
  return `${statements}${each('transactions')} transactions, ${each('writtenKib')} KiB of log written, ${each('sizeKib')} KiB of growth`;
}

async function cpuOf(on: Service): Promise<Readonly<Record<string, number>>> {
  const parts = [
    ...on.stack.parts(),
    ...(production?.parts() ?? []).map((part) => (part.name === 'postgres' ? { ...part, name: PARTS[6] } : part)),
  ];
  const used = await Promise.all(parts.map(async ({ name, pid }) => [name, await cpuSeconds(pid)] as const));
  return Object.fromEntries(used);
}

async function create(on: Service, images: readonly string[]): Promise<{ id: string; acceptedInMs: number }> {
  const header = {
    name: randomUUID(),
    policy: { concurrency: AT_ONCE },
    defaults: {
      region: REGION,
      upload: { bucket: BUCKET, prefix: 'imports/' },
      // The images contain a file system but no operating system.
      detection: { failOn: 'never' },
    },
  };
  const lines = images.map((source, index) => JSON.stringify({ imageName: nameOf(index + 1), disks: [{ source }] }));
  const startedAt = performance.now();
  const response = await on.send('/v1/batches', {
    method: 'POST',
    headers: { 'content-type': 'application/jsonl' },
    body: [JSON.stringify({ batch: header }), ...lines].join('\n'),
  });
  const text = await response.text();
  if (response.status !== 202) throw new Error(`POST /v1/batches: ${response.status} ${text.slice(0, 500)}`);
  return { id: JSON.parse(text).id, acceptedInMs: performance.now() - startedAt };
}

/** Polls the batch until it ends: takes samples, kills the worker as configured, and starts a single import in parallel. */
async function follow(on: Service, id: string) {
  const samples: Record<'worker' | 'api', Sample[]> = { worker: [], api: [] };
  const kills = Array.from({ length: KILLS }, (_, index) => Math.floor((ITEMS * (index + 1)) / (KILLS + 1)));
  let single: Promise<number> | null = null;
  for (let loggedAt = 0; ; ) {
    const view: BatchView | null = await on
      .request('GET', `/v1/batches/${id}`)
      .then(({ body }) => body)
      .catch(() => null);
    if (view !== null) {
      const ended = view.counts.succeeded + view.counts.failed + view.counts.cancelled;
      for (const part of ['worker', 'api'] as const) {
        const pid = on.stack.parts().find(({ name }) => name === part)?.pid ?? null;
        const kib = await residentKiB(pid);
        if (pid !== null && kib !== null) samples[part].push({ ended, residentKiB: kib, pid });
      }
      if (kills[0] !== undefined && ended >= kills[0]) {
        kills.shift();
        on.kill('worker');
        console.log(`${ended} ended: worker killed`);
      }
      if (ended >= ITEMS * SINGLE_IMPORT_AT) single ??= startSingle(on);
      if (Date.now() - loggedAt > 10_000) {
        console.log(`${ended} of ${ITEMS} ended, ${view.importsPerMinute?.toFixed(0) ?? '?'} per minute`);
        loggedAt = Date.now();
      }
      if (isFinalBatch(view.state)) return { samples, single: single === null ? null : await single };
      if (view.state === 'attention' || view.counts.failed + view.counts.attention > 0)
        throw new Error(JSON.stringify(view));
    }
    await sleep(POLL_INTERVAL_MS);
  }
}

/** Returns the seconds until its second phase started. Resolves when the import has ended. */
async function startSingle(on: Service): Promise<number> {
  const [source] = await makeImages(path.join(folder, 'single'), 1);
  const id = await on.start({ disks: [{ source }], detection: { failOn: 'never' } });
  const view = await on.until(id, ({ state }) => state === 'succeeded' || state === 'failed', 60 * 60_000);
  return (Date.parse(view.timeline[1]?.startedAt ?? '') - Date.parse(view.createdAt)) / 1_000;
}

/** Runs imports one after the other. Returns the median of the seconds from the accepted request to the end; null for none. */
async function singleImports(on: Service): Promise<number | null> {
  const images = await makeImages(path.join(folder, 'singles'), WARM_UP_SINGLES + SINGLES);
  const seconds: number[] = [];
  for (const [index, source] of (SINGLES === 0 ? [] : images).entries()) {
    const id = await on.start({ disks: [{ source }], detection: { failOn: 'never' } });
    const { state, createdAt, timeline } = await on.untilState(id, 'succeeded', 'failed');
    if (state !== 'succeeded') throw new Error(`import ${id} ended as ${state}`);
    const ended = timeline.findLast(({ phase }) => phase === 'done')?.startedAt;
    if (index >= WARM_UP_SINGLES) seconds.push((Date.parse(ended ?? '') - Date.parse(createdAt)) / 1_000);
  }
  seconds.sort((one, other) => one - other);
  return seconds[Math.floor(seconds.length / 2)] ?? null;
}

async function allItems(on: Service, id: string): Promise<readonly BatchItemView[]> {
  const items: BatchItemView[] = [];
  for (let cursor: string | null = '0'; cursor !== null; ) {
    const { body } = await on.request('GET', `/v1/batches/${id}/items?limit=1000&cursor=${cursor}`);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

function secondsOf(items: readonly BatchItemView[]): number {
  const starts = items.map((item) => Date.parse(item.startedAt ?? ''));
  const ends = items.map((item) => Date.parse(item.endedAt ?? ''));
  const first = starts.reduce((earliest, start) => Math.min(earliest, start), Number.POSITIVE_INFINITY);
  const last = ends.reduce((latest, end) => Math.max(latest, end), 0);
  return (last - first) / 1_000;
}

type Counts = Readonly<Record<string, number>>;

/** @param before counts that are subtracted */
async function callCounts(on: Service, before: Counts = {}): Promise<Counts> {
  const response = await fetch(`${on.stack.emulatorUrl}/_emulator/calls?limit=0`);
  const counts: Counts = JSON.parse(await response.text()).counts;
  return Object.fromEntries(Object.entries(counts).map(([name, count]) => [name, count - (before[name] ?? 0)]));
}
