/**
 * Containers that were made to mislead: each is refused with a code, evidence and a remedy, or its disk is the one that
 * qemu-img reads. Made from images of qemu-img.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../../images/bytes.js';
import { containerOf } from '../../../images/convert/decision.js';
import { inspectFile } from '../../../images/inspect.js';
import { openDisk, type ReadImage } from '../../../images/stream/disk-source.js';
import { isStreamable } from '../../../images/stream/streamable.js';
import { packRanges } from '../../../images/trim/trimmed-disk.js';
import { asFile } from '../../support/images/made-images.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const SECTOR = 512;
const SIZE = 4 * MIB;
const QEMU_NAMES: Readonly<Record<string, string>> = {
  VMDK: 'vmdk',
  VHDX: 'vhdx',
  VDI: 'vdi',
  QCOW2: 'qcow2',
  VHD: 'vpc',
};
const SAFE_INTEGER_AND_MORE = 2n ** 63n;

let folder: string;
const made = new Map<string, Buffer>();
const readInto =
  (read: (offset: number, length: number) => Buffer): ReadImage =>
  (offset, target) =>
    void read(offset, target.length).copy(target);
const at = (name: string) => path.join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'hostile-containers-'));
  const disk = Buffer.alloc(SIZE);
  randomFillSync(disk, 64 * KIB, 300 * KIB);
  disk.fill('text that repeats itself', 2 * MIB, 2 * MIB + 200 * KIB);
  // An MBR with one partition.
  disk.set([0x80, 0, 0, 0, 0x83, 0, 0, 0], 446);
  disk.writeUInt32LE(128, 454);
  disk.writeUInt32LE(SIZE / SECTOR - 128, 458);
  disk.writeUInt16LE(0xaa55, 510);
  writeFileSync(at('disk.raw'), disk);
  for (const [name, options] of [
    ['stream.vmdk', '-O vmdk -o subformat=streamOptimized'],
    ['sparse.vmdk', '-O vmdk'],
    ['disk.vhdx', '-O vhdx -o block_size=1M'],
    ['disk.vdi', '-O vdi'],
    ['plain.qcow2', '-O qcow2'],
    ['compressed.qcow2', '-O qcow2 -c'],
    ['disk.vhd', '-O vpc -o force_size=on'],
  ] as const) {
    execFileSync('qemu-img', ['convert', '-f', 'raw', ...options.split(' '), at('disk.raw'), at(name)]);
    made.set(name, readFileSync(at(name)));
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** The codes of the refusal; or the disk. */
function read(bytes: Buffer): { readonly refused: readonly string[] } | { readonly disk: Buffer } {
  const inspection = inspectFile(asFile(bytes));
  const blocking = inspection.findings.filter(({ severity }) => severity === 'blocking');
  for (const { message, evidence, remedy } of blocking) {
    expect(message.length).toBeGreaterThan(10);
    expect(evidence.length).toBeGreaterThan(5);
    expect(remedy?.length).toBeGreaterThan(10);
  }
  const container = containerOf(inspection);
  if (!isStreamable(container)) return { refused: blocking.map(({ code }) => code) };
  const { format, virtualSize } = container;
  const { read: readBytes } = bufferSource(bytes);
  const image = { kind: 'remote', size: bytes.length } as const;
  try {
    const disk = openDisk({ container: { format, virtualSize }, free: packRanges([]) }, image, readInto(readBytes));
    return { disk: Buffer.from(disk.read(0, disk.size)) };
  } catch (error) {
    // As a thread reports it: the import fails with Convert.Failed.
    return { refused: [error instanceof Error ? error.name : String(error)] };
  }
}

/** The disk as qemu-img reads it; null: it refuses it. */
function asQemuReads(bytes: Buffer, format: string): Buffer | null {
  writeFileSync(at('hostile'), bytes);
  const target = at('read.raw');
  const options = ['convert', '-f', QEMU_NAMES[format] ?? 'raw', '-O', 'raw', at('hostile'), target];
  const { status } = spawnSync('qemu-img', options, { timeout: 20_000 });
  return status === 0 ? readFileSync(target) : null;
}

interface Hostile {
  readonly name: string;
  readonly file: string;
  readonly change: (bytes: Buffer) => void;
  /** Null: the disk is that of qemu-img. */
  readonly refused: string | null;
}

const vdiTable = (bytes: Buffer) => bytes.readUInt32LE(340);
const vmdkTable = (bytes: Buffer) => bytes.readUInt32LE(Number(bytes.readBigUInt64LE(56)) * SECTOR) * SECTOR;
const firstGrain = (bytes: Buffer) => {
  for (let entry = vmdkTable(bytes); ; entry += 4) {
    const sector = bytes.readUInt32LE(entry);
    if (sector > 1) return { entry, at: sector * SECTOR };
  }
};
const l2Table = (bytes: Buffer) => Number(bytes.readBigUInt64BE(Number(bytes.readBigUInt64BE(40))) & 0xff_ffff_fe00n);
/** The block allocation table, from the table of regions. */
const vhdxTable = (bytes: Buffer) => {
  const entry = bytes.indexOf(Buffer.from('6677c22d23f600429d64115e9bfd4a08', 'hex'), 192 * KIB);
  return Number(bytes.readBigUInt64LE(entry + 16));
};
/** Another state of the first block, in the same place. */
const setVhdxState = (bytes: Buffer, state: bigint) => {
  const table = vhdxTable(bytes);
  bytes.writeBigUInt64LE((bytes.readBigUInt64LE(table) & ~7n) | state, table);
};

