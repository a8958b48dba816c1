/** Whether Linux mounts a stopped file system with one changed byte in its log or journal, and whether the reader knows it. */
import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { openFile } from '../../../images/bytes.js';
import { openExt } from '../../../images/filesystems/ext.js';
import { openXfs } from '../../../images/filesystems/xfs.js';
import type { Random } from '../trim/random.js';

const SECTOR = 512;
const PIECE = 4 * 2 ** 20;
/** Each block of a log that says what is in it begins with one of these. */
const MAGIC = { xfs: 0xfeedbabe, ext: 0xc03b3998 } as const;

export interface ChangedLog {
  /** Of the changed byte. */
  readonly at: number;
  readonly refused: string | null;
}

/** Where such blocks are in a file, in order. */
export function logBlocks(file: string, kind: keyof typeof MAGIC): number[] {
  const handle = openSync(file, 'r');
  const found: number[] = [];
  const piece = Buffer.alloc(PIECE);
  for (let start = 0; start < fstatSync(handle).size; start += PIECE) {
    const length = readSync(handle, piece, 0, PIECE, start);
    for (let at = 0; at + SECTOR <= length; at += SECTOR)
      if (piece.readUInt32BE(at) === MAGIC[kind]) found.push(start + at);
  }
  closeSync(handle);
  // The first block of a journal is its superblock.
  return kind === 'ext' ? found.slice(1) : found;
}

/** Changes one byte of a file in one of its log's blocks. */
export function changeLog(
  file: string,
  kind: keyof typeof MAGIC,
  blocks: readonly number[],
  random: Random,
): ChangedLog {
  // In XFS, of the data of a record; in ext, of the list of blocks or of the time of a commit.
  const at = random.pick(blocks) + (kind === 'xfs' ? SECTOR + 200 : 52);
  const handle = openSync(file, 'r+');
  const byte = Buffer.alloc(1);
  readSync(handle, byte, 0, 1, at);
  byte.writeUInt8(byte.readUInt8(0) ^ 0x40);
  writeSync(handle, byte, 0, 1, at);
  closeSync(handle);
  const source = openFile(file);
  const fileSystem = kind === 'xfs' ? openXfs(source) : openExt(source);
  source.close();
  return { at, refused: fileSystem?.refused ?? null };
}
