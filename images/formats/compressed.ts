/** Compressed files, which ECS does not import. Decompresses the beginning to detect the format and size of the content. */
import { constants, gunzipSync } from 'node:zlib';
import type { Finding } from '../../domain/import.js';
import { type ByteSource, bufferSource } from '../bytes.js';
import type { CompressedExtent } from '../compression/compressed-extent.js';
import { xzExtent, xzPieces } from '../compression/xz.js';
import { zstdExtent, zstdStart } from '../compression/zstd.js';
import { unlessUnreadable } from '../findings.js';
import type { ContainerFormat } from '../inspection.js';
import type { Container, OpenContainer } from './container.js';
import { isTarHeader, tarFileBytes, tarFiles } from './tar.js';

interface Compression {
  readonly format: ContainerFormat;
  readonly name: string;
  readonly command: string;
  readonly matches: (file: ByteSource, head: string) => boolean;
  /** Decompresses the first bytes. */
  readonly begin: (compressed: Buffer) => Buffer;
  /** Null: unknown without decompressing the file. */
  readonly extent: (file: ByteSource) => CompressedExtent | null;
}

const PEEK = 2 * 1024 * 1024;
/** Of a file on this host, so much is read to find the end of its zstd frames: about two seconds. */
const MAX_WALK = 1024 ** 3;
const SECTOR = 512;

const COMPRESSIONS: readonly Compression[] = [
  {
    format: 'GZIP',
    name: 'gzip',
    command: 'gunzip -k FILE',
    matches: (_file, head) => head.startsWith('1f8b08'),
    begin: beginOfGzip,
    // The size at the end is that of the last member, modulo 4 GiB.
    extent: () => null,
  },
  {
    format: 'XZ',
    name: 'xz',
    command: 'unxz -k FILE',
    matches: (_file, head) => head.startsWith('fd377a585a00'),
    begin: (compressed) => firstPiece(xzPieces(compressed)),
    extent: (file) => xzExtent(file),
  },
  {
    format: 'ZSTD',
    name: 'zstd',
    command: 'zstd -d FILE',
    matches: startsWithZstd,
    begin: zstdStart,
    extent: (file) => zstdExtent(file, Math.min(MAX_WALK, file.bulkBytes ?? MAX_WALK)),
  },
];

export const openCompressed: OpenContainer = (file, findings) => {
  const head = file.read(0, Math.min(file.size, 8)).toString('hex');
  const compression = COMPRESSIONS.find(({ matches }) => matches(file, head));
  if (compression === undefined) return null;
  const extent = unlessUnreadable(
    () => compression.extent(file),
    () => null,
  );
  const inner = unlessUnreadable<Inner | null>(
    () => innerOf(compression.begin(file.read(0, Math.min(file.size, PEEK))), extent?.contentSize ?? null),
    () => null,
  );
  const content = inner === null ? 'content of unknown format' : `content of format ${inner.name}`;
  findings.add(
    'blocking',
    'ECSIMPORT.Format',
    `The file is compressed with ${compression.name}, which ECS does not decompress`,
    `${compression.name} signature at byte 0; ${content}`,
    `Run ${compression.command}, and import the decompressed file.`,
  );
  const container: Container = {
    format: compression.format,
    subformat: inner?.name ?? null,
    virtualSize: inner?.virtualSize ?? null,
    disk: null,
  };
  const end = extent?.end ?? file.size;
  if (end >= file.size) return container;
  const { severity, code, message, evidence, remedy } = trailingBytes(compression.name, file.size, end);
  findings.add(severity, code, message, evidence, remedy);
  const name = `the ${compression.name} data`;
  return { ...container, contains: { name, format: compression.format, offset: 0, size: end, sparse: false } };
};

/** @param end of the compressed data; null: unknown */
export function trailingBytes(compression: string, size: number, end: number | null): Finding {
  const bytes = end === null ? 'other bytes' : `${size - end} bytes`;
  return {
    code: 'ECSIMPORT.TrailingBytes',
    severity: 'warning',
    message: `The file has ${bytes} after the ${compression} data, which are not part of the disk`,
    evidence: end === null ? `a file of ${size} bytes` : `the data end at byte ${end} of ${size}`,
    remedy:
      'If the file is complete, nothing to do: they are not decompressed. Otherwise copy it again and compare checksums.',
    source: 'inspection',
  };
}

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
    return gunzipSync(compressed.subarray(0, 256 * 1024), {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: 128 * 1024 * 1024,
    });
  } catch {
    return Buffer.alloc(0);
  }
}
