/** The cost of kills during an upload that is compressed while it is sent; `docs/performance.md` has the figures. */
import { randomFillSync } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PART_LIMITS, SEGMENT_BYTES } from '../../images/stream/layout.js';
import { type SendingWorld, startSendingWorld } from '../support/activities/upload/sending.js';

const KILLS = Number(process.env.STREAM_KILLS ?? 20);
const MIB = 1024 ** 2;
/** Each with 3 MiB of data, half of which is noise: a part takes less time than an attempt. */
const RANGES = 192;
const DATA_BYTES = 3 * MIB;
/** Slow enough that the upload outlives all kills. */
const BYTES_PER_SECOND = 8 * MIB;
/** Parts that are sent or built concurrently. */
const MAX_UNDER_WAY = 14;

let world: SendingWorld;
let folder: string;

beforeAll(async () => {
  world = await startSendingWorld();
  folder = await mkdtemp(join(tmpdir(), 'streamed-kills-'));
});
afterAll(async () => {
  await world?.close();
  await rm(folder, { recursive: true });
});

async function rawDisk(): Promise<string> {
  const path = join(folder, 'disk.raw');
  const file = await open(path, 'w');
  const data = Buffer.alloc(DATA_BYTES);
  for (let range = 0; range < RANGES; range += 1) {
    data.fill(`a line of range ${range}\n`);
    for (let at = 0; at < data.length; at += 2048) randomFillSync(data, at, 1024);
    await file.write(data, 0, data.length, range * SEGMENT_BYTES + 3000);
  }
  await file.truncate(RANGES * SEGMENT_BYTES - 512);
  await file.close();
  return path;
}

test(`kill -9 at ${KILLS} random moments of one upload → one object with the same disk; a part that was noted is never sent again`, async () => {
  const disk = await rawDisk();
  const bucket = 'killed';
  const one = await world.prepare(disk, bucket);
  const parts = () =>
    world.cloud.world.journal.read({ action: 'UploadPart' }).calls.filter(({ params }) => params.bucket === bucket);
  const sentOf = (number: number) =>
    parts().filter(({ params, outcome }) => params.partNumber === String(number) && outcome === 'ok').length;
  const begun = performance.now();
  /** How often each part had been sent when it was first seen in the notes, which end with the upload. */
  const noted = new Map<number, number>();
  for (let kills = 0; kills < KILLS; kills += 1) {
    const sending = await one.start({ limits: PART_LIMITS, limitRate: BYTES_PER_SECOND });
    // While other parts are under way, however busy the machine is.
    const wanted = noted.size + 1 + Math.floor(Math.random() * 4);
    let ended: unknown;
    void sending.end.then((end) => {
      ended = end;
    });
    await expect.poll(async () => ended ?? (await world.notes(bucket)).length >= wanted).toBe(true);
    await sleep(Math.random() * 200);
    sending.signal('SIGKILL');
    expect(await sending.end).toBeNull();
    for (const { number } of await world.notes(bucket)) {
      noted.set(number, noted.get(number) ?? sentOf(number));
    }
  }
  expect(noted.size).toBeGreaterThanOrEqual(KILLS);
  expect(noted.size).toBeLessThan(RANGES);
  const last = await one.start({ limits: PART_LIMITS });
  expect(await last.end).toEqual({ growth: expect.any(Number) });
  const again = [...noted].filter(([number, sent]) => sentOf(number) !== sent);
  expect(again).toEqual([]);
  const [object] = world.objectsIn(bucket);
  const size = object?.size ?? 0;
  const extra = parts().reduce((sum, { bytes }) => sum + bytes, 0) - size;
  const mebibytes = (bytes: number) => (bytes / MIB).toFixed(1);
  console.log(
    `${mebibytes(RANGES * DATA_BYTES)} MiB of data, ${mebibytes(size)} MiB object, ${KILLS} kills: ${mebibytes(extra)} MiB sent again, ` +
      `${noted.size} parts noted before the last attempt, ${((performance.now() - begun) / 1000).toFixed(0)} s`,
  );
  // At a kill, at most the parts that were under way.
  expect(extra).toBeLessThan(KILLS * MAX_UNDER_WAY * DATA_BYTES);
  expect(world.cloud.world.uploads.size).toBe(0);
  await world.compare(disk, bucket);
}, 1_200_000);
