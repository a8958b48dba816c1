/** The log of an XFS, made here: which of its changes are replayed, and that a hostile log costs little (xfs_log_recover.c). */
import { describe, expect, test } from 'vitest';
import { type ByteSource, bufferSource, UnreadableError } from '../../images/bytes.js';
import { DamagedLogError } from '../../images/filesystems/filesystem.js';
import { readXfsLog } from '../../images/filesystems/xfs-log.js';
import { replayXfsLog } from '../../images/filesystems/xfs-replay.js';

const SECTOR = 512;
const BLOCK = 4096;
const INODE = 512;
const UUID = Buffer.alloc(16, 7);
const SUPER = { uuid: UUID, version: 5 } as const;
const LAYOUT = { isVersion5: true, blockSize: BLOCK, agBlocks: 1024, inodeSize: INODE };
/** After it, the blocks that the log changes. */
const LOG = { offset: 0, length: 2048 * SECTOR };
const CHUNK = LOG.length / BLOCK;
const PLACE = LOG.length / SECTOR;
const CLUSTER = (64 * INODE) / SECTOR;

interface Operation {
  readonly flags?: number;
  readonly bytes?: Buffer;
}
interface Place {
  readonly sector: number;
  readonly cycle?: number;
  readonly tail?: number;
}

/** A record with one header, without a checksum. */
function record(operations: readonly Operation[], { sector, cycle = 1, tail = 0 }: Place): Buffer {
  const data = Buffer.concat(
    operations.flatMap(({ flags = 0, bytes = Buffer.alloc(0) }) => {
      const header = Buffer.alloc(12);
      header.writeUInt32BE(1, 0);
      header.writeUInt32BE(bytes.length, 4);
      header.writeUInt8(flags, 9);
      return [header, bytes];
    }),
  );
  const made = Buffer.alloc(SECTOR + Math.ceil(data.length / SECTOR) * SECTOR);
  data.copy(made, SECTOR);
  const fields = { 0: 0xfeedbabe, 4: cycle, 8: 2, 12: made.length - SECTOR, 16: cycle, 20: sector, 24: 1, 28: tail };
  for (const [at, value] of Object.entries({ ...fields, 40: operations.length, 320: 32_768 }))
    made.writeUInt32BE(value, Number(at));
  UUID.copy(made, 304);
  for (let index = 1; index * SECTOR < made.length; index += 1) {
    made.copy(made, 44 + (index - 1) * 4, index * SECTOR, index * SECTOR + 4);
    made.writeUInt32BE(cycle, index * SECTOR);
  }
  return made;
}

const transaction = (...regions: readonly Buffer[]): Operation[] => [
  { flags: 1 },
  { bytes: Buffer.from('NARTxxxxxxxxxxxx') },
  ...regions.map((bytes) => ({ bytes })),
  { flags: 2 },
];

function format(length: number, type: number, regions: number, fields: Readonly<Record<number, number>>): Buffer {
  const made = Buffer.alloc(length);
  made.writeUInt16LE(type, 0);
  made.writeUInt16LE(regions, 2);
  for (const [at, value] of Object.entries(fields)) made.writeUInt32LE(value, Number(at));
  return made;
}
/** 64 inodes at CHUNK. */
function icreate(count = 64): Buffer {
  const made = format(28, 0x123f, 1, {});
  for (const [index, value] of [0, CHUNK, count, INODE, CHUNK, 1].entries()) made.writeUInt32BE(value, 4 + index * 4);
  return made;
}
const cancel = (): Buffer => format(24, 0x123c, 1, { 4: 2 + CLUSTER * 2 ** 16, 8: PLACE, 16: 1 });
const inode = (at: number): Buffer[] => {
  const core = Buffer.alloc(176);
  core.write('NI', 'latin1');
  core.writeUInt8(3, 4);
  return [format(56, 0x123b, 2, { 4: 1, 40: PLACE, 48: CLUSTER, 52: at * INODE }), core];
};

const DATA = Buffer.alloc(64 * INODE, 'data');

function diskWith(...records: readonly (readonly [sector: number, bytes: Buffer])[]): ByteSource {
  const bytes = Buffer.alloc(LOG.length + 2 * DATA.length);
  for (const [sector, made] of records) made.copy(bytes, sector * SECTOR);
  DATA.copy(bytes, LOG.length);
  return bufferSource(bytes);
}
const replayed = (disk: ByteSource) =>
  replayXfsLog(disk, LAYOUT, readXfsLog(disk, LOG, SUPER)).source.read(LOG.length, DATA.length);

