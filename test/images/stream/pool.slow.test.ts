/** The threads that read and compress a disk: every container, from a file and by ranges of a remote image. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { containerOf } from '../../../images/convert/decision.js';
import { inspectImage } from '../../../images/inspect.js';
import {
  type CompressionPool,
  createCompressionPool,
  type PooledDisk,
  type Segment,
} from '../../../images/stream/compression-pool.js';
import { layoutOf, MIN_PART_BYTES, type RangeNote } from '../../../images/stream/layout.js';
import { isStreamable } from '../../../images/stream/streamable.js';
import { tablesOf } from '../../../images/stream/tables.js';
import { packRanges } from '../../../images/trim/trimmed-disk.js';
import { bytesOf } from '../../support/images/stream/segment-bytes.js';

const MIB = 1024 ** 2;
const SIZE = 40 * MIB;
const THREAD = new URL('../../../dist/images/stream/thread.js', import.meta.url);
const { signal } = new AbortController();

let folder: string;
let pool: CompressionPool;
const at = (name: string) => path.join(folder, name);
const run = (script: string) => execFileSync('bash', ['-ec', script], { cwd: folder }).toString();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pool-'));
  pool = createCompressionPool(2, THREAD);
  const file = await open(at('disk.raw'), 'w');
  const table = Buffer.alloc(512);
  table.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  table.writeUInt32LE(2048, 454);
  table.writeUInt32LE(SIZE / 512 - 2048, 458);
  table.writeUInt16LE(0xaa55, 510);
  await file.write(table, 0, 512, 0);
  await file.write(randomBytes(2 * MIB), 0, 2 * MIB, 3 * MIB + 512);
  await file.write(Buffer.alloc(3 * MIB, 'text that repeats itself'), 0, 3 * MIB, 35 * MIB);
  await file.truncate(SIZE);
  await file.close();
  run(`
    qemu-img convert -f raw -O vmdk -o subformat=streamOptimized disk.raw stream.vmdk
    qemu-img convert -f raw -O vmdk disk.raw sparse.vmdk
    qemu-img convert -f raw -O vpc -o force_size=on disk.raw disk.vhd
    qemu-img convert -f raw -O vhdx disk.raw disk.vhdx
    qemu-img convert -f raw -O vdi disk.raw disk.vdi
    qemu-img convert -f raw -O qcow2 -c disk.raw disk.qcow2
    cat > machine.ovf <<'OVF'
<?xml version="1.0"?><Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1">
<References><File ovf:id="file1" ovf:href="stream.vmdk"/></References>
<DiskSection><Disk ovf:diskId="disk1" ovf:fileRef="file1" ovf:capacity="${SIZE}"/></DiskSection></Envelope>
OVF
    tar -cf machine.ova machine.ovf stream.vmdk
  `);
});
afterAll(async () => {
  await pool.close();
  await rm(folder, { recursive: true });
});

/** The bytes of the segment too, in memory of their own. */
async function compressedAt(disk: PooledDisk, segment: Pick<Segment, 'offset' | 'length' | 'bytes'>) {
  const blocks = await pool.memory.take(1, signal, {});
  const [target] = blocks.segments;
  if (target === undefined) throw new Error('the memory has no room for a segment');
  try {
    const result = await disk.compress({ ...segment, output: { level: 1, target } }, signal);
    return { ...result, body: bytesOf(pool.memory, result.pieces) };
  } finally {
    blocks.release();
  }
}

/** Puts the parts together as OSS does. */
async function compressed(disk: PooledDisk, target: string): Promise<void> {
  const layout = layoutOf(SIZE);
  const ranges = [0, 1, 2].flatMap((index) => layout.range(index) ?? []);
  const results = await Promise.all(ranges.map(async (range) => await compressedAt(disk, range)));
  const parts = results.map(({ body, clusters }, index): { note: RangeNote; body: Buffer } => {
    const length = body.length === 0 ? 0 : Math.max(MIN_PART_BYTES, body.length);
    return {
      note: { index, offset: ranges[index]?.offset ?? 0, length, clusters },
      body: Buffer.concat([body], length),
    };
  });
  const tables = await tablesOf(SIZE, () => parts.map(({ note }) => note));
  const file = await open(target, 'w');
  for (const body of [tables.header, ...parts.map((part) => part.body)]) await file.write(body);
  for await (const { body } of tables.parts()) await file.write(body);
  await file.close();
}

async function sourceOf(name: string) {
  const inspection = await inspectImage(at(name));
  const container = containerOf(inspection);
  expect(isStreamable(container)).toBe(true);
  return { container: { format: container.format, virtualSize: container.virtualSize }, free: packRanges([]) };
}

const readFrom = (file: FileHandle) => async (offset: number, target: Uint8Array) => {
  await file.read(target, 0, target.byteLength, offset);
};

