/** Replays the journal of ext3 and ext4 in memory, without writing (kernel documentation, filesystems/ext4/journal). */
import { type ByteSource, bufferSource, mappedSource, UnreadableError } from '../bytes.js';
import { ALL_BITS, crc32c } from './checksums.js';
import { DamagedLogError } from './filesystem.js';

const MAGIC = 0xc03b3998;
const BLOCK_TYPE = { descriptor: 1, commit: 2, revoke: 5 } as const;
const INCOMPATIBLE = { is64Bit: 0x2, checksumV2: 0x8, checksumV3: 0x10, fastCommit: 0x20 } as const;
const TAG = { escaped: 1, sameUuid: 2, last: 8 } as const;
const DEFAULT_FAST_BLOCKS = 256;
const FAST_COMMIT_HEAD = 9;
const MAX_JOURNAL_BLOCKS = 4 * 1024 * 1024;
/** Blocks in a journal; a journal of 1 GiB has 262,144. */
const MAX_WRITES = 300_000;
/** Entries of revoke blocks. Real journals have some thousand. */
const MAX_REVOKES = 1_000_000;
/** Bytes of blocks whose checksums are verified; those of later ones count as right. */
const MAX_VERIFIED = 32 * 1024 * 1024;
/** In a commit block. */
const COMMIT_CHECKSUM = 16;
const COMMIT_TIME = 48;

interface Write {
  readonly sequence: number;
  readonly block: number;
  readonly journalBlock: number;
  readonly escaped: boolean;
  /** Null: the journal has none. */
  readonly checksum: Checksum | null;
}

/** In version 2, the lower 16 bits. */
interface Checksum {
  readonly value: number;
  readonly mask: number;
}

export interface Replayed {
  readonly source: ByteSource;
  /** Blocks of the file system that the journal replaces. */
  readonly blocks: number;
  /** Further changes are in fast commits, which are not replayed. */
  readonly hasFastCommits: boolean;
}

interface Journal {
  /** The newest committed content of each block, without revoked blocks. */
  readonly newest: ReadonlyMap<number, Write>;
  readonly hasFastCommits: boolean;
}

/** `source` after replaying the committed transactions. `journal`: content of the journal file. */
export function replayJournal(source: ByteSource, journal: ByteSource, fsBlockSize: number): Replayed {
  const head = journal.read(0, 1024);
  if (head.readUInt32BE(0) !== MAGIC) throw new UnreadableError('the journal has no magic');
  const blockSize = head.readUInt32BE(12);
  if (blockSize !== fsBlockSize) throw new UnreadableError(`the journal has blocks of ${blockSize} bytes`);
  const { newest, hasFastCommits } = readJournal(journal, head, blockSize);
  if (newest.size === 0) return { source, blocks: 0, hasFastCommits };
  const contents = new Map<number, ByteSource>();
  const contentOf = (write: Write): ByteSource => {
    const known = contents.get(write.journalBlock);
    if (known !== undefined) return known;
    const bytes = Buffer.from(journal.read(write.journalBlock * blockSize, blockSize));
    // The journal stores a block that begins with its magic with the first word zeroed ("escaped").
    if (write.escaped) bytes.writeUInt32BE(MAGIC, 0);
    const made = bufferSource(bytes);
    if (contents.size >= 1024) contents.clear();
    contents.set(write.journalBlock, made);
    return made;
  };
  const replayed = mappedSource(source.size, 'the file system', (offset) => {
    const block = Math.floor(offset / blockSize);
    const inside = offset - block * blockSize;
    const write = newest.get(block);
    const at = write === undefined ? { source, offset } : { source: contentOf(write), offset: inside };
    return { at, length: Math.min(blockSize - inside, source.size - offset) };
  });
  return { source: replayed, blocks: newest.size, hasFastCommits };
}

