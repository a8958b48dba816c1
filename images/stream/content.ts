/** What identifies the content of a disk: a digest of the digests of its ranges. Ranges of zeros have none. */
import { createHash } from 'node:crypto';
import type { Layout } from './layout.js';

/** Null: only zeros. */
export type Digest = Uint8Array<ArrayBuffer> | null;

export interface DiskContent {
  /** Of the layout; the digests of ranges of another layout are other ones. */
  readonly layout: string;
  /** In hex. The same for the same bytes, from whatever image they were read. */
  readonly digest: string;
  /** The beginning of the digest of each range that has data, to find a difference early. */
  readonly ranges: Uint8Array<ArrayBuffer>;
}

const POSITION_BYTES = 4;
/** Enough to notice a difference; the digest of the whole decides. */
const BEGINNING_BYTES = 8;
const ENTRY_BYTES = POSITION_BYTES + BEGINNING_BYTES;

/** @param digests of its segments, in order */
export function digestOfRange(digests: readonly Digest[]): Digest {
  return digests.every((digest) => digest === null) ? null : new Uint8Array(hashOf(digests.entries()).digest());
}

/** @param digests by the index of the range; a missing one has only zeros */
export function contentOf(layout: Layout, digests: ReadonlyMap<number, Digest>): DiskContent {
  const inOrder = [...digests].filter(([, digest]) => digest !== null).sort(([one], [other]) => one - other);
  const ranges = new Uint8Array(inOrder.length * ENTRY_BYTES);
  const view = new DataView(ranges.buffer);
  for (const [position, [index, digest]] of inOrder.entries()) {
    view.setUint32(position * ENTRY_BYTES, index, true);
    if (digest !== null) ranges.set(digest.subarray(0, BEGINNING_BYTES), position * ENTRY_BYTES + POSITION_BYTES);
  }
  const digest = hashOf(inOrder).update(layout.name).digest('hex');
  return { layout: layout.name, digest, ranges };
}

/** The beginnings of the digests by the index of their range, in hex. */
export function beginningsOf(ranges: Uint8Array): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const bytes = Buffer.from(ranges.buffer, ranges.byteOffset, ranges.byteLength);
  for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
    found.set(bytes.readUInt32LE(at), bytes.toString('hex', at + POSITION_BYTES, at + ENTRY_BYTES));
  }
  return found;
}

export function beginningOf(digest: Digest): string | undefined {
  return digest === null ? undefined : Buffer.from(digest.subarray(0, BEGINNING_BYTES)).toString('hex');
}

export function isSame(one: Digest, other: Digest): boolean {
  return Buffer.compare(one ?? NONE, other ?? NONE) === 0;
}

const NONE = new Uint8Array();

function hashOf(digests: Iterable<readonly [number, Digest]>) {
  const hash = createHash('sha256');
  const position = Buffer.alloc(POSITION_BYTES);
  for (const [index, digest] of digests) {
    if (digest === null) continue;
    position.writeUInt32LE(index);
    hash.update(position).update(digest);
  }
  return hash;
}
