/** Reads the Boot Configuration Data (BCD), a registry hive: the default system, its partition and its loader. */
import { guid } from '../disk/partitions.js';
import type { DiskLayout, Volume } from '../disk/volumes.js';
import { unlessUnreadable } from '../findings.js';
import { guestTree } from '../guest/tree.js';
import { type Key, openHive } from './hive.js';

const BOOT_MANAGER = '{9dea862c-5cdd-4e70-acc1-f32b344d4795}';
const OS_LOADER = 0x1020_0003;
const ELEMENT = {
  device: '11000001',
  path: '12000002',
  description: '12000004',
  osDevice: '21000001',
  defaultObject: '23000003',
  displayOrder: '24000001',
  safeBoot: '25000080',
} as const;

/** The partition that a device element refers to. */
export type BootDevice =
  | { readonly kind: 'gpt'; readonly partition: string }
  | { readonly kind: 'mbr'; readonly signature: string; readonly offset: number }
  /** The boot partition, or one found by a search: valid on any disk. */
  | { readonly kind: 'relative' }
  | { readonly kind: 'other'; readonly type: number };

export interface BootLoader {
  readonly id: string;
  readonly description: string;
  readonly path: string;
  readonly device: BootDevice | null;
  readonly osDevice: BootDevice | null;
  readonly safeBoot: boolean;
}

export interface BootStore {
  readonly firmware: 'BIOS' | 'UEFI';
  readonly volume: Volume;
  readonly file: string;
  readonly dirty: boolean;
  /** The default entry; null if it is not a Windows loader. */
  readonly loader: BootLoader | null;
}

const FILES = [
  { firmware: 'UEFI', kind: 'vfat', file: '/EFI/Microsoft/Boot/BCD' },
  { firmware: 'BIOS', kind: 'ntfs', file: '/Boot/BCD' },
  { firmware: 'BIOS', kind: 'vfat', file: '/Boot/BCD' },
] as const;

export function readBootStores({ volumes }: DiskLayout): BootStore[] {
  return volumes.flatMap((volume) => FILES.flatMap((place) => storeOn(volume, place) ?? []));
}

function storeOn(volume: Volume, { firmware, kind, file }: (typeof FILES)[number]): BootStore | null {
  const { fileSystem } = volume;
  if (fileSystem?.kind !== kind) return null;
  return unlessUnreadable(
    () => {
      const source = guestTree([{ at: '/', fileSystem }]).source(file);
      if (source === null) return null;
      const { root, dirty } = openHive(source);
      return { firmware, volume, file, dirty, loader: loaderOf(root.key('Objects')) };
    },
    () => null,
  );
}

function loaderOf(objects: Key | null): BootLoader | null {
  if (objects === null) return null;
  const manager = elements(objects.key(BOOT_MANAGER));
  const first = manager(ELEMENT.defaultObject)?.text('Element') ?? manager(ELEMENT.displayOrder)?.texts('Element')?.[0];
  const ids = first === undefined ? objects.names() : [first];
  for (const id of ids) {
    const object = objects.key(id);
    if (object?.key('Description')?.number('Type') !== OS_LOADER) continue;
    const element = elements(object);
    return {
      id,
      description: element(ELEMENT.description)?.text('Element') ?? '',
      path: element(ELEMENT.path)?.text('Element') ?? '',
      device: deviceOf(element(ELEMENT.device)),
      osDevice: deviceOf(element(ELEMENT.osDevice)),
      safeBoot: element(ELEMENT.safeBoot) !== null,
    };
  }
  return null;
}

function elements(object: Key | null): (code: string) => Key | null {
  const all = object?.key('Elements') ?? null;
  return (code) => all?.key(code) ?? null;
}

const DEVICE = { boot: 5, partition: 6, locate: 8 } as const;
const GPT = 0;
const MBR = 1;

/** Layout: 16 bytes of options, then type, flags, size. For a partition: its GUID or offset, at 0x34 the scheme and the disk. */
function deviceOf(element: Key | null): BootDevice | null {
  const bytes = element?.bytes('Element') ?? null;
  if (bytes === null || bytes.length < 32) return null;
  const type = bytes.readUInt32LE(16);
  if (type === DEVICE.boot || type === DEVICE.locate) return { kind: 'relative' };
  if (type !== DEVICE.partition || bytes.length < 72) return { kind: 'other', type };
  const scheme = bytes.readUInt32LE(52);
  if (scheme === GPT) return { kind: 'gpt', partition: guid(bytes, 32) };
  if (scheme !== MBR) return { kind: 'other', type };
  return {
    kind: 'mbr',
    signature: bytes.readUInt32LE(56).toString(16).padStart(8, '0'),
    offset: Number(bytes.readBigUInt64LE(32)),
  };
}

/** The volume of this disk that a boot entry refers to; null: not on this disk. */
export function volumeOfDevice(device: BootDevice, { volumes }: DiskLayout): Volume | null {
  return (
    volumes.find(({ partition }) => {
      if (partition === null) return false;
      if (device.kind === 'gpt') return partition.partUuid === device.partition;
      if (device.kind !== 'mbr') return false;
      return partition.start === device.offset && (partition.partUuid?.startsWith(device.signature) ?? false);
    }) ?? null
  );
}

export function deviceText(device: BootDevice): string {
  if (device.kind === 'gpt') return `partition ${device.partition}`;
  if (device.kind === 'mbr') return `partition at byte ${device.offset} of disk ${device.signature}`;
  return device.kind === 'relative' ? 'the boot partition' : `a device of type ${device.type}`;
}
