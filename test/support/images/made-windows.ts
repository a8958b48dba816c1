/**
 * A constructed Windows with only what the inspection reads: hives with real version strings, and empty files in place
 * of real ones. It contains no Windows and does not boot.
 */

import type { Finding } from '../../../domain/import.js';
import { type ByteSource, bufferSource } from '../../../images/bytes.js';
import type { DiskLayout, Volume } from '../../../images/disk/volumes.js';
import type { FileSystem } from '../../../images/filesystems/filesystem.js';
import { findingList } from '../../../images/findings.js';
import type { BootModes } from '../../../images/guest/boot-mode.js';
import type { GuestFacts } from '../../../images/guest/facts.js';
import { LONE_SYSTEM_DISK } from '../../../images/inspection.js';
import { findWindows } from '../../../images/windows/find-windows.js';
import { inspectWindows } from '../../../images/windows/inspect-windows.js';
import { type HiveKeys, type HiveValue, hive } from './made-hive.js';

export const GPT_PARTITION = '0e2f4c38-a4ea-47ba-b7fc-9d8c74dccf0b';
export const MBR_SIGNATURE = 0x1b2a_3c4d;
/** Sector 100,352, as test/images/make/windows-images.sh partitions. */
export const MBR_OFFSET = 49 * 1024 * 1024;

/** Keys that replace or (null) remove those of a healthy system. */
export type Changes = Readonly<Record<string, Readonly<Record<string, HiveValue>> | null>>;

export interface MadeWindows {
  readonly system?: Changes;
  readonly software?: Changes;
  readonly store?: HiveKeys;
  readonly firmware?: 'BIOS' | 'UEFI';
  /** Content by path; null: the file does not exist. */
  readonly files?: Readonly<Record<string, Buffer | null>>;
  readonly dirty?: boolean;
  readonly stale?: string | null;
}

export const SYSTEM: HiveKeys = {
  Select: { Current: 1, Default: 1, Failed: 0, LastKnownGood: 1 },
  Setup: { SystemSetupInProgress: 0, OOBEInProgress: 0, SetupType: 0, CmdLine: '' },
  'Setup\\Status\\SysprepStatus': { GeneralizationState: 7, CleanupState: 2 },
  'DriverDatabase\\DeviceIds\\PCI\\VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00': {
    'viostor.inf': Buffer.from('01ff0000', 'hex'),
  },
  'ControlSet001\\Control\\Session Manager': { BootExecute: ['autocheck autochk *'] },
  'ControlSet001\\Control\\Session Manager\\Environment': { PROCESSOR_ARCHITECTURE: 'AMD64' },
  'ControlSet001\\Control\\Session Manager\\Memory Management': { PagingFiles: ['?:\\pagefile.sys'] },
  'ControlSet001\\Control\\Session Manager\\Power': { HiberbootEnabled: 0 },
  'ControlSet001\\Control\\Terminal Server': { fDenyTSConnections: 0 },
  'ControlSet001\\Control\\Terminal Server\\WinStations\\RDP-Tcp': { PortNumber: 3389, UserAuthentication: 1 },
  'ControlSet001\\Services\\TermService': { Start: 3 },
  'ControlSet001\\Services\\viostor': {
    Start: 0,
    Type: 1,
    ImagePath: 'System32\\drivers\\viostor.sys',
    Group: 'SCSI miniport',
  },
  'ControlSet001\\Services\\netkvm': { Start: 3, Type: 1, ImagePath: '\\SystemRoot\\System32\\drivers\\netkvm.sys' },
  'ControlSet001\\Services\\stornvme': { Start: 0, Type: 1, ImagePath: 'System32\\drivers\\stornvme.sys' },
  'ControlSet001\\Services\\partmgr\\Parameters': { SanPolicy: 1 },
  'ControlSet001\\Services\\cloudbase-init': { Start: 2 },
  'ControlSet001\\Services\\Tcpip\\Parameters\\Interfaces\\{4b0ae068-b350-4bd4-85ab-77e00e581863}': {
    EnableDHCP: 1,
    DhcpIPAddress: '192.168.0.7',
  },
  'ControlSet001\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\PublicProfile': { EnableFirewall: 1 },
  'ControlSet001\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\FirewallRules': {
    'RemoteDesktop-UserMode-In-TCP':
      'v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|App=%SystemRoot%\\system32\\svchost.exe|Svc=termservice|Name=@FirewallAPI.dll,-28775|',
  },
};

