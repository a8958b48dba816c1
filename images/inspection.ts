/** What is told of a disk image without starting it. */
import type { Finding } from '../domain/import.js';

export type ContainerFormat =
  | 'RAW'
  | 'QCOW2'
  | 'VHD'
  | 'VMDK'
  | 'VHDX'
  | 'VDI'
  | 'ISO'
  | 'OVA'
  | 'GZIP'
  | 'XZ'
  | 'ZSTD'
  | 'UNKNOWN';

export interface Inspection {
  /** Told from the bytes, never from the name. */
  readonly format: ContainerFormat;
  /** Subformat where there is one: `fixed`, `dynamic`, `streamOptimized`, `monolithicSparse` … */
  readonly subformat: string | null;
  /** Bytes that the guest sees; null where the format does not tell. */
  readonly virtualSize: number | null;
  /** Bytes of the file, and bytes of it that the disk really holds. */
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** Null: could not be told. */
  readonly architecture: 'x86_64' | 'i386' | 'arm64' | null;
  readonly bootMode: 'BIOS' | 'UEFI' | null;
  readonly osType: 'linux' | 'windows' | null;
  /** One of the vendor's Platform values. */
  readonly platform: string | null;
  readonly osVersion: string | null;
  readonly findings: readonly Finding[];
  /** How deep the inspection went: `container` only the file's format, `guest` partitions, file systems and files. */
  readonly depth: 'container' | 'guest';
}

/** `inspectImage(file, options)` never trusts the image; it throws `FailureError` for a file it can't read at all. */
export type InspectImage = (file: string, options?: { readonly signal?: AbortSignal }) => Promise<Inspection>;
