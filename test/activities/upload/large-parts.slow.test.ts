/** Parts that are sent while they are compressed, without a known length: those of disks above 612 GiB, here of a small disk. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { PartLimits } from '../../../images/stream/layout.js';
import { type SendingImport, type SendingWorld, startSendingWorld } from '../../support/activities/upload/sending.js';
import { startChunkProxy } from '../../support/alibaba/chunk-proxy.js';

const MIB = 1024 ** 2;
/** Two parts of three segments, and one of a single segment that ends within a sector. */
const SIZE = 6 * 16 * MIB + 1536;
const LIMITS: PartLimits = { ranges: 3, bufferedSegments: 1 };
const LARGE = 2;

let world: SendingWorld;
let folder: string;
let file: string;
let bucket: string;
let made = 0;

beforeAll(async () => {
  world = await startSendingWorld();
  folder = await mkdtemp(join(tmpdir(), 'large-parts-'));
});
afterAll(async () => {
  await world?.close();
  await rm(folder, { recursive: true });
});

/** Text, noise, a hole of a segment, and data in the last sector. */
beforeEach(async () => {
  made += 1;
  file = join(folder, `${made}.raw`);
  bucket = `large-${made}`;
  world.cloud.world.faults.clear();
  const target = await open(file, 'w');
  for (const segment of [0, 2, 3, 4, 5]) {
    const piece = Buffer.alloc(5 * MIB, `segment ${segment} of disk ${made} `);
    randomBytes(2 * MIB).copy(piece, MIB);
    await target.write(piece, 0, piece.length, segment * 16 * MIB + 3000);
  }
  await target.write(Buffer.alloc(700, 'the end'), 0, 700, SIZE - 700);
  await target.truncate(SIZE);
  await target.close();
});

async function send(one: SendingImport, address = world.cloud.address): Promise<void> {
  const sending = await one.start({ limits: LIMITS, address });
  expect(await sending.end).toHaveProperty('growth');
}

const sentParts = (number?: number) =>
  world.cloud.world.journal
    .read({ action: 'UploadPart' })
    .calls.filter(
      ({ params }) => params.bucket === bucket && (number === undefined || params.partNumber === String(number)),
    );
const hits = ({ id }: { readonly id: string }) =>
  world.cloud.world.faults.list().find((fault) => fault.id === id)?.hits;
const plant = (fault: object) => world.cloud.world.faults.add({ service: 'oss', action: 'UploadPart', ...fault });

test('two of three parts have no known length → the same disk, and a note with the length and CRC64 of each part', async () => {
  const proxy = await startChunkProxy(world.cloud.address, 'pass');
  const held = world.cloud.world.faults.add({ service: 'oss', action: 'CompleteMultipartUpload', kind: 'hold' });
  const one = await world.prepare(file, bucket);
  const sending = await one.start({ limits: LIMITS, address: proxy.address });
  await expect.poll(() => hits(held)).toBe(1);
  expect(proxy.chunked).toBe(LARGE);
  const received = sentParts().map(({ params, bytes }) => [Number(params.partNumber), bytes]);
  const noted = (await world.notes(bucket)).map(({ number, length }) => [number, length]);
  expect(noted).toHaveLength(3);
  expect(received).toEqual(expect.arrayContaining(noted));
  world.cloud.world.faults.clear();
  expect(await sending.end).toHaveProperty('growth');
  proxy.close();
  await world.compare(file, bucket);
});

test('a server before OSS requires the length of each body → each large part is compressed twice, and the disk is the same', async () => {
  const proxy = await startChunkProxy(world.cloud.address, 'refuse');
  await send(await world.prepare(file, bucket), proxy.address);
  proxy.close();
  expect(proxy.chunked).toBeGreaterThan(0);
  await world.compare(file, bucket);
});

test('the last chunk of a part is lost → the part does not exist, and is sent again', async () => {
  const proxy = await startChunkProxy(world.cloud.address, 'lose-last-chunk');
  await send(await world.prepare(file, bucket), proxy.address);
  proxy.close();
  expect(proxy.chunked).toBe(LARGE + 1);
  await world.compare(file, bucket);
});

test.each([
  ['is reset after 3 MiB', { kind: 'reset-before', afterBytes: 3 * MIB }],
  ['answers 503 in the middle of the body', { kind: 'http', status: 503, code: 'ServiceUnavailable' }],
  ['is reset after the part was stored', { kind: 'reset-after' }],
])('the connection of a large part %s → only this part is sent again', async (_how, fault) => {
  plant({ ...fault, match: { partNumber: '2' }, times: 1 });
  await send(await world.prepare(file, bucket));
  expect(sentParts(2)).toHaveLength(2);
  expect(sentParts(3)).toHaveLength(1);
  await world.compare(file, bucket);
});

test('kill -9 in the middle of a large part → the next process sends this part again, and no part that was noted', async () => {
  const one = await world.prepare(file, bucket);
  const held = plant({ kind: 'hang', match: { partNumber: '3' }, times: 1, afterBytes: 2 * MIB });
  const first = await one.start({ limits: LIMITS });
  await expect.poll(async () => (await world.notes(bucket)).map(({ number }) => number)).toEqual([2, 4]);
  await expect.poll(() => hits(held)).toBe(1);
  first.signal('SIGKILL');
  expect(await first.end).toBeNull();
  await send(one);
  expect(sentParts(2)).toHaveLength(1);
  expect(sentParts(4)).toHaveLength(1);
  await world.compare(file, bucket);
});
