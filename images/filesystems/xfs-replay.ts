/**
 * Replays the log of an XFS file system in memory, without writing, as a kernel does when it mounts it. What only concerns
 * the allocation of blocks (intents to free, or to count references) is not replayed: files are read without it.
 */
import { type ByteSource, UnreadableError, u64le } from '../bytes.js';
import type { LogOperation, XfsLog } from './xfs-log.js';

const FLAG = { start: 0x01, commit: 0x02, continued: 0x08, unmount: 0x20 } as const;
const TRANSACTION_HEADER = 16;
const ITEM = { inode: 0x123b, buffer: 0x123c, icreate: 0x123f } as const;
const BUFFER = { inodes: 0x1, cancelled: 0x2, dquots: 0x4 | 0x8 | 0x10 } as const;
const FIELD = { data: 0x2, extents: 0x4, root: 0x8 } as const;
const CHUNK = 128;
const PAGE = 4096;
const SECTOR = 512;
/** Of 4 KiB; the largest logs hold less that differs. */
const MAX_PAGES = 32_768;
/** Of transactions that are not committed yet. */
const MAX_OPEN = { transactions: 100_000, regions: 1_000_000, bytes: 512 * 1024 * 1024 } as const;
/** The largest region is an extended attribute of 64 KiB. */
const MAX_REGION = 1024 * 1024;
const VERSION_3_CORE = 176;
const MAX_CANCELLED = 1_000_000;
/** One block of 64 KiB with inodes of 256 bytes; other blocks have less than the 64 inodes that are created together. */
const MAX_CREATED = 256;

export interface XfsLayout {
  readonly isVersion5: boolean;
  readonly blockSize: number;
  readonly agBlocks: number;
  readonly inodeSize: number;
}

export interface ReplayedXfs {
  readonly source: ByteSource;
  /** Buffers and inodes that the log changed. */
  readonly changes: number;
}

/** Throws UnreadableError. */
export function replayXfsLog(source: ByteSource, layout: XfsLayout, log: XfsLog): ReplayedXfs {
  const cancelled = createCancelled();
  for (const items of transactions(log.operations())) {
    for (const item of items) {
      const buffer = bufferOf(item);
      if (buffer?.isCancelled) cancelled.add(buffer, 1);
    }
  }
  const overlay = createOverlay(source, layout);
  let changes = 0;
  for (const items of transactions(log.operations())) {
    // As the kernel orders them: buffers, inodes, and last the cancels.
    for (const item of items) {
      const buffer = bufferOf(item);
      if (buffer !== null && !buffer.isCancelled && !cancelled.has(buffer)) changes += writeBuffer(overlay, item);
      if (typeOf(item) === ITEM.icreate) changes += writeNewInodes(overlay, item, cancelled);
    }
    for (const item of items) if (typeOf(item) === ITEM.inode) changes += writeInode(overlay, item, cancelled);
    for (const item of items) {
      const buffer = bufferOf(item);
      if (buffer?.isCancelled) cancelled.add(buffer, -1);
    }
  }
  return { source: overlay.source, changes };
}

interface Place {
  /** In sectors. */
  readonly at: number;
  readonly sectors: number;
}

/**
 * The buffers that the log frees later. Other data, which the log does not have, may be in their place: older changes of them
 * are not replayed.
 */
interface Cancelled {
  add(place: Place, count: 1 | -1): void;
  has(place: Place): boolean;
  startsAt(sector: number): boolean;
}

function createCancelled(): Cancelled {
  const counts = new Map<string, number>();
  const add = (key: string, count: number) => {
    const left = (counts.get(key) ?? 0) + count;
    if (left > 0) counts.set(key, left);
    else counts.delete(key);
    if (counts.size > MAX_CANCELLED) throw new UnreadableError('its log frees too many buffers');
  };
  return {
    add({ at, sectors }, count) {
      add(`${at}:${sectors}`, count);
      add(`${at}`, count);
    },
    has: ({ at, sectors }) => counts.has(`${at}:${sectors}`),
    startsAt: (sector) => counts.has(`${sector}`),
  };
}

/** The regions of one change; the first describes it. */
type Item = Buffer[];

const typeOf = ([format]: Item): number => (format === undefined || format.length < 4 ? 0 : format.readUInt16LE(0));

