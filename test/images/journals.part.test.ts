/** Changes that are only in a journal or log, as a disk has them that was exported from a running machine. */
import { describe, expect, test } from 'vitest';
import { type ByteSource, bufferSource, cached, openFile, UnreadableError } from '../../images/bytes.js';
import { openContainer } from '../../images/container.js';
import { openExt } from '../../images/filesystems/ext.js';
import { replayJournal } from '../../images/filesystems/ext-journal.js';
import { openXfs } from '../../images/filesystems/xfs.js';
import { findingList } from '../../images/findings.js';

const SECTOR = 512;
const RECORD = 0xfeedbabe;

function fixture(name: string): ByteSource {
  const { disk } = openContainer(openFile(new URL(`fixtures/${name}.qcow2`, import.meta.url).pathname), findingList());
  if (disk === null) throw new Error(`${name} has no disk`);
  return cached(disk);
}

/** What was written of its log, and where it is, from the superblock. */
function logOf(disk: ByteSource): { readonly offset: number; readonly written: Buffer } {
  const superblock = disk.read(0, 512);
  const [blockSize, groupBlocks] = [superblock.readUInt32BE(4), superblock.readUInt32BE(84)];
  const bits = superblock.readUInt8(124);
  const start = Number(superblock.readBigUInt64BE(48));
  const block = Math.floor(start / 2 ** bits) * groupBlocks + (start % 2 ** bits);
  const written = disk.read(block * blockSize, 4 * 2 ** 20);
  return {
    offset: block * blockSize,
    written: written.subarray(0, (Math.max(...recordsIn(written)) ?? 0) + 256 * SECTOR),
  };
}

function recordsIn(log: Buffer): readonly number[] {
  const found: number[] = [];
  for (let at = 0; at < log.length; at += SECTOR) if (log.readUInt32BE(at) === RECORD) found.push(at);
  return found;
}

/** The disk with another log. */
function withLog(disk: ByteSource, change: (log: Buffer, records: readonly number[]) => void): ByteSource {
  const { offset, written } = logOf(disk);
  const log = Buffer.from(written);
  change(log, recordsIn(log));
  return {
    size: disk.size,
    read(at, count) {
      const below = disk.read(at, count);
      if (at >= offset + log.length || at + count <= offset) return below;
      const bytes = Buffer.from(below);
      log.copy(bytes, Math.max(0, offset - at), Math.max(0, at - offset), Math.max(0, at + count - offset));
      return bytes;
    },
  };
}

const names = (disk: ByteSource) => {
  const fileSystem = openXfs(disk);
  if (fileSystem === null) throw new Error('no XFS');
  const { stale } = fileSystem;
  return { stale, names: fileSystem.entries(fileSystem.root).map(({ name }) => name) };
};

describe('an XFS whose changes are only in its log', () => {
  const disk = fixture('xfs-log');

  test('→ read with them, and reported', () => {
    const { stale, names: found } = names(disk);
    expect(found.sort()).toEqual(['deep', 'etc', 'long-link', 'many', 'usr']);
    expect(stale).toMatch(/^it was not unmounted; \d{2,} changes were read from its log$/);
  });

  test('an unmounted one → nothing to report', () => {
    expect(names(fixture('xfs-v5')).stale).toBeNull();
  });

  test.each<readonly [string, (log: Buffer, records: readonly number[]) => void]>([
    ['the log is empty', (log) => log.fill(0)],
    [
      'the log is of another file system',
      (log, records) => {
        for (const at of records) log.fill(7, at + 304, at + 320);
      },
    ],
  ])('%s → read without it, and reported', (_, change) => {
    const { stale, names: found } = names(withLog(disk, change));
    expect(stale).toMatch(/^its log cannot be read: /);
    expect(found).toEqual([]);
  });

  test('whose log is on another device → does not say that it was not unmounted', () => {
    const unmounted = fixture('xfs-v4');
    const external: ByteSource = {
      size: unmounted.size,
      read(at, count) {
        const bytes = Buffer.from(unmounted.read(at, count));
        if (at === 0) bytes.fill(0, 48, Math.min(56, count));
        return bytes;
      },
    };
    expect(openXfs(external)).toMatchObject({
      stale: 'its log cannot be read: it is on another device',
      isUnmountUnknown: true,
    });
  });

  test('the newest record was only half written → the changes before it', () => {
    const { stale, names: found } = names(
      withLog(disk, (log, records) => log.fill(0, (records.at(-1) ?? 0) + SECTOR, (records.at(-1) ?? 0) + 2 * SECTOR)),
    );
    expect(stale).toMatch(/changes were read from its log/);
    expect(found).toContain('usr');
  });

  test('120 logs with random bytes and no checksum → each is read, or reported', () => {
    let state = 2026;
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    const unread = new Set<string>();
    for (let round = 0; round < 120; round += 1) {
      const changed = withLog(disk, (log, records) => {
        for (const at of records) log.fill(0, at + 32, at + 36);
        const used = (records.at(-1) ?? 0) + 64 * SECTOR;
        for (let count = 0; count < 1 + (round % 60); count += 1) log.writeUInt8(random(256), random(used));
      });
      const fileSystem = openXfs(changed);
      unread.add(fileSystem?.stale?.replace(/\d+/g, 'N') ?? '');
      try {
        for (const { node } of fileSystem?.entries(fileSystem.root) ?? []) fileSystem?.info(node);
      } catch (error) {
        expect(error).toBeInstanceOf(UnreadableError);
      }
    }
    expect(unread.size).toBeGreaterThan(3);
  });
});

