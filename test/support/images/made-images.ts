/** Builds images byte by byte: containers with exactly one special property, and sources with a few changed bytes. */
import { type ByteSource, bufferSource, type FileSource, openFile } from '../../../images/bytes.js';
import { inspectFile } from '../../../images/inspect.js';
import type { Inspection } from '../../../images/inspection.js';

export const MIB = 1024 * 1024;
export const DEMO = new URL('../../../assets/debian-demo.qcow2', import.meta.url).pathname;

/** Constructed by test/images/make/windows-images.sh. */
export const WINDOWS = new URL('../../images/fixtures/windows-2022-uefi-constructed.qcow2', import.meta.url).pathname;
export const WINDOWS_WITHOUT_VIRTIO = new URL(
  '../../images/fixtures/windows-2012r2-bios-constructed.qcow2',
  import.meta.url,
).pathname;

export function asFile(bytes: Buffer): FileSource {
  return { ...bufferSource(bytes), allocatedSize: bytes.length, close: () => undefined };
}

export function inspectBytes(bytes: Buffer): Inspection {
  return inspectFile(asFile(bytes));
}

export function inspectPath(path: string): Inspection {
  const file = openFile(path);
  try {
    return inspectFile(file);
  } finally {
    file.close();
  }
}

export function codes(inspection: Inspection, severity: string): string[] {
  return inspection.findings.filter((finding) => finding.severity === severity).map((finding) => finding.code);
}

/** The source with some bytes replaced. */
export function patched(
  source: ByteSource & { readonly allocatedSize?: number },
  edits: ReadonlyMap<number, number>,
): FileSource {
  return {
    size: source.size,
    allocatedSize: source.allocatedSize ?? source.size,
    close: () => undefined,
    read(offset, length) {
      const bytes = source.read(offset, length);
      let copy: Buffer | null = null;
      for (const [at, value] of edits) {
        if (at < offset || at >= offset + length) continue;
        copy ??= Buffer.from(bytes);
        copy[at - offset] = value;
      }
      return copy ?? bytes;
    },
  };
}

export interface Qcow2Parts {
  readonly version?: number;
  readonly size?: number;
  readonly backing?: string;
  readonly encryption?: number;
  readonly features?: number;
  readonly snapshots?: number;
  readonly compression?: number;
  /** File offset of the guest's first cluster; 0: never written. */
  readonly firstCluster?: number;
  readonly refcount?: number;
}

/** Header, refcount table and block, L1, L2, one data cluster: seven clusters of 64 KiB. */
export function qcow2(parts: Qcow2Parts = {}): Buffer {
  const cluster = 65_536;
  const bytes = Buffer.alloc(7 * cluster);
  const version = parts.version ?? 3;
  bytes.writeUInt32BE(0x514649fb, 0);
  bytes.writeUInt32BE(version, 4);
  if (parts.backing !== undefined) {
    bytes.writeBigUInt64BE(512n, 8);
    bytes.writeUInt32BE(parts.backing.length, 16);
    bytes.write(parts.backing, 512);
  }
  bytes.writeUInt32BE(16, 20);
  bytes.writeBigUInt64BE(BigInt(parts.size ?? MIB), 24);
  bytes.writeUInt32BE(parts.encryption ?? 0, 32);
  bytes.writeUInt32BE(1, 36);
  bytes.writeBigUInt64BE(BigInt(3 * cluster), 40);
  bytes.writeBigUInt64BE(BigInt(cluster), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(parts.snapshots ?? 0, 60);
  if (version === 3) {
    bytes.writeBigUInt64BE(BigInt(parts.features ?? 0), 72);
    bytes.writeUInt32BE(4, 96);
    bytes.writeUInt32BE(112, 100);
    bytes.writeUInt8(parts.compression ?? 0, 104);
  }
  bytes.writeBigUInt64BE(BigInt(2 * cluster), cluster);
  for (let index = 0; index < 7; index += 1) bytes.writeUInt16BE(parts.refcount ?? 1, 2 * cluster + index * 2);
  bytes.writeBigUInt64BE(BigInt(4 * cluster), 3 * cluster);
  bytes.writeBigUInt64BE(BigInt(parts.firstCluster ?? 5 * cluster), 4 * cluster);
  return bytes;
}

/** An MBR with one active, empty Linux partition. */
export function mbrDisk(size = 4 * MIB): Buffer {
  const disk = Buffer.alloc(size);
  disk.writeUInt8(0x80, 446);
  disk.writeUInt8(0x83, 450);
  disk.writeUInt32LE(2048, 454);
  disk.writeUInt32LE(size / 512 - 2048, 458);
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}
