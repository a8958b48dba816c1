/** The result of inspecting a disk image offline. */
import type { Finding } from '../domain/import.js';
import type { LocalFile } from '../sources/local-file.js';
import type { PackageList } from './guest/packages/package-list.js';
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
  | 'TAR'
  | 'GZIP'
  | 'XZ'
  | 'ZSTD'
  | 'UNKNOWN';

/** The one disk in an archive. */
export interface ContainedDisk {
  readonly name: string;
  readonly format: ContainerFormat;
  /** Position in the archive, in bytes. */
  readonly offset: number;
  /** Bytes of the disk's file, not of the archive where it is sparse. */
  readonly size: number;
  /** True: the archive has only the parts of the file that are not zero (GNU tar's sparse files). */
  readonly sparse: boolean;
}

/** A partition, a logical volume, or a disk without partitions. */
export interface VolumeFacts {
  /** `partition 2`, `logical volume vg0/root`, `the whole disk`. */
  readonly name: string;
  /** Bytes; null if the volume could not be assembled. */
  readonly size: number | null;
  /** `ext4`, `swap`, `LVM`, `LUKS` …; null: unknown. */
  readonly content: string | null;
  readonly uuid: string | null;
  readonly label: string | null;
  /** Why the file system cannot be read, although its superblock is there; absent: no damage was found. */
  readonly damage?: string;
}

/** A volume that the guest mounts. */
export interface MountFacts {
  /** As in `volumes`. */
  readonly volume: string;
  /** `/`, `/boot` … */
  readonly at: string;
}

/** In the machine's order. */
export type BootLinkName =
  | 'firmware'
  | 'boot loader'
  | 'boot entry'
  | 'kernel'
  | 'initramfs'
  | 'root device'
  | 'mounts'
  | 'init';
export type BootLinkState = 'verified' | 'broken' | 'not verified';

/** A step between power-on and the init program, and what the inspection knows of it. */
export interface BootLink {
  readonly link: BootLinkName;
  readonly state: BootLinkState;
  /** What the state rests on; empty if there is nothing to show. */
  readonly evidence: string;
}

export interface Inspection {
  /** Detected from the content, never from the name. */
  readonly format: ContainerFormat;
  /** `fixed`, `dynamic`, `streamOptimized`, `monolithicSparse` …; null if the format has none. */
  readonly subformat: string | null;
  /** Size of the guest's disk in bytes; null if the format does not record it. */
  readonly virtualSize: number | null;
  /** Size of the file, and the bytes of it that are allocated on disk. */
  readonly fileSize: number;
  readonly allocatedSize: number;
  /** Null: the file is the disk. */
  readonly contains: ContainedDisk | null;
  /** The smallest diskImageSize that ImportImage accepts for it, in GiB; null if the virtual size is unknown. */
  readonly diskImageSizeGiB: number | null;
  readonly partitionTable: 'gpt' | 'mbr' | 'none' | null;
  readonly volumes: readonly VolumeFacts[];
  /** Null: could not be determined. The same holds for the other facts about the guest. */
  readonly architecture: 'x86_64' | 'i386' | 'arm64' | null;
  /** The boot mode to import with: BIOS if the disk supports both, which is ImportImage's default for x86. */
  readonly bootMode: 'BIOS' | 'UEFI' | null;
  /** Every boot mode that the disk supports. */
  readonly bootModes: readonly ('BIOS' | 'UEFI')[];
  /** Of a Linux guest; empty for others. */
  readonly bootChain: readonly BootLink[];
  readonly osType: 'linux' | 'windows' | null;
  /** One of the vendor's Platform values. */
  readonly platform: string | null;
  readonly osVersion: string | null;
  /** The name from the guest's release file or registry, e.g. `Debian GNU/Linux 12 (bookworm)`. */
  readonly osName: string | null;
  /** The kernel that the boot loader starts. */
  readonly kernelVersion: string | null;
  readonly cloudInitVersion: string | null;
  readonly hostName: string | null;
  readonly packageFormat: 'deb' | 'rpm' | 'apk' | 'pacman' | 'xbps' | 'ebuild' | null;
  /** Present if it was requested; null: the guest could not be inspected. */
  readonly packages?: PackageList | null;
  /** Of volumes on this disk, by a Linux guest; the root first. */
  readonly mounts: readonly MountFacts[];
  /** Value for Features.NvmeSupport, derived from the kernel and its initramfs. */
  readonly nvmeSupport: 'supported' | 'unsupported' | null;
  readonly findings: readonly Finding[];
  /** Scope of the inspection. `container`: only the file's format. `guest`: partitions, file systems and files too. */
  readonly depth: 'container' | 'guest';
}

/** How the import uses the image. */
export interface DiskContext {
  /** For a data disk, only the container and the disk layout are inspected. */
  readonly role: DiskRole;
  /** The import has other disks, so mounts in fstab may be on them. */
  readonly moreDisks: boolean;
  /** Also list the installed packages, which takes more time and makes a longer report. */
  readonly packages?: boolean;
}
export type DiskRole = 'system' | 'data';

export const LONE_SYSTEM_DISK: DiskContext = { role: 'system', moreDisks: false };

export interface InspectOptions extends Partial<DiskContext> {
  readonly signal?: AbortSignal;
}

/** Treats the image as untrusted; `file` is a path, or a file that is open already. Throws `FailureError` for a file that cannot be read at all. */
export type InspectImage = (file: string | LocalFile, options?: InspectOptions) => Promise<Inspection>;

/** Like `InspectImage`, for a remote image. Errors of `RemoteImage.read` are rethrown unchanged. */
export type InspectRemote = (image: RemoteImage, options?: InspectOptions) => Promise<Inspection>;
