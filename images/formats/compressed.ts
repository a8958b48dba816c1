/** Compressed files, which ECS does not import. Decompresses the beginning to detect the format and size of the content. */
import { constants, gunzipSync } from 'node:zlib';
import { type ByteSource, bufferSource } from '../bytes.js';
import { xzPieces, xzSize } from '../compression/xz.js';
import { zstdFileSize, zstdStart } from '../compression/zstd.js';
import { unlessUnreadable } from '../findings.js';
import type { ContainerFormat } from '../inspection.js';
import type { OpenContainer } from './container.js';
import { isTarHeader, tarFileBytes, tarFiles } from './tar.js';

interface Compression {
  readonly format: ContainerFormat;
  readonly name: string;
  readonly command: string;
  readonly matches: (file: ByteSource, head: string) => boolean;
  /** Decompresses the first bytes. */
  readonly begin: (compressed: Buffer) => Buffer;
  /** Size of the decompressed content; null if the file does not record it. */
  readonly size: (file: ByteSource) => number | null;
}

const PEEK = 2 * 1024 * 1024;
const SECTOR = 512;

const COMPRESSIONS: readonly Compression[] = [
  {
    format: 'GZIP',
    name: 'gzip',
    command: 'gunzip -k FILE',
    matches: (_file, head) => head.startsWith('1f8b08'),
    begin: beginOfGzip,
    // The size at the end is that of the last member, modulo 4 GiB.
    size: () => null,
  },
  {
    format: 'XZ',
    name: 'xz',
    command: 'unxz -k FILE',
    matches: (_file, head) => head.startsWith('fd377a585a00'),
    begin: (compressed) => firstPiece(xzPieces(compressed)),
    size: xzSize,
  },
  {
    format: 'ZSTD',
    name: 'zstd',
    command: 'zstd -d FILE',
    matches: startsWithZstd,
    begin: zstdStart,
    size: zstdFileSize,
  },
];

export const openCompressed: OpenContainer = (file, findings) => {
  const head = file.read(0, Math.min(file.size, 8)).toString('hex');
  const compression = COMPRESSIONS.find(({ matches }) => matches(file, head));
  if (compression === undefined) return null;
  const size = unlessUnreadable(
    () => compression.size(file),
    () => null,
  );
  const inner = unlessUnreadable<Inner | null>(
    () => innerOf(compression.begin(file.read(0, Math.min(file.size, PEEK))), size),
    () => null,
  );
  const content = inner === null ? 'content of unknown format' : `content of format ${inner.name}`;
  findings.add(
    'blocking',
    'ECSIMPORT.Format',
    `The file is compressed with ${compression.name}, which ECS does not decompress`,
    `first bytes ${head}; ${content}`,
    `Run ${compression.command}, and import the decompressed file.`,
  );
  return {
    format: compression.format,
    subformat: inner?.name ?? null,
    virtualSize: inner?.virtualSize ?? null,
    disk: null,
  };
};

interface Inner {
  readonly name: string;
  readonly virtualSize: number | null;
}

/** @param size of the whole content, where it is known */
function innerOf(bytes: Buffer, size: number | null): Inner | null {
  const is = (text: string, at = 0) => bytes.toString('latin1', at, at + text.length) === text;
  if (bytes.length < SECTOR) return null;
  if (is('QFI\xfb')) return { name: 'QCOW2', virtualSize: Number(bytes.readBigUInt64BE(24)) };
  if (is('KDMV')) return { name: 'VMDK', virtualSize: Number(bytes.readBigUInt64LE(12)) * SECTOR };
  if (is('conectix')) return { name: 'VHD', virtualSize: Number(bytes.readBigUInt64BE(48)) };
  if (is('vhdxfile')) return { name: 'VHDX', virtualSize: null };
  if (bytes.readUInt32LE(64) === 0xbeda107f) return { name: 'VDI', virtualSize: Number(bytes.readBigUInt64LE(368)) };
  if (isTarHeader(bytes.subarray(0, SECTOR))) return innerOfTar(bytes);
  if (bytes.readUInt16LE(510) === 0xaa55 || is('EFI PART', SECTOR)) return { name: 'RAW', virtualSize: size };
  return null;
}

/** The first disk in the part of the archive that is there; the others are found when it is decompressed. */
function innerOfTar(bytes: Buffer): Inner {
  const archive = bufferSource(bytes);
  const files = unlessUnreadable(
    () => tarFiles(archive, true),
    () => [],
  );
  const name = files.some((file) => /\.ovf$/i.test(file.name)) ? 'OVA' : 'TAR';
  for (const file of files) {
    const disk = unlessUnreadable(
      () => innerOf(tarFileBytes(archive, file, file.name).read(0, Math.min(file.size, 2 * SECTOR)), file.size),
      () => null,
    );
    if (disk !== null) return { name, virtualSize: disk.virtualSize };
  }
  return { name, virtualSize: null };
}

/** Skippable frames may come first: pzstd and the seekable format write them. Their magic alone is also that of lz4. */
function startsWithZstd(file: ByteSource): boolean {
  for (let at = 0, frames = 0; at + 8 <= file.size && frames < MAX_SKIPPED_FRAMES; frames += 1) {
    const head = file.read(at, 8);
    const magic = head.readUInt32LE(0);
    if (magic === 0xfd2fb528) return true;
    if (magic >>> 4 !== 0x184d2a5) return false;
    at += 8 + head.readUInt32LE(4);
  }
  return file.size < 8 && file.read(0, Math.min(file.size, 4)).toString('hex') === '28b52ffd';
}

const MAX_SKIPPED_FRAMES = 64;

function firstPiece(pieces: Generator<Buffer>): Buffer {
  const first = pieces.next();
  return first.done === true ? Buffer.alloc(0) : Buffer.from(first.value);
}

/** Decompresses a truncated stream: Z_SYNC_FLUSH accepts input that ends early. */
function beginOfGzip(compressed: Buffer): Buffer {
  try {
    return gunzipSync(compressed.subarray(0, 64 * 1024), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: 128 * 1024 * 1024,
    });
  } catch {
    return Buffer.alloc(0);
  }
}
