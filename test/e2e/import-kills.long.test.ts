/**
 * Workers are killed or frozen at random moments of whole imports of a disk that is compressed while it is sent: from the
 * beginning of preflight to the end of cleanup. `IMPORT_KILLS` sets how often.
 */
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ImportView, isFinal, PHASES, type Phase } from '../../domain/import.js';
import { SEGMENT_BYTES } from '../../images/stream/layout.js';
import { openPool } from '../../store/database.js';
import { violations } from '../faults/judge.js';
import { freezeEnv, untilChecked } from '../faults/run-freezes.js';
import { type ExtraWorker, startExtraWorker } from '../support/e2e/extra-worker.js';
import { type Service, startService } from '../support/e2e/service.js';
import { bootSector } from '../support/emulator/made-disks.js';

const KILLS = Number(process.env.IMPORT_KILLS ?? 20);
const MIB = 1024 ** 2;
/** Each with 1 MiB of data, half of which is noise. */
const RANGES = 96;
/** Slow enough that an upload outlives its kills. */
const BYTES_PER_SECOND = 3 * MIB;
/** The shares of the kills: at most so far into the phase. */
const SHARES: readonly { readonly phase: Phase; readonly share: number; readonly withinMs: number }[] = [
  { phase: 'preflight', share: 0.2, withinMs: 1_500 },
  { phase: 'upload', share: 0.45, withinMs: 3_000 },
  { phase: 'import', share: 0.25, withinMs: 1_500 },
  { phase: 'cleanup', share: 0.1, withinMs: 400 },
];
const FREEZES = 3;
/** Of the imports of a freeze. */
const FREEZE_RANGES = 16;
/** A bound on a hanging test. */
const PATIENT_MS = 900_000;

let folder: string;
let service: Service;
let pool: pg.Pool;
/** Of the workers. */
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'import-kills-'));
  const folders = { TMPDIR: path.join(folder, 'temporary'), ECS_IMPORT_CACHE_DIR: path.join(folder, 'cache') };
  for (const one of Object.values(folders)) await mkdir(one);
  const limits = { ECS_IMPORT_LIMIT_RATE: String(BYTES_PER_SECOND) };
  const settings = { ...freezeEnv('in time', 15_000), ...limits };
  env = { ...settings, ...folders };
  service = await startService({ withoutWorker: true, env: settings });
  await service.learnNoLimits();
  pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 2 });
  await service.settings({ importSeconds: 30, detectionSeconds: 1 });
  // Each call takes long enough that a kill often comes during one.
  for (const one of ['ecs', 'ram', 'oss'])
    await service.fault({ service: one, action: '*', kind: 'slow', delayMs: 120, times: -1 });
});
afterAll(async () => {
  await pool?.end();
  await service?.stop();
  await rm(folder, { recursive: true });
});

async function rawDisk(name: string, ranges: number): Promise<string> {
  const file = path.join(folder, `${name}.raw`);
  const target = await open(file, 'w');
  const data = Buffer.alloc(MIB);
  for (let range = 0; range < ranges; range += 1) {
    data.fill(`${name}: a line of range ${range}\n`);
    for (let at = 0; at < data.length; at += 2048) randomFillSync(data, at, 1024);
    if (range === 0) bootSector().copy(data);
    await target.write(data, 0, data.length, range * SEGMENT_BYTES);
  }
  await target.truncate(ranges * SEGMENT_BYTES);
  await target.close();
  return file;
}

async function startImport(file: string, bucket: string): Promise<string> {
  await service.makeBucket(bucket);
  return await service.start({
    ...{ osType: 'linux', inspection: { failOn: 'never' }, detection: { failOn: 'never' } },
    disks: [{ source: `file://${file}`, format: 'RAW' }],
    upload: { bucket, prefix: 'imports/', convert: 'qcow2' },
  });
}

async function notedParts(bucket: string): Promise<readonly number[]> {
  const { rows } = await pool.query<{ number: number }>(
    `select r.number from ecs_image_import.uploads u join ecs_image_import.upload_ranges r on r.upload = u.id
     where u.bucket = $1 and r.length > 0 order by r.number`,
    [bucket],
  );
  return rows.map(({ number }) => number);
}

