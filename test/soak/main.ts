/**
 * `npm run soak -- [--hours 1] [--concurrency 4] [--every 10] [--out FILE]`: imports of all kinds under random faults, for hours.
 * Prints what grows: memory and handles of each process, both databases, history of each kind of import. Ends with 1 if
 * something grows that must not, or an import ended with other than one image.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Client, Connection } from '@temporalio/client';
import { IMPORT_TAG_KEY, importWorkflowId } from '../../domain/ids.js';
import { openPool } from '../../store/database.js';
import { REGION, startService } from '../support/e2e/service.js';
import { payloadOptionsOf } from '../support/temporal/payload-options.js';
import { LIVES, pick, plantFault, retried, type Soak, serveFolder } from './lives.js';
import { FLAT, measure } from './measure.js';
import { grows, type Point, trendOf } from './slopes.js';

const HOUR_MS = 3_600_000;
/** Caches fill and pools open at first. */
const WARM_UP = 0.3;
/** Of the median, over the whole run. */
const TOLERANCE = 0.15;
/** On average, while the load runs. */
const FAULT_EVERY_MS = 4_000;

const { values } = parseArgs({
  options: {
    hours: { type: 'string', default: '1' },
    concurrency: { type: 'string', default: '4' },
    every: { type: 'string', default: '10' },
    out: { type: 'string' },
  },
});
const durationMs = Number(values.hours) * HOUR_MS;
const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-soak-'));
const web = await serveFolder(folder);
const service = await startService({
  env: { ECS_IMPORT_HTTP_ADDRESSES: '127.0.0.1', ECS_IMPORT_LATE_WINDOW_MS: '10000' },
});
const pool = openPool({ url: service.databaseUrl(), applicationName: 'soak', maxConnections: 1 });
const connection = await Connection.connect(service.temporalConnection());
const client = new Client({ connection, ...(await payloadOptionsOf(service.dataDir)) });
const series = new Map<string, Point[]>();
const problems: string[] = [];
const ended = new Map<string, number>();
let number = 0;
const began = Date.now();
const soak: Soak = { service, folder, webUrl: web.url };
const isOver = () => Date.now() - began > durationMs;
const note = (name: string, y: number) => {
  const points = series.get(name) ?? [];
  points.push({ x: (Date.now() - began) / HOUR_MS, y });
  series.set(name, points);
};

/** One image of a success that is no dry run, none of any other end; it is then deleted, as its owner would. */
async function check(kind: string, id: string): Promise<void> {
  const { state, request } = await service.get(id);
  const regions = [REGION, ...request.distribute.regions];
  for (const region of regions) {
    const ecs = service.cloud.ecs(region);
    const images = await retried(() => ecs.describeImages({ tag: { key: IMPORT_TAG_KEY, value: id } }));
    const expected = state === 'succeeded' && !request.dryRun ? 1 : 0;
    if (images.length !== expected)
      problems.push(`${kind} ${id} ended ${state} with ${images.length} images in ${region}`);
    // Deleted already: the response to the first call was lost.
    for (const { imageId } of images) await retried(() => ecs.deleteImage(imageId)).catch(() => undefined);
  }
  const { historyLength, historySize } = await client.workflow.getHandle(importWorkflowId(id)).describe();
  note(`events of ${kind}`, historyLength);
  note(`history of ${kind} KiB`, (historySize ?? 0) / 1024);
  ended.set(`${kind} ${state}`, (ended.get(`${kind} ${state}`) ?? 0) + 1);
}

async function run(): Promise<void> {
  while (!isOver()) {
    const kind = pick(Object.keys(LIVES));
    number += 1;
    try {
      for (const id of (await LIVES[kind]?.(soak, `soak-${number}`)) ?? []) await check(kind, id);
    } catch (error) {
      problems.push(`${kind} ${number}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

async function disturb(): Promise<void> {
  while (!isOver()) {
    await sleep(Math.random() * 2 * FAULT_EVERY_MS);
    await plantFault(soak);
  }
}

async function sample(): Promise<void> {
  while (!isOver()) {
    for (const [name, value] of Object.entries(await measure(service, pool))) note(name, value);
    await sleep(Number(values.every) * 1_000);
  }
}

function report(): boolean {
  const imports = [...ended.values()].reduce((sum, count) => sum + count, 0);
  const hours = (Date.now() - began) / HOUR_MS;
  console.log(
    `\n${imports} imports in ${(hours * 60).toFixed(0)} minutes: ${[...ended].map(([name, count]) => `${count} ${name}`).join(', ')}`,
  );
  console.log(
    '\n| series | first | last | slope per hour | slope per 1,000 imports | |\n| --- | --- | --- | --- | --- | --- |',
  );
  let isFlat = true;
  for (const [name, points] of [...series].sort(([one], [other]) => one.localeCompare(other))) {
    const late = points.filter(({ x }) => x > hours * WARM_UP);
    const trend = trendOf(
      late.length > 1_000 ? late.filter((_, index) => index % Math.ceil(late.length / 1_000) === 0) : late,
    );
    const isGrowing = FLAT.test(name) && grows(trend, hours * (1 - WARM_UP), TOLERANCE);
    isFlat &&= !isGrowing;
    const perImports = (trend.slope * hours * 1_000) / Math.max(1, imports);
    const cells = [points[0]?.y ?? 0, points.at(-1)?.y ?? 0, trend.slope, perImports].map((value) => value.toFixed(1));
    console.log(`| ${name} | ${cells.join(' | ')} | ${isGrowing ? 'grows' : ''} |`);
  }
  for (const problem of problems) console.log(problem);
  return isFlat && problems.length === 0;
}

try {
  await service.learnNoLimits();
  await service.settings({ importSeconds: 0.5, detectionSeconds: 0.2, copySeconds: 0.3 });
  const loops = Array.from({ length: Number(values.concurrency) }, run);
  await Promise.all([...loops, disturb(), sample()]);
  if (values.out !== undefined) writeFileSync(values.out, JSON.stringify(Object.fromEntries(series)));
  process.exitCode = report() ? 0 : 1;
} finally {
  web.close();
  await pool.end();
  await connection.close();
  await service.stop();
  rmSync(folder, { recursive: true, force: true });
}
