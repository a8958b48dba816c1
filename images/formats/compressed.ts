/** Compressed files, which ECS does not import. Decompresses the beginning to detect the format and size of the content. */
import { constants, gunzipSync } from 'node:zlib';
import type { ByteSource } from '../bytes.js';
import { unlessUnreadable } from '../findings.js';
import type { ContainerFormat } from '../inspection.js';
import { xzPieces, xzSize } from '../packing/xz.js';
import { zstdContentSize, zstdStart } from '../packing/zstd.js';
import type { OpenContainer } from './container.js';

interface Compression {
  readonly format: ContainerFormat;
  readonly name: string;
  readonly magic: string;
  readonly command: string;
  /** Decompresses the first bytes. */
  readonly begin: (compressed: Buffer) => Buffer;
  /** Size of the decompressed content; null if the file does not record it. */
  readonly size: (file: ByteSource) => number | null;
}

const PEEK = 2 * 1024 * 1024;
const SECTOR = 512;

const COMPRESSIONS: readonly Compression[] = [
  { format: 'GZIP', name: 'gzip', magic: '1f8b08', command: 'gunzip -k FILE', begin: beginOfGzip, size: () => null },
  {
    format: 'XZ',
    name: 'xz',
    magic: 'fd377a585a00',
    command: 'unxz -k FILE',
    begin: (compressed) => firstPiece(xzPieces(compressed)),
    size: xzSize,
  },
  {
    format: 'ZSTD',
    name: 'zstd',
    magic: '28b52ffd',
    command: 'zstd -d FILE',
    begin: zstdStart,
    size: (file) => zstdContentSize(file.read(0, Math.min(file.size, 18))),
  },
];

export const openCompressed: OpenContainer = (file, findings) => {
  const head = file.read(0, Math.min(file.size, 8)).toString('hex');
  const compression = COMPRESSIONS.find(({ magic }) => head.startsWith(magic));
  if (compression === undefined) return null;
  const inner = unlessUnreadable<Inner | null>(
    () => innerOf(compression.begin(file.read(0, Math.min(file.size, PEEK)))),
    () => null,
  );
  const size = unlessUnreadable(
    () => compression.size(file),
    () => null,
  );
  const content = inner === null ? 'content of unknown format' : `content of format ${inner.name}`;
  findings.add(
    'blocking',
    'ECSIMPORT.Format',
    `The file is compressed with ${compression.name}, which ECS does not decompress`,
    `magic ${compression.magic} at byte 0; ${content}`,
    `Run ${compression.command}, and import the decompressed file.`,
  );
  return {
    format: compression.format,
    subformat: inner?.name ?? null,
    virtualSize: inner?.isRaw === true ? size : (inner?.virtualSize ?? null),
    disk: null,
  };
};

interface Inner {
  readonly name: string;
  readonly isRaw: boolean;
  readonly virtualSize: number | null;
}

function innerOf(bytes: Buffer): Inner | null {
  const is = (text: string, at = 0) => bytes.toString('latin1', at, at + text.length) === text;
  const found = (name: string, virtualSize: number | null): Inner => ({ name, isRaw: false, virtualSize });
  if (bytes.length < SECTOR) return null;
  if (is('QFI\xfb')) return found('QCOW2', Number(bytes.readBigUInt64BE(24)));
  if (is('KDMV')) return found('VMDK', Number(bytes.readBigUInt64LE(12)) * SECTOR);
  if (is('conectix')) return found('VHD', Number(bytes.readBigUInt64BE(48)));
  if (is('vhdxfile')) return found('VHDX', null);
  if (is('ustar', 257)) return found(/\.ovf\0/i.test(bytes.toString('latin1', 0, 100)) ? 'OVA' : 'tar', null);
  if (bytes.readUInt16LE(510) === 0xaa55 || is('EFI PART', SECTOR))
    return { name: 'RAW', isRaw: true, virtualSize: null };
  return null;
}

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
