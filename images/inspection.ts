/** What is told of a disk image without starting it. */
import type { Finding } from '../domain/import.js';
import type { RemoteImage } from './remote-image.js';

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

/** The one disk in an archive. */
export interface ContainedDisk {
  readonly name: string;
  readonly format: ContainerFormat;
  /** Bytes of the file. */
  readonly offset: number;
  readonly size: number;
}

/** A partition, a logical volume, or a disk without partitions. */
export interface VolumeFacts {
  /** `partition 2`, `logical volume vg0/root`, `the whole disk`. */
  readonly name: string;
  /** Bytes; null where it could not be put together. */
  readonly size: number | null;
  /** `ext4`, `swap`, `LVM`, `LUKS` …; null: nothing known. */
  readonly content: string | null;
  readonly uuid: string | null;
}

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
  /** Null: the file is the disk. */
  readonly contains: ContainedDisk | null;
  /** The smallest diskImageSize that the cloud takes for it, in GiB; null where the virtual size is not known. */
  readonly diskImageSizeGiB: number | null;
  readonly partitionTable: 'gpt' | 'mbr' | 'none' | null;
  readonly volumes: readonly VolumeFacts[];
  /** Null: could not be told. */
  readonly architecture: 'x86_64' | 'i386' | 'arm64' | null;
  /** What to import it as: BIOS where it can do both, as the cloud's own default for x86. */
  readonly bootMode: 'BIOS' | 'UEFI' | null;
  /** All that the disk can do. */
  readonly bootModes: readonly ('BIOS' | 'UEFI')[];
  readonly osType: 'linux' | 'windows' | null;
  /** One of the vendor's Platform values. */
  readonly platform: string | null;
  readonly osVersion: string | null;
  /** The system's own name for itself, e.g. `Debian GNU/Linux 12 (bookworm)`. */
  readonly osName: string | null;
  /** The kernel that the boot loader starts. */
  readonly kernelVersion: string | null;
  readonly cloudInitVersion: string | null;
  /** Features.NvmeSupport as the kernel and its initramfs allow it. */
  readonly nvmeSupport: 'supported' | 'unsupported' | null;
  readonly findings: readonly Finding[];
  /** How deep the inspection went: `container` only the file's format, `guest` partitions, file systems and files. */
  readonly depth: 'container' | 'guest';
}

/** What the image is to the instance. */
export interface DiskContext {
  /** A data disk needs no system: its container and its layout are read, no guest. */
  readonly role: DiskRole;
  /** Other disks come along: what this one's fstab names may be on them. */
  readonly moreDisks: boolean;
}
export type DiskRole = 'system' | 'data';

export const LONE_SYSTEM_DISK: DiskContext = { role: 'system', moreDisks: false };

export interface InspectOptions extends Partial<DiskContext> {
  readonly signal?: AbortSignal;
}

/** `inspectImage(file, options)` never trusts the image; it throws `FailureError` for a file it can't read at all. */
export type InspectImage = (file: string, options?: InspectOptions) => Promise<Inspection>;

/** As `InspectImage`, for an image that is fetched piece by piece; failures of the fetching come through as they are. */
export type InspectRemote = (image: RemoteImage, options?: InspectOptions) => Promise<Inspection>;