function readJournal(journal: ByteSource, head: Buffer, blockSize: number): Journal {
  const incompatible = head.readUInt32BE(40);
  const first = head.readUInt32BE(20);
  const fastBlocks = (incompatible & INCOMPATIBLE.fastCommit) === 0 ? 0 : head.readUInt32BE(84) || DEFAULT_FAST_BLOCKS;
  const end = Math.min(head.readUInt32BE(16), Math.floor(journal.size / blockSize)) - fastBlocks;
  let at = head.readUInt32BE(28);
  let sequence = head.readUInt32BE(24);
  if (at === 0) return { newest: new Map(), hasFastCommits: false };
  if (first < 1 || first >= end || at >= end || end > MAX_JOURNAL_BLOCKS) {
    throw new UnreadableError(`the journal starts at block ${at} of ${end}`);
  }
  const next = (block: number) => (block + 1 >= end ? first : block + 1);
  const checksums = checksumsOf(head, incompatible);
  const committed: Write[] = [];
  const revoked = new Map<number, number>();
  let open: Write[] = [];
  let openRevokes: number[] = [];
  let openIsRight = true;
  let lastTime = 0n;
  let revokes = 0;
  for (let steps = 0; steps <= end; steps += 1) {
    const block = journal.read(at * blockSize, blockSize);
    if (block.readUInt32BE(0) !== MAGIC || block.readUInt32BE(8) !== sequence) break;
    const type = block.readUInt32BE(4);
    at = next(at);
    if (type === BLOCK_TYPE.descriptor) {
      openIsRight &&= checksums.isRight(block, block.length - 4);
      for (const tag of tagsIn(block, incompatible)) {
        open.push({ ...tag, sequence, journalBlock: at });
        at = next(at);
        steps += 1;
      }
      if (committed.length + open.length > MAX_WRITES)
        throw new UnreadableError(`the journal has more than ${MAX_WRITES} blocks`);
    } else if (type === BLOCK_TYPE.revoke) {
      openIsRight &&= checksums.isRight(block, block.length - 4);
      const found = revokesIn(block, incompatible);
      revokes += found.length;
      if (revokes > MAX_REVOKES) throw new UnreadableError(`the journal revokes more than ${MAX_REVOKES} blocks`);
      openRevokes.push(...found);
    } else if (type === BLOCK_TYPE.commit) {
      const time = block.readBigUInt64BE(COMMIT_TIME);
      if (!(openIsRight && checksums.isRight(block, COMMIT_CHECKSUM))) {
        // As in the kernel: one that is older than the transaction before it is a remainder of an earlier use of the journal.
        if (time < lastTime) break;
        throw new DamagedLogError('the checksum of a block of its journal is wrong');
      }
      lastTime = time;
      committed.push(...open);
      for (const one of openRevokes) revoked.set(one, sequence);
      open = [];
      openRevokes = [];
      sequence = (sequence + 1) >>> 0;
    } else break;
  }
  const replayed = committed.filter((write) => (revoked.get(write.block) ?? -1) < write.sequence);
  for (const write of replayed.slice(0, MAX_VERIFIED / blockSize)) {
    if (!checksums.isContentRight(write, journal.read(write.journalBlock * blockSize, blockSize)))
      throw new DamagedLogError('the checksum of a block of its journal is wrong');
  }
  const newest = new Map(replayed.map((write) => [write.block, write]));
  const hasFastCommits = fastBlocks > 0 && isFastCommit(journal, (end + 1) * blockSize, sequence);
  return { newest, hasFastCommits };
}

interface Checksums {
  /** Of a block with the checksum in it, which counts as zero. */
  isRight(block: Buffer, field: number): boolean;
  isContentRight(write: Write, content: Buffer): boolean;
}

/** Every checksum begins with the UUID of the journal. */
function checksumsOf(head: Buffer, incompatible: number): Checksums {
  if ((incompatible & (INCOMPATIBLE.checksumV2 | INCOMPATIBLE.checksumV3)) === 0)
    return { isRight: () => true, isContentRight: () => true };
  const seed = crc32c(ALL_BITS.crc32c, head.subarray(48, 64));
  const sequenceBytes = Buffer.alloc(4);
  return {
    isRight(block, field) {
      const before = crc32c(crc32c(seed, block.subarray(0, field)), Buffer.alloc(4));
      return crc32c(before, block.subarray(field + 4)) === block.readUInt32BE(field);
    },
    isContentRight({ sequence, checksum }, content) {
      if (checksum === null) return true;
      sequenceBytes.writeUInt32BE(sequence);
      return (crc32c(crc32c(seed, sequenceBytes), content) & checksum.mask) >>> 0 === checksum.value;
    },
  };
}

/** Whether the first block of the fast commits follows the last transaction. */
function isFastCommit(journal: ByteSource, offset: number, sequence: number): boolean {
  if (offset + 12 > journal.size) return false;
  const tag = journal.read(offset, 12);
  return tag.readUInt16LE(0) === FAST_COMMIT_HEAD && tag.readUInt32LE(8) === sequence;
}

type Tag = Pick<Write, 'block' | 'escaped' | 'checksum'>;

function tagsIn(block: Buffer, incompatible: number): Tag[] {
  const has = (feature: number) => (incompatible & feature) !== 0;
  const v3 = has(INCOMPATIBLE.checksumV3);
  const size = v3 ? 16 : 8 + (has(INCOMPATIBLE.checksumV2) ? 2 : 0) + (has(INCOMPATIBLE.is64Bit) ? 4 : 0);
  const end = block.length - (v3 || has(INCOMPATIBLE.checksumV2) ? 4 : 0);
  const v2 = !v3 && has(INCOMPATIBLE.checksumV2);
  const tags: Tag[] = [];
  for (let at = 12; at + size <= end; ) {
    const flags = v3 ? block.readUInt32BE(at + 4) : block.readUInt16BE(at + 6);
    const high = has(INCOMPATIBLE.is64Bit) ? block.readUInt32BE(at + 8) : 0;
    const checksum = v3
      ? { value: block.readUInt32BE(at + 12), mask: 0xffff_ffff }
      : v2
        ? { value: block.readUInt16BE(at + 4), mask: 0xffff }
        : null;
    tags.push({ block: block.readUInt32BE(at) + high * 2 ** 32, escaped: (flags & TAG.escaped) !== 0, checksum });
    if ((flags & TAG.last) !== 0) break;
    at += size + ((flags & TAG.sameUuid) === 0 ? 16 : 0);
  }
  return tags;
}

function revokesIn(block: Buffer, incompatible: number): number[] {
  const wide = (incompatible & INCOMPATIBLE.is64Bit) !== 0;
  const end = Math.min(block.readUInt32BE(12), block.length);
  const revokes: number[] = [];
  for (let at = 16; at + (wide ? 8 : 4) <= end; at += wide ? 8 : 4) {
    revokes.push(wide ? block.readUInt32BE(at) * 2 ** 32 + block.readUInt32BE(at + 4) : block.readUInt32BE(at));
  }
  return revokes;
}