test('an ext4 journal with fast commits → says that they were not replayed', () => {
  const BLOCK = 1024;
  const journal = (transaction: number) => {
    const bytes = Buffer.alloc(64 * BLOCK);
    const head = { 0: 0xc03b3998, 4: 4, 12: BLOCK, 16: 64, 20: 1, 24: 7, 28: 1, 40: 0x20, 84: 8 };
    for (const [at, value] of Object.entries(head)) bytes.writeUInt32BE(value, Number(at));
    // After the last block of the transactions: the tag of a head, its length, features and transaction.
    bytes.writeUInt16LE(9, 57 * BLOCK);
    bytes.writeUInt16LE(8, 57 * BLOCK + 2);
    bytes.writeUInt32LE(transaction, 57 * BLOCK + 8);
    return bufferSource(bytes);
  };
  const disk = bufferSource(Buffer.alloc(BLOCK));
  expect(replayJournal(disk, journal(7), BLOCK).hasFastCommits).toBe(true);
  // Of an earlier transaction.
  expect(replayJournal(disk, journal(6), BLOCK).hasFastCommits).toBe(false);
});

test('an ext4 journal that revokes more than a million blocks → not read, with bounded memory', () => {
  const BLOCK = 64 * 1024;
  const bytes = Buffer.alloc(100 * BLOCK);
  const head = { 0: 0xc03b3998, 4: 4, 12: BLOCK, 16: 100, 20: 1, 24: 7, 28: 1 };
  for (const [at, value] of Object.entries(head)) bytes.writeUInt32BE(value, Number(at));
  for (let at = BLOCK; at < bytes.length; at += BLOCK)
    for (const [index, value] of [0xc03b3998, 5, 7, BLOCK].entries()) bytes.writeUInt32BE(value, at + index * 4);
  const disk = bufferSource(Buffer.alloc(BLOCK));
  expect(() => replayJournal(disk, bufferSource(bytes), BLOCK)).toThrow('revokes more than 1000000 blocks');
});

describe('an ext4 whose changes are only in its journal', () => {
  const disk = fixture('ext4-journal');
  const superblock = disk.read(1024, 1024);
  const blockSize = 1024 << superblock.readUInt32LE(24);
  /** The blocks of the journal with a header: their position on the disk and type. */
  const blocks: { readonly at: number; readonly type: number }[] = [];
  for (let at = 0; at + blockSize <= disk.size; at += blockSize) {
    const head = disk.read(at, 12);
    if (head.readUInt32BE(0) === 0xc03b3998) blocks.push({ at, type: head.readUInt32BE(4) });
  }
  const descriptor = blocks.find(({ type }) => type === 1)?.at ?? 0;
  const commit = blocks.find(({ type }) => type === 2)?.at ?? 0;
  const openedWith = (position: number) =>
    openExt({
      size: disk.size,
      read(at, count) {
        const bytes = Buffer.from(disk.read(at, count));
        const inside = position - at;
        if (inside >= 0 && inside < count) bytes.writeUInt8(bytes.readUInt8(inside) ^ 64, inside);
        return bytes;
      },
    });

  test('→ read with them; GRUB reads it without', () => {
    expect(openedWith(-1)).toMatchObject({ isOlder: false, beforeReplay: { kind: 'ext4' } });
    expect(openedWith(-1)?.refused).toBeUndefined();
  });

  test('the end of a transaction has a wrong checksum and a time before that of the transaction before → ends there', () => {
    const commits = blocks.filter(({ type }) => type === 2);
    const last = commits.at(-1)?.at ?? 0;
    // One bit less in the time, so it is decades earlier.
    expect(openedWith(last + 52)?.refused).toBe(
      commits.length > 1 ? undefined : 'the checksum of a block of its journal is wrong',
    );
  });

  test.each([
    ['its list of blocks', descriptor + blockSize - 100],
    ['a block', descriptor + blockSize + 100],
    ['the end of a transaction', commit + 60],
  ])('%s has a wrong checksum → the kernel does not mount it', (_, position) => {
    expect(openedWith(position)?.refused).toBe('the checksum of a block of its journal is wrong');
  });
});