describe('inodes that the log creates', () => {
  test('→ are there', () => {
    const disk = diskWith([0, record([...transaction(icreate()), ...transaction(...inode(1))], { sector: 0 })]);
    expect(replayed(disk).toString('latin1', INODE, INODE + 2)).toBe('IN');
  });

  test('and later frees → the file that has the blocks now keeps its content', () => {
    const operations = [...transaction(icreate()), ...transaction(cancel())];
    expect(replayed(diskWith([0, record(operations, { sector: 0 })])).equals(DATA)).toBe(true);
  });

  test('and changes, and later frees → the file that has the blocks now keeps its content', () => {
    const operations = [...transaction(...inode(1)), ...transaction(cancel())];
    expect(replayed(diskWith([0, record(operations, { sector: 0 })])).equals(DATA)).toBe(true);
  });

  test('after it freed others there → are there', () => {
    const operations = [...transaction(cancel()), ...transaction(icreate()), ...transaction(...inode(1))];
    expect(replayed(diskWith([0, record(operations, { sector: 0 })])).toString('latin1', 0, 2)).toBe('IN');
  });

  test('more than a chunk has → not read', () => {
    const operations = transaction(icreate(65_536));
    expect(() => replayed(diskWith([0, record(operations, { sector: 0 })]))).toThrow(UnreadableError);
  });
});

describe('records that were written at the same time', () => {
  const first = record(transaction(icreate()), { sector: 0 });
  const between = record([{ bytes: Buffer.alloc(4 * SECTOR - 12) }], { sector: 2 });
  const last = record(transaction(cancel()), { sector: 7 });

  test('of which none is missing → all changes', () => {
    expect(replayed(diskWith([0, first], [2, between], [7, last])).equals(DATA)).toBe(true);
  });

  test('of which an earlier one is missing → the changes before it', () => {
    expect(replayed(diskWith([0, first], [7, last])).toString('latin1', 0, 2)).toBe('IN');
  });
});

describe('a hostile log', () => {
  test('with a change of 200,000 pieces → copied once', () => {
    const pieces = [
      ...[{ flags: 1 }, { bytes: Buffer.from('NARTxxxxxxxxxxxx') }, { bytes: format(28, 0x123f, 2, {}) }],
      { bytes: Buffer.alloc(1) },
      ...Array.from({ length: 200_000 }, () => ({ flags: 8, bytes: Buffer.alloc(1) })),
      { flags: 2 },
    ];
    const records: Buffer[] = [];
    let sector = 0;
    for (let at = 0; at < pieces.length; at += 2500) {
      const made = record(pieces.slice(at, at + 2500), { sector });
      records.push(made);
      sector += made.length / SECTOR;
    }
    const log = Buffer.concat(records);
    const disk = bufferSource(Buffer.concat([log, Buffer.alloc(SECTOR)]));
    // The inodes have no size.
    const read = readXfsLog(disk, { offset: 0, length: log.length }, SUPER);
    expect(() => replayXfsLog(disk, LAYOUT, read)).toThrow('inodes of another size');
  });

  test('whose changes are more than 128 MiB → not read', () => {
    const made = record(transaction(icreate()), { sector: 0, tail: 4 });
    const log = { offset: 0, length: 256 * 2 ** 20 };
    const sparse: ByteSource = {
      size: log.length,
      read: (at, count) => Buffer.concat([made.subarray(at), Buffer.alloc(count)]).subarray(0, count),
    };
    expect(() => [...readXfsLog(sparse, log, SUPER).operations()]).toThrow('bytes of changes');
  });

  test('whose header claims more than a record has → that much is not read', () => {
    const made = record(transaction(icreate()), { sector: 0 });
    made.writeUInt32BE(600 * SECTOR, 12);
    made.writeUInt32BE(1024 * 1024, 320);
    const disk = diskWith([0, made]);
    const lengths: number[] = [];
    const counted: ByteSource = {
      size: disk.size,
      read(at, count) {
        lengths.push(count);
        return disk.read(at, count);
      },
    };
    expect(() => readXfsLog(counted, LOG, SUPER)).toThrow(UnreadableError);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(128 * SECTOR);
  });
});

/** Of twelve records; the log is read from the first to the newest. */
describe('a log with a record whose checksum is wrong', () => {
  const COUNT = 12;
  const length = record(transaction(...inode(1)), { sector: 0 }).length / SECTOR;
  const read = (broken: number, version: 4 | 5) => {
    const records = Array.from({ length: COUNT }, (_, index) => {
      const sector = index * length;
      const made = record(transaction(icreate(), ...inode(index)), { sector });
      // A sector of another cycle.
      if (index === COUNT - broken) made.writeUInt32BE(77, SECTOR);
      return [sector, made] as const;
    });
    const { operations } = readXfsLog(diskWith(...records), LOG, { uuid: UUID, version });
    return [...operations()].length / transaction(icreate(), ...inode(1)).length;
  };

  test.each([
    ['the newest', 1, 11],
    ['among those that were written together', 8, 4],
  ])('%s → as if it and those after it were not written', (_, broken, records) => {
    expect(read(broken, 5)).toBe(records);
  });

  test.each([9, 12])('the number %i from the end → the kernel does not mount it', (broken) => {
    expect(() => read(broken, 5)).toThrow(DamagedLogError);
  });

  test('in version 4 → read', () => {
    expect(read(9, 4)).toBe(12);
  });
});