const CASES: readonly Hostile[] = [
  {
    name: 'a VDI whose block map leads beyond the file',
    file: 'disk.vdi',
    change: (bytes) => void bytes.writeUInt32LE(0x7fff_fff0, vdiTable(bytes)),
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a VDI with two entries for one block',
    file: 'disk.vdi',
    change: (bytes) => void bytes.writeUInt32LE(bytes.readUInt32LE(vdiTable(bytes)), vdiTable(bytes) + 4),
    refused: null,
  },
  {
    name: 'a VDI of 2^63 bytes',
    file: 'disk.vdi',
    change: (bytes) => void bytes.writeBigUInt64LE(SAFE_INTEGER_AND_MORE, 368),
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a VDI whose block map is beyond the file',
    file: 'disk.vdi',
    change: (bytes) => void bytes.writeUInt32LE(0xffff_fe00, 340),
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a VMDK whose grain is beyond the file',
    file: 'sparse.vmdk',
    change: (bytes) => void bytes.writeUInt32LE(0x0fff_ffff, vmdkTable(bytes)),
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a VMDK with two entries for one grain',
    file: 'sparse.vmdk',
    change: (bytes) => void bytes.writeUInt32LE(bytes.readUInt32LE(vmdkTable(bytes)), vmdkTable(bytes) + 4),
    refused: null,
  },
  {
    name: 'a VMDK whose grain table is its own directory',
    file: 'sparse.vmdk',
    change: (bytes) => {
      const directory = Number(bytes.readBigUInt64LE(56));
      bytes.writeUInt32LE(directory, directory * SECTOR);
    },
    refused: null,
  },
  {
    name: 'a VMDK of 2^63 sectors',
    file: 'sparse.vmdk',
    change: (bytes) => void bytes.writeBigUInt64LE(SAFE_INTEGER_AND_MORE, 12),
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a VMDK stream whose grain is shorter than a grain',
    file: 'stream.vmdk',
    change: (bytes) => {
      const grain = firstGrain(bytes);
      const short = execFileSync('python3', [
        '-c',
        'import sys,zlib; sys.stdout.buffer.write(zlib.compress(b"short"))',
      ]);
      bytes.writeUInt32LE(short.length, grain.at + 8);
      short.copy(bytes, grain.at + 12);
    },
    refused: 'UnreadableError',
  },
  {
    name: 'a VMDK stream whose grain claims 4 GiB',
    file: 'stream.vmdk',
    change: (bytes) => void bytes.writeUInt32LE(0xffff_ffff, firstGrain(bytes).at + 8),
    refused: 'UnreadableError',
  },
  {
    name: 'a QCOW2 whose L2 table is its L1 table',
    file: 'plain.qcow2',
    change: (bytes) => {
      const l1 = Number(bytes.readBigUInt64BE(40));
      bytes.writeBigUInt64BE(BigInt(l1) | (1n << 63n), l1);
    },
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a QCOW2 with a cluster that belongs to two places',
    file: 'plain.qcow2',
    change: (bytes) => {
      const table = l2Table(bytes);
      bytes.copy(bytes, table + 8, table, table + 8);
    },
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a QCOW2 with a cluster that is its header',
    file: 'plain.qcow2',
    change: (bytes) => void bytes.writeBigUInt64BE(1n << 63n, l2Table(bytes)),
    refused: null,
  },
  {
    name: 'a QCOW2 with a cluster at an offset that is not one of a cluster',
    file: 'plain.qcow2',
    change: (bytes) => {
      const table = l2Table(bytes);
      bytes.writeBigUInt64BE(bytes.readBigUInt64BE(table) + 512n, table);
    },
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a QCOW2 whose cluster is beyond the file',
    file: 'plain.qcow2',
    change: (bytes) => void bytes.writeBigUInt64BE((1n << 63n) | (1n << 50n), l2Table(bytes)),
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a QCOW2 of 2^63 bytes',
    file: 'plain.qcow2',
    change: (bytes) => void bytes.writeBigUInt64BE(SAFE_INTEGER_AND_MORE, 24),
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a QCOW2 with a compressed cluster of other bytes',
    file: 'compressed.qcow2',
    change: (bytes) => {
      const table = l2Table(bytes);
      for (let entry = table; entry < table + 64 * KIB; entry += 8) {
        const value = bytes.readBigUInt64BE(entry);
        if ((value & (1n << 62n)) === 0n) continue;
        const offset = Number(value & ((1n << 54n) - 1n));
        bytes.fill(0xff, offset, offset + 16);
        return;
      }
      throw new Error('no compressed cluster');
    },
    refused: 'UnreadableError',
  },
  {
    name: 'a VHDX whose block is beyond the file',
    file: 'disk.vhdx',
    change: (bytes) => void bytes.writeBigUInt64LE((1n << 50n) | 6n, vhdxTable(bytes)),
    refused: 'ECSIMPORT.Truncated',
  },
  {
    name: 'a VHDX with a block that has only some of its sectors, although it has no parent',
    file: 'disk.vhdx',
    change: (bytes) => setVhdxState(bytes, 7n),
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a VHDX with a block in an unknown state',
    file: 'disk.vhdx',
    change: (bytes) => setVhdxState(bytes, 4n),
    refused: 'ECSIMPORT.Damaged',
  },
  {
    name: 'a VHD whose block is beyond the file',
    file: 'disk.vhd',
    change: (bytes) => void bytes.writeUInt32BE(0x7fff_ffff, Number(bytes.readBigUInt64BE(SECTOR + 16))),
    refused: 'ECSIMPORT.Truncated',
  },
];