export const SOFTWARE: HiveKeys = {
  'Microsoft\\Windows NT\\CurrentVersion': {
    ProductName: 'Windows Server 2022 Datacenter',
    EditionID: 'ServerDatacenter',
    InstallationType: 'Server',
    CurrentVersion: '6.3',
    CurrentBuild: '20348',
    CurrentBuildNumber: '20348',
    CurrentMajorVersionNumber: 10,
    CurrentMinorVersionNumber: 0,
    UBR: 2700,
    SystemRoot: 'C:\\Windows',
  },
  'Microsoft\\Windows\\CurrentVersion\\Setup\\State': { ImageState: 'IMAGE_STATE_COMPLETE' },
};

const LOADER = '{733b62e5-f608-11eb-825c-c112f60133ab}';

/** A boot store with one loader. `device`: 88 bytes as `partitionDevice` makes them. */
export function bootStore(device: Buffer, path: string, more: HiveKeys = {}): HiveKeys {
  const manager = 'Objects\\{9dea862c-5cdd-4e70-acc1-f32b344d4795}';
  const loader = `Objects\\${LOADER}`;
  return {
    Description: { KeyName: 'BCD00000000', System: 1, TreatAsSystem: 1 },
    [`${manager}\\Description`]: { Type: 0x1010_0002 },
    [`${manager}\\Elements\\23000003`]: { Element: LOADER },
    [`${manager}\\Elements\\24000001`]: { Element: [LOADER] },
    [`${loader}\\Description`]: { Type: 0x1020_0003 },
    [`${loader}\\Elements\\11000001`]: { Element: device },
    [`${loader}\\Elements\\12000002`]: { Element: path },
    [`${loader}\\Elements\\12000004`]: { Element: 'Windows Server' },
    [`${loader}\\Elements\\21000001`]: { Element: device },
    [`${loader}\\Elements\\22000002`]: { Element: '\\Windows' },
    ...more,
  };
}
export const SAFE_BOOT: HiveKeys = { [`Objects\\${LOADER}\\Elements\\25000080`]: { Element: Buffer.alloc(8) } };

export function partitionDevice(partition: { gpt: string } | { signature: number; offset: number }): Buffer {
  const bytes = Buffer.alloc(88);
  bytes.writeUInt32LE(6, 16);
  bytes.writeUInt32LE(0x48, 24);
  if ('gpt' in partition) {
    guidBytes(partition.gpt).copy(bytes, 32);
  } else {
    bytes.writeBigUInt64LE(BigInt(partition.offset), 32);
    bytes.writeUInt32LE(1, 52);
    bytes.writeUInt32LE(partition.signature, 56);
  }
  return bytes;
}

/** The first three parts of a GUID are little-endian. */
export function guidBytes(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}

export const UEFI_STORE = bootStore(partitionDevice({ gpt: GPT_PARTITION }), '\\Windows\\system32\\winload.efi');
export const BIOS_STORE = bootStore(
  partitionDevice({ signature: MBR_SIGNATURE, offset: MBR_OFFSET }),
  '\\Windows\\system32\\winload.exe',
);

const DRIVERS = ['viostor', 'netkvm', 'stornvme'].map((name) => `/Windows/System32/drivers/${name}.sys`);

/** The files of the system volume. */
export function windowsFiles({
  system = {},
  software = {},
  files = {},
  dirty = false,
}: MadeWindows): Record<string, Buffer> {
  const all: Record<string, Buffer | null> = {
    '/Windows/System32/config/SYSTEM': hive(changed(SYSTEM, system), { dirty }),
    '/Windows/System32/config/SOFTWARE': hive(changed(SOFTWARE, software)),
    ...Object.fromEntries(DRIVERS.map((file) => [file, Buffer.from('constructed')])),
    ...files,
  };
  return present(all);
}

function changed(keys: HiveKeys, changes: Changes): HiveKeys {
  return present({ ...keys, ...changes });
}