/** How often each part has arrived in the bucket. */
async function arrivals(bucket: string): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>();
  for (const { params, status } of await service.calls('UploadPart')) {
    if (params.bucket !== bucket || status !== 200) continue;
    const number = Number(params.partNumber);
    found.set(number, (found.get(number) ?? 0) + 1);
  }
  return found;
}

/** Downloads the object of the import as soon as it is complete, and compares it with the disk. */
async function compareObject(file: string, bucket: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const { objects } = await service.state();
    const object = objects.find((one) => one.bucket === bucket);
    if (object === undefined) {
      await sleep(100);
      continue;
    }
    const copy = `${file}.qcow2`;
    await service.oss(bucket).get(object.key, copy);
    execFileSync('qemu-img', ['check', '-q', '-f', 'qcow2', copy]);
    execFileSync('qemu-img', ['compare', '-q', '-f', 'raw', '-F', 'qcow2', file, copy]);
    return await rm(copy);
  }
}

/** One line for all that remains of an import besides its image. Call it when no worker runs. */
async function remains(id: string, bucket: string): Promise<readonly string[]> {
  const view = await service.get(id);
  const cloud = await service.state();
  const report = await service.request('GET', `/v1/imports/${id}/report`, undefined, { accept: 'application/json' });
  const { rows } = await pool.query<{ line: string }>(
    `select 'upload ' || id || ' is ' || state || ', held by ' || coalesce(holder, 'none') as line
       from ecs_image_import.uploads where bucket = $1
     union all select 'reference of ' || import_id || ' to upload ' || upload from ecs_image_import.upload_holds
       where import_id = $2 and not released`,
    [bucket, id],
  );
  const images = cloud.images.filter(({ imageName }) => imageName === view.request.imageName);
  return [
    ...(view.state === 'succeeded' ? [] : [`state ${view.state}: ${view.error?.message ?? view.attention?.message}`]),
    ...(images.length === 1 ? [] : [`${images.length} images`]),
    ...violations({ view, cloud, events: report.body.events, stops: 0 }),
    ...cloud.objects.filter((one) => one.bucket === bucket).map(({ key }) => `object ${key}`),
    ...cloud.uploads.filter((one) => one.bucket === bucket).map(({ key }) => `multipart upload of ${key}`),
    ...cloud.tasks.filter(({ status }) => status === 'Processing').map(({ taskId }) => `task ${taskId}`),
    ...rows.map(({ line }) => line),
  ];
}

async function remainingFiles(): Promise<readonly string[]> {
  const names: string[] = [];
  for (const one of ['temporary', 'cache']) {
    const entries = await readdir(path.join(folder, one), { recursive: true, withFileTypes: true });
    for (const entry of entries) if (!entry.isDirectory()) names.push(path.join(entry.parentPath, entry.name));
  }
  return names;
}

/** Processes of workers that outlive them. */
async function remainingProcesses(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const read = (name: string) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '');
    if (!(await read('environ')).includes(`TMPDIR=${env.TMPDIR}`)) continue;
    found.push(`${pid} ${(await read('cmdline')).replaceAll('\0', ' ')}`);
  }
  return found;
}

/** On a busy machine, the servers may not answer in time while a worker starts. */
async function startWorker(): Promise<ExtraWorker> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await startExtraWorker(service, env);
    } catch (error) {
      if (failures === 3) throw error;
    }
  }
}

const hasEnded = ({ state }: ImportView) => isFinal(state) || state === 'attention';

function isBefore({ phase, state }: ImportView, wanted: Phase): boolean {
  return !isFinal(state) && PHASES.indexOf(phase) < PHASES.indexOf(wanted);
}

const PLAN = SHARES.flatMap(({ phase, share, withinMs }) =>
  Array.from({ length: Math.max(1, Math.round(share * KILLS)) }, () => ({ phase, withinMs })),
);