/** The items of each committed transaction. */
function* transactions(operations: Iterable<LogOperation>): Generator<readonly Item[]> {
  const open = new Map<number, Open>();
  const held = { bytes: 0, regions: 0 };
  for (const { transaction, flags, bytes } of operations) {
    const known = open.get(transaction);
    if ((flags & FLAG.unmount) !== 0) continue;
    if ((flags & FLAG.commit) !== 0) {
      open.delete(transaction);
      if (known === undefined) continue;
      endRegion(known);
      for (const region of known.items.flat()) {
        held.bytes -= region.length;
        held.regions -= 1;
      }
      yield known.items;
      continue;
    }
    // One that began before the tail is in its place already.
    if (known === undefined && (flags & FLAG.start) === 0) continue;
    const current = known ?? { header: Buffer.alloc(0), items: [], pieces: [], length: 0 };
    open.set(transaction, current);
    if (bytes.length === 0) continue;
    if (current.header.length < TRANSACTION_HEADER) {
      current.header = Buffer.concat([current.header, bytes]);
      if (current.header.length > TRANSACTION_HEADER)
        throw new UnreadableError('a transaction of its log has no header');
      continue;
    }
    held.bytes += bytes.length;
    held.regions += (flags & FLAG.continued) === 0 ? 1 : 0;
    if (open.size > MAX_OPEN.transactions || held.regions > MAX_OPEN.regions || held.bytes > MAX_OPEN.bytes)
      throw new UnreadableError('its log has too many transactions without an end');
    addRegion(current, flags, Buffer.from(bytes));
  }
}

interface Open {
  header: Buffer;
  readonly items: Item[];
  /** Of the last region: the log may have any number of them. */
  pieces: Buffer[];
  length: number;
}

function addRegion(open: Open, flags: number, bytes: Buffer): void {
  const { items } = open;
  if ((flags & FLAG.continued) !== 0) {
    if (items.length === 0) throw new UnreadableError('its log continues a change that it lacks');
    if (open.length + bytes.length > MAX_REGION) throw new UnreadableError('a change in its log is too long');
    open.pieces.push(bytes);
    open.length += bytes.length;
    return;
  }
  endRegion(open);
  open.pieces = [bytes];
  open.length = bytes.length;
  const last = items.at(-1);
  const isComplete = last === undefined || last.length >= (last[0]?.readUInt16LE(2) ?? 0);
  if (isComplete && bytes.length < 4) throw new UnreadableError('a change in its log has no type');
  if (isComplete) items.push([bytes]);
  else last.push(bytes);
}

function endRegion({ items, pieces }: Open): void {
  const last = items.at(-1);
  if (last !== undefined && pieces.length > 1) last[last.length - 1] = Buffer.concat(pieces);
}

function bufferOf(item: Item): (Place & { readonly isCancelled: boolean }) | null {
  const [format] = item;
  if (typeOf(item) !== ITEM.buffer || format === undefined || format.length < 20) return null;
  const isCancelled = (format.readUInt16LE(4) & BUFFER.cancelled) !== 0;
  return { at: u64le(format, 8), sectors: format.readUInt16LE(6), isCancelled };
}

/** Each run of set bits is a region of as many chunks. */
function writeBuffer(overlay: Overlay, [format, ...regions]: Item): number {
  if (format === undefined) return 0;
  // Of inodes, only the list of deleted files; quotas are not read.
  if ((format.readUInt16LE(4) & (BUFFER.inodes | BUFFER.dquots)) !== 0) return 0;
  const start = u64le(format, 8) * SECTOR;
  const words = Math.min(format.readUInt32LE(16), Math.floor((format.length - 20) / 4));
  const isSet = (bit: number) => ((format.readUInt32LE(20 + (bit >>> 5) * 4) >>> (bit & 31)) & 1) !== 0;
  let region = 0;
  for (let bit = 0; bit < words * 32; ) {
    if (!isSet(bit)) {
      bit += 1;
      continue;
    }
    const bytes = regions[region];
    const chunks = bytes === undefined ? 0 : Math.floor(bytes.length / CHUNK);
    if (bytes === undefined || chunks === 0) throw new UnreadableError('a change in its log lacks content');
    overlay.write(start + bit * CHUNK, bytes.subarray(0, chunks * CHUNK));
    bit += chunks;
    region += 1;
  }
  return 1;
}

/** Empty inodes, whose content follows as changes of their own. */
function writeNewInodes({ layout, write }: Overlay, [format]: Item, cancelled: Cancelled): number {
  if (format === undefined || format.length < 28) throw new UnreadableError('a change in its log ends too early');
  const [group, block] = [format.readUInt32BE(4), format.readUInt32BE(8)];
  const [count, size] = [format.readUInt32BE(12), format.readUInt32BE(16)];
  if (size !== layout.inodeSize || count > MAX_CREATED)
    throw new UnreadableError('its log creates inodes of another size');
  const empty = Buffer.alloc(size);
  empty.write('IN', 'latin1');
  empty.writeUInt8(layout.isVersion5 ? 3 : 2, 4);
  const start = (group * layout.agBlocks + block) * layout.blockSize;
  for (let at = start; at < start + count * size; at += layout.blockSize) if (cancelled.startsAt(at / SECTOR)) return 0;
  for (let index = 0; index < count; index += 1) write(start + index * size, empty);
  return 1;
}