function present<T>(all: Readonly<Record<string, T | null>>): Record<string, T> {
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]): [string, T][] => (value === null ? [] : [[name, value]])),
  );
}

export interface GuestInspection extends GuestFacts {
  readonly findings: readonly Finding[];
}

/** Inspects a Windows in memory, with its boot store on the partition before it. */
export function inspectMadeWindows(parts: MadeWindows = {}): GuestInspection {
  const firmware = parts.firmware ?? 'UEFI';
  const uefi = firmware === 'UEFI';
  const store = hive(parts.store ?? (uefi ? UEFI_STORE : BIOS_STORE));
  const first: Record<string, Buffer> = uefi ? { '/EFI/Microsoft/Boot/BCD': store } : { '/Boot/BCD': store };
  const layout: DiskLayout = {
    table: { scheme: uefi ? 'gpt' : 'mbr', partitions: [] },
    volumes: [
      volume('partition 1', uefi ? 'vfat' : 'ntfs', first, null, 0),
      volume(
        'partition 2',
        'ntfs',
        windowsFiles(parts),
        parts.stale ?? null,
        MBR_OFFSET,
        uefi ? GPT_PARTITION : '1b2a3c4d-02',
      ),
    ],
  };
  const modes: BootModes = uefi
    ? {
        bios: null,
        biosBroken: null,
        biosStage: 'unknown',
        grubCore: null,
        uefi: 'partition 1: /EFI/BOOT/BOOTX64.EFI',
        uefiElsewhere: null,
        loaders: ['x86_64'],
      }
    : {
        bios: 'boot sector code and active partition 1',
        biosBroken: null,
        biosStage: 'unknown',
        grubCore: null,
        uefi: null,
        uefiElsewhere: null,
        loaders: [],
      };
  const findings = findingList();
  const windows = findWindows(layout, findings);
  if (windows === null) throw new Error(`the inspection found no Windows: ${JSON.stringify(findings.all)}`);
  return {
    ...inspectWindows(windows, layout, modes, { ...LONE_SYSTEM_DISK, packages: true }, findings),
    findings: findings.all,
  };
}

function volume(
  name: string,
  kind: 'ntfs' | 'vfat',
  files: Readonly<Record<string, Buffer>>,
  stale: string | null,
  start: number,
  partUuid = '',
): Volume {
  const size = 64 * 1024 ** 3;
  return {
    name,
    partition: { number: 1, start, size, type: '', partUuid, name: '', active: false },
    logical: null,
    alsoReadBy: null,
    extents: [],
    source: bufferSource(Buffer.alloc(0)),
    fileSystem: memoryFileSystem(kind, files, stale, size),
    uuid: null,
    label: null,
    content: kind,
    damage: null,
  };
}

/** Creates the parent directories of all files; nodes are numbered in order of their creation. */
function memoryFileSystem(
  kind: 'ntfs' | 'vfat',
  files: Readonly<Record<string, Buffer>>,
  stale: string | null,
  size: number,
): FileSystem {
  const nodes: { readonly children: Map<string, number>; readonly content: Buffer | null }[] = [
    { children: new Map(), content: null },
  ];
  const at = (number: number) => nodes[number] ?? { children: new Map<string, number>(), content: null };
  for (const [path, content] of Object.entries(files)) {
    const steps = path.split('/').filter(Boolean);
    let here = 0;
    for (const [index, step] of steps.entries()) {
      const known = at(here).children.get(step);
      if (known === undefined) {
        at(here).children.set(step, nodes.length);
        here = nodes.length;
        nodes.push({ children: new Map(), content: index === steps.length - 1 ? content : null });
      } else here = known;
    }
  }
  const bytes = (number: number): Buffer => at(number).content ?? Buffer.alloc(0);
  return {
    kind,
    uuid: null,
    label: '',
    totalBytes: size,
    freeBytes: size / 2,
    stale,
    ignoresCase: true,
    root: 0,
    info: (number) => ({
      kind: at(number).content === null ? 'directory' : 'file',
      size: bytes(number).length,
      mode: null,
    }),
    entries: (number) => [...at(number).children].map(([name, node]) => ({ name, node })),
    content: (number, length) => bytes(number).subarray(0, length),
    source: (number): ByteSource => bufferSource(bytes(number)),
    link: () => '',
  };
}