test(`kill -9 at ${PLAN.length} random moments of one import, from preflight to cleanup → one image with the same disk, nothing else remains, and no noted part is sent again`, async () => {
  const bucket = 'killed-imports';
  const file = await rawDisk(bucket, RANGES);
  let worker = await startWorker();
  const id = await startImport(file, bucket);
  const ended = new AbortController();
  const compared = compareObject(file, bucket, ended.signal).then(
    () => null,
    (error: unknown) => String(error),
  );
  const kills: string[] = [];
  const begun = performance.now();
  const noted = new Map<number, number>();
  const calls = async () => (await service.calls()).length;
  for (const { phase, withinMs } of PLAN) {
    const before = await calls();
    const view = await service.until(id, (one) => !isBefore(one, phase), PATIENT_MS);
    // The new worker has taken over.
    while ((await calls()) === before && !isFinal((await service.get(id)).state)) await sleep(20);
    const delayMs = Math.round(Math.random() * withinMs);
    await sleep(delayMs);
    await worker.end();
    const now = await service.get(id);
    const last = (await service.calls()).at(-1)?.action;
    for (const number of await notedParts(bucket)) {
      noted.set(number, noted.get(number) ?? (await arrivals(bucket)).get(number) ?? 0);
    }
    kills.push(
      `kill ${kills.length + 1} after ${Math.round((performance.now() - begun) / 1_000)} s: wanted in ${phase}, seen ${view.phase}, ${delayMs} ms later ${now.phase} (${now.state}), after ${last}, ${noted.size} parts noted`,
    );
    worker = await startWorker();
  }
  await service.until(id, hasEnded, PATIENT_MS);
  await untilChecked(service, [id], PATIENT_MS);
  ended.abort(new Error('the import ended before its object was seen'));
  await worker.end();
  const history = `\n${kills.join('\n')}\n`;
  console.log(history);
  expect(await compared, history).toBeNull();
  const sent = await arrivals(bucket);
  const again = [...noted].filter(([number, count]) => sent.get(number) !== count);
  expect(again, `noted parts that were sent again:${history}`).toEqual([]);
  if (KILLS >= 20) expect(noted.size, history).toBeGreaterThan(0);
  const left = [...(await remains(id, bucket)), ...(await remainingFiles()), ...(await remainingProcesses())];
  expect(left, `what remains:${history}`).toEqual([]);
  const duringImport = kills.filter((line) => line.includes('(running)')).length;
  expect(duringImport, history).toBeGreaterThanOrEqual(PLAN.length - 2);
}, 2_400_000);

test(`a worker is frozen ${FREEZES} times while imports are in different phases, another one ends them, and it wakes → one image each, nothing else remains`, async () => {
  const imports: { readonly id: string; readonly bucket: string }[] = [];
  const history: string[] = [];
  for (let freeze = 1; freeze <= FREEZES; freeze += 1) {
    const frozen = await startWorker();
    const ids: string[] = [];
    for (let index = 0; index < 6; index += 1) {
      const bucket = `frozen-${freeze}-${index}`;
      ids.push(await startImport(await rawDisk(bucket, FREEZE_RANGES), bucket));
      imports.push({ id: ids.at(-1) ?? '', bucket });
      await sleep(Math.random() * 4_000);
    }
    frozen.signal('SIGSTOP');
    const phases = await Promise.all(ids.map(async (id) => (await service.get(id)).phase));
    history.push(`freeze ${freeze}: ${phases.join(', ')}`);
    const other = await startWorker();
    for (const id of ids) await service.until(id, hasEnded, PATIENT_MS);
    frozen.signal('SIGCONT');
    await untilChecked(service, ids, PATIENT_MS);
    await Promise.all([frozen, other].map((one) => one.end()));
  }
  console.log(history.join('\n'));
  const left = [...(await remainingFiles()), ...(await remainingProcesses())];
  for (const { id, bucket } of imports) {
    left.push(...(await remains(id, bucket)).map((line) => `${bucket}: ${line}`));
  }
  expect(left, `what remains: ${history.join('; ')}`).toEqual([]);
}, 2_400_000);