function writeInode(overlay: Overlay, [format, core, fork]: Item, cancelled: Cancelled): number {
  if (format === undefined || core === undefined || format.length < 52)
    throw new UnreadableError('a change in its log ends too early');
  // 32-bit kernels have no padding before the 64-bit fields.
  const shift = format.length >= 56 ? 4 : 0;
  const buffer = { at: u64le(format, 36 + shift), sectors: format.readInt32LE(44 + shift) };
  if (cancelled.has(buffer)) return 0;
  const at = buffer.at * SECTOR + format.readInt32LE(48 + shift);
  const inode = Buffer.from(overlay.source.read(at, overlay.layout.inodeSize));
  onDisk(core).copy(inode, 0);
  const start = core.length >= VERSION_3_CORE ? VERSION_3_CORE : 100;
  const room = inode.readUInt8(82) > 0 ? inode.readUInt8(82) * 8 : inode.length - start;
  const fields = format.readUInt32LE(4);
  if (fork !== undefined && (fields & (FIELD.data | FIELD.extents)) !== 0) {
    if (fork.length > room + 4 || start + fork.length > inode.length + 4)
      throw new UnreadableError('an inode in its log is too long');
    fork.copy(inode, start, 0, Math.min(fork.length, inode.length - start));
  } else if (fork !== undefined && (fields & FIELD.root) !== 0) {
    treeRoot(fork, room).copy(inode, start);
  }
  overlay.write(at, inode);
  return 1;
}

/** Numbers of an inode's core: the log has them in the machine's order (little-endian), the disk in big-endian. */
const NUMBERS = [
  { bytes: 2, at: [0, 2, 6, 20, 22, 80, 88, 90] },
  { bytes: 4, at: [8, 12, 16, 72, 76, 84, 92, 128] },
  { bytes: 8, at: [24, 56, 64, 104, 112, 120, 152] },
] as const;

function onDisk(core: Buffer): Buffer {
  const made = Buffer.from(core);
  for (const { at, bytes } of NUMBERS)
    for (const start of at) if (start + bytes <= made.length) made.subarray(start, start + bytes).reverse();
  if (made.toString('latin1', 0, 2) !== 'IN') throw new UnreadableError('an inode in its log has no magic');
  return made;
}

/** The root of an extent tree has another header in memory than in an inode. */
function treeRoot(fork: Buffer, room: number): Buffer {
  const header = fork.toString('latin1', 0, 4) === 'BMA3' ? 72 : 24;
  if (fork.length < header || room < 4) throw new UnreadableError('an extent tree in its log is too short');
  const count = fork.readUInt16BE(6);
  const from = Math.floor((fork.length - header) / 16);
  const to = Math.floor((room - 4) / 16);
  if (count > from || count > to) throw new UnreadableError('an extent tree in its log is too large');
  const root = Buffer.alloc(room);
  fork.copy(root, 0, 4, 8);
  fork.copy(root, 4, header, header + count * 8);
  fork.copy(root, 4 + to * 8, header + from * 8, header + from * 8 + count * 8);
  return root;
}

interface Overlay {
  readonly layout: XfsLayout;
  readonly source: ByteSource;
  /** Both are multiples of a chunk. */
  write(offset: number, bytes: Buffer): void;
}

function createOverlay(source: ByteSource, layout: XfsLayout): Overlay {
  const pages = new Map<number, { readonly bytes: Buffer; readonly written: Uint8Array }>();
  return {
    layout,
    source: {
      size: source.size,
      read(offset, length) {
        const below = source.read(offset, length);
        let patched: Buffer | null = null;
        for (let page = Math.floor(offset / PAGE); page * PAGE < offset + length; page += 1) {
          const over = pages.get(page);
          if (over === undefined) continue;
          patched ??= Buffer.from(below);
          for (let chunk = 0; chunk < PAGE / CHUNK; chunk += 1) {
            const start = page * PAGE + chunk * CHUNK;
            const [from, to] = [Math.max(start, offset), Math.min(start + CHUNK, offset + length)];
            if (over.written[chunk] === 0 || from >= to) continue;
            over.bytes.copy(patched, from - offset, from - page * PAGE, to - page * PAGE);
          }
        }
        return patched ?? below;
      },
    },
    write(offset, bytes) {
      if (!(offset >= 0 && offset + bytes.length <= source.size) || offset % CHUNK !== 0)
        throw new UnreadableError(`its log changes byte ${offset} of ${source.size}`);
      for (let at = 0; at < bytes.length; at += CHUNK) {
        const page = Math.floor((offset + at) / PAGE);
        const inside = (offset + at) % PAGE;
        const over = pages.get(page) ?? { bytes: Buffer.alloc(PAGE), written: new Uint8Array(PAGE / CHUNK) };
        pages.set(page, over);
        if (pages.size > MAX_PAGES) throw new UnreadableError(`its log changes more than ${MAX_PAGES} pages`);
        bytes.copy(over.bytes, inside, at, at + CHUNK);
        over.written[inside / CHUNK] = 1;
      }
    },
  };
}
