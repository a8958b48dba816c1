/**
 * A worker is frozen (SIGSTOP) at a moment of an upload that is compressed while it is sent; another worker finishes the
 * import, and the first one wakes. Each import has a bucket of its own. One of two keeps its object, which is compared.
 */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPool } from '../../store/database.js';
import { startExtraWorker } from '../support/e2e/extra-worker.js';
import { type Fault, REGION, type Service, startService } from '../support/e2e/service.js';
import { bootSector } from '../support/emulator/made-disks.js';
import { violations } from './judge.js';
import { freezeEnv, untilChecked } from './run-freezes.js';

const MIB = 1024 ** 2;
const ENV = freezeEnv('in time', 25_000);

interface Moment {
  readonly name: string;
  /** Null: the worker is frozen when it has noted a part and compresses others. */
  readonly call: Pick<Fault, 'action' | 'kind' | 'match'> | null;
  readonly mebibytes: number;
}

const MOMENTS: readonly Moment[] = [
  { name: 'compressing', call: null, mebibytes: 480 },
  {
    name: 'sent-not-noted',
    call: { action: 'UploadPart', kind: 'hold-after', match: { partNumber: '3' } },
    mebibytes: 64,
  },
  { name: 'late-part', call: { action: 'UploadPart', kind: 'hold', match: { partNumber: '3' } }, mebibytes: 64 },
  { name: 'late-header', call: { action: 'UploadPart', kind: 'hold', match: { partNumber: '1' } }, mebibytes: 64 },
  { name: 'late-completion', call: { action: 'CompleteMultipartUpload', kind: 'hold' }, mebibytes: 64 },
  { name: 'lost-completion', call: { action: 'CompleteMultipartUpload', kind: 'hold-after' }, mebibytes: 64 },
];
const CASES = MOMENTS.flatMap((moment) =>
  [true, false].map((keepObject) => ({
    ...moment,
    keepObject,
    bucket: `${moment.name}-${keepObject ? 'kept' : 'gone'}`,
  })),
);

const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-freeze-'));
let service: Service;
let pool: pg.Pool;

beforeAll(async () => {
  service = await startService({ env: ENV, buckets: CASES.map(({ bucket }) => `${bucket}@${REGION}`) });
  await service.learnNoLimits();
  pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
});
afterAll(async () => {
  await pool?.end();
  await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Text, with noise in every segment of 16 MiB. */
async function makeDisk(name: string, mebibytes: number): Promise<string> {
  const file = path.join(folder, `${name}.raw`);
  const target = await open(file, 'w');
  const words = randomBytes(3000).toString('base64');
  for (let at = 0; at < mebibytes; at += 16) {
    const piece = Buffer.alloc(12 * MIB, `${name} ${at} ${words}`);
    randomBytes(100_000).copy(piece, 200_000);
    if (at === 0) bootSector().copy(piece);
    await target.write(piece, 0, piece.length, at * MIB);
  }
  await target.truncate(mebibytes * MIB);
  await target.close();
  return file;
}

async function notesOf(bucket: string): Promise<{ readonly parts: number; readonly noted: number }> {
  const { rows } = await pool.query<{ parts: number; noted: number }>(
    `select count(r.*)::int as parts, count(r.length)::int as noted from ecs_image_import.uploads u
     join ecs_image_import.upload_ranges r on r.upload = u.id where u.bucket = $1`,
    [bucket],
  );
  return rows[0] ?? { parts: 0, noted: 0 };
}

test('frozen at a moment of a streamed upload while another worker finishes it → one image, the same disk, nothing else remains', async () => {
  await service.settings({ importSeconds: 0.3, detectionSeconds: 0 });
  const runs: { one: (typeof CASES)[number]; file: string; id: string; faultId: string }[] = [];
  const start = async (one: (typeof CASES)[number], fault: Fault) => {
    const { bucket, keepObject } = one;
    const file = await makeDisk(bucket, one.mebibytes);
    const faultId = await service.fault(fault);
    const id = await service.start({
      ...{ osType: 'linux', inspection: { failOn: 'never' }, detection: { failOn: 'never' } },
      disks: [{ source: `file://${file}`, format: 'RAW' }],
      upload: { bucket, prefix: 'imports/', convert: 'qcow2', keepObject },
    });
    runs.push({ one, file, id, faultId });
  };
  for (const one of CASES) {
    if (one.call === null) continue;
    const match = { bucket: one.bucket, ...(typeof one.call.match === 'object' ? one.call.match : {}) };
    await start(one, { service: 'oss', ...one.call, match, times: 1 });
  }
  for (const { faultId } of runs) await expect.poll(async () => (await service.hits()).get(faultId)).toBe(1);
  for (const one of CASES) {
    const { bucket } = one;
    const slow = {
      service: 'oss',
      action: 'UploadPart',
      kind: 'slow',
      match: { bucket },
      times: -1,
      delayMs: 300,
    } as const;
    if (one.call === null) await start(one, slow);
  }
  await expect.poll(async () => (await notesOf('compressing-gone')).noted, { interval: 20 }).toBeGreaterThan(0);
  service.signal('worker', 'SIGSTOP');
  const before = await notesOf('compressing-gone');
  expect(before.noted).toBeLessThan(29);
  const other = await startExtraWorker(service, ENV);
  try {
    const ended = [];
    for (const { id } of runs) ended.push(await service.untilState(id, 'succeeded', 'failed', 'cancelled'));
    for (const { faultId } of runs) await service.endFault(faultId);
    service.signal('worker', 'SIGCONT');
    await untilChecked(
      service,
      runs.map(({ id }) => id),
    );
    const cloud = await service.state();
    for (const { one, id, file } of runs) {
      const { events } = (
        await service.request('GET', `/v1/imports/${id}/report`, undefined, { accept: 'application/json' })
      ).body;
      const view = await service.get(id);
      const kept = one.keepObject ? /^object .* remains$/ : /$^/;
      const broken = violations({ view, cloud, events, stops: 0 }).filter((line) => !kept.test(line));
      expect({ bucket: one.bucket, state: view.state, broken }).toEqual({
        bucket: one.bucket,
        state: 'succeeded',
        broken: [],
      });
      expect({ bucket: one.bucket, ...(await notesOf(one.bucket)) }).toEqual({
        bucket: one.bucket,
        parts: 0,
        noted: 0,
      });
      const objects = cloud.objects.filter(({ bucket }) => bucket === one.bucket);
      expect(objects).toHaveLength(one.keepObject ? 1 : 0);
      const [object] = objects;
      if (object === undefined) continue;
      const copy = `${file}.qcow2`;
      await service.oss(one.bucket).get(object.key, copy);
      expect(statSync(copy).size).toBe(object.size);
      execFileSync('qemu-img', ['compare', '-q', '-f', 'raw', '-F', 'qcow2', file, copy]);
    }
    expect(cloud.uploads).toEqual([]);
  } finally {
    service.signal('worker', 'SIGCONT');
    await other.end();
  }
}, 900_000);