describe('a disk in', () => {
  test.each([
    'disk.raw',
    'stream.vmdk',
    'sparse.vmdk',
    'disk.vhd',
    'disk.vhdx',
    'disk.vdi',
    'disk.qcow2',
    'machine.ova',
  ])('%s → the same disk as a compressed QCOW2, read from the file and by ranges', async (name) => {
    const source = await sourceOf(name);
    const file = await open(at(name), 'r');
    const { size } = await file.stat();
    const local = pool.open({ ...source, image: { kind: 'file', fd: file.fd, size } });
    const remote = pool.open({ ...source, image: { kind: 'remote', size } }, readFrom(file));
    await compressed(local, at('local.qcow2'));
    await compressed(remote, at('remote.qcow2'));
    await Promise.all([local.close(), remote.close()]);
    await file.close();
    for (const made of ['local.qcow2', 'remote.qcow2']) {
      expect(JSON.parse(run(`qemu-img check --output=json ${made}`))).toMatchObject({ 'check-errors': 0 });
      expect(run(`qemu-img compare -f raw -F qcow2 disk.raw ${made}`)).toContain('identical');
    }
  });
});

test('a raw disk whose bytes come with the tasks → the same as from the file, free bytes left out too', async () => {
  const file = await open(at('disk.raw'), 'r');
  const free = packRanges([{ offset: 65_536, length: 3 * 65_536 }]);
  const disk = pool.open({ ...(await sourceOf('disk.raw')), free, image: { kind: 'file', fd: file.fd, size: SIZE } });
  for (const offset of [0, MIB]) {
    const piece = new Uint8Array(MIB);
    await file.read(piece, 0, MIB, offset);
    const fromFile = await compressedAt(disk, { offset, length: MIB });
    const given = await compressedAt(disk, { offset, length: MIB, bytes: piece });
    expect(Buffer.compare(given.body, fromFile.body)).toBe(0);
    expect(given.digest).toEqual(fromFile.digest);
    const onlyDigest = await disk.compress({ offset, length: MIB, output: null }, signal);
    expect([onlyDigest.digest, onlyDigest.pieces]).toEqual([fromFile.digest, []]);
  }
  await disk.close();
  await file.close();
});

describe('a remote disk', () => {
  test('whose server fails → rejects with its error, and the pool continues', async () => {
    const source = await sourceOf('stream.vmdk');
    const broken = pool.open({ ...source, image: { kind: 'remote', size: SIZE } }, async () => {
      throw new Error('the connection was reset');
    });
    await expect(compressedAt(broken, { offset: 0, length: MIB })).rejects.toThrow('connection was reset');
    await broken.close();
    const file = await open(at('disk.raw'), 'r');
    const raw = pool.open({ ...(await sourceOf('disk.raw')), image: { kind: 'file', fd: file.fd, size: SIZE } });
    expect((await compressedAt(raw, { offset: 0, length: MIB })).body.length).toBeGreaterThan(0);
    await raw.close();
    await file.close();
  });

  test('whose server sends nothing, with more segments than threads → other disks are compressed meanwhile', async () => {
    const stop = new AbortController();
    setMaxListeners(0, stop.signal);
    let fail = (_error: Error) => {};
    const never = new Promise<never>((_, reject) => {
      fail = reject;
    });
    never.catch(() => undefined);
    const vmdk = await sourceOf('stream.vmdk');
    const hanging = Array.from({ length: 6 }, () =>
      pool.open({ ...vmdk, image: { kind: 'remote', size: SIZE } }, () => never),
    );
    const compressing = hanging.flatMap((disk) =>
      [0, 1, 2].map((index) => disk.compress({ offset: index * MIB, length: MIB, output: null }, stop.signal)),
    );
    const ended = Promise.allSettled(compressing);
    const file = await open(at('disk.raw'), 'r');
    const source = await sourceOf('disk.raw');
    const local = pool.open({ ...source, image: { kind: 'file', fd: file.fd, size: SIZE } });
    const results = await Promise.all([3, 4, 35].map((mib) => compressedAt(local, { offset: mib * MIB, length: MIB })));
    for (const { body } of results) expect(body.length).toBeGreaterThan(0);
    fail(new Error('the server ended the connection'));
    expect((await ended).map(({ status }) => status)).toEqual(compressing.map(() => 'rejected'));
    await Promise.all([local, ...hanging].map((disk) => disk.close()));
    await file.close();
  });

  test('whose server hangs, and an abort → rejects with the reason of the abort', async () => {
    const source = await sourceOf('stream.vmdk');
    const hanging = pool.open(
      { ...source, image: { kind: 'remote', size: SIZE } },
      (_offset, _target, stop) => new Promise((_, reject) => stop.addEventListener('abort', () => reject(stop.reason))),
    );
    const stop = new AbortController();
    const compressing = hanging.compress({ offset: 0, length: MIB, output: null }, stop.signal);
    setTimeout(() => stop.abort(new Error('cancelled')), 100);
    await expect(compressing).rejects.toThrow('cancelled');
    await hanging.close();
  });
});