describe('a hostile container', () => {
  test.each(CASES)('$name → refused, or the disk that qemu-img reads', ({ file, change, refused }) => {
    const bytes = Buffer.from(made.get(file) ?? []);
    change(bytes);
    const result = read(bytes);
    if (refused !== null) {
      expect('refused' in result ? result.refused : ['read']).toContain(refused);
      return;
    }
    const format = inspectFile(asFile(bytes)).format;
    const expected = asQemuReads(bytes, format);
    expect(expected).not.toBeNull();
    expect('disk' in result && expected !== null && result.disk.equals(expected)).toBe(true);
  });

  test('cut off at any place → never another disk than the whole one', () => {
    const whole = readFileSync(at('disk.raw'));
    for (const [name, bytes] of made) {
      for (const share of [0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999]) {
        const result = read(bytes.subarray(0, Math.floor(bytes.length * share)));
        if ('disk' in result) expect([name, share, result.disk.equals(whole)]).toEqual([name, share, true]);
      }
    }
  });
});

test.each([1, 511, 513])('a raw disk of %i bytes → these bytes, and zeros up to a sector', (size) => {
  const bytes = randomFillSync(Buffer.alloc(size));
  const virtualSize = Math.ceil(size / SECTOR) * SECTOR;
  const image = { kind: 'remote', size } as const;
  const source = { container: { format: 'RAW', virtualSize }, free: packRanges([]) };
  const disk = openDisk(source, image, readInto(bufferSource(bytes).read));
  expect(disk.read(0, virtualSize).equals(Buffer.concat([bytes], virtualSize))).toBe(true);
});

test('a raw disk whose read fails in the middle → the block before it has its own bytes again', () => {
  const bytes = randomFillSync(Buffer.alloc(4 * MIB));
  let fails = true;
  const disk = openDisk(
    { container: { format: 'RAW', virtualSize: bytes.length }, free: packRanges([]) },
    { kind: 'remote', size: bytes.length },
    (offset, target) => {
      bytes.copy(target, 0, offset, offset + (offset > 0 && fails ? 1000 : target.length));
      if (offset > 0 && fails) throw new Error('the connection was reset');
    },
  );
  expect(disk.read(0, 64 * KIB).equals(bytes.subarray(0, 64 * KIB))).toBe(true);
  expect(() => disk.read(2 * MIB, 64 * KIB)).toThrow('reset');
  fails = false;
  for (const offset of [0, 2 * MIB, 2 * MIB - 100]) {
    expect(disk.read(offset, 64 * KIB).equals(bytes.subarray(offset, offset + 64 * KIB))).toBe(true);
  }
});

test('a QCOW2 of 3 TiB with one cluster at its very end → read where it is, and nothing before it', () => {
  const file = at('large.qcow2');
  const size = 3 * 1024 ** 4;
  execFileSync('qemu-img', ['create', '-q', '-f', 'qcow2', file, String(size)]);
  execFileSync('qemu-io', ['-f', 'qcow2', '-c', `write -P 0x5a ${size - 64 * KIB} 64k`, file]);
  const bytes = readFileSync(file);
  const container = containerOf(inspectFile(asFile(bytes)));
  expect(isStreamable(container)).toBe(true);
  const image = { kind: 'remote', size: bytes.length } as const;
  const { format, virtualSize } = container;
  const disk = openDisk(
    { container: { format, virtualSize }, free: packRanges([]) },
    image,
    readInto(bufferSource(bytes).read),
  );
  expect(disk.size).toBe(size);
  expect(disk.zerosFrom?.(size - 128 * KIB)).toBe(64 * KIB);
  expect(disk.read(size - 64 * KIB, 64 * KIB).every((byte) => byte === 0x5a)).toBe(true);
});
