/**
 * The results of image detection, with the vendor's names (`GUESTOS.…`). The boot mode is read from the image; the other
 * items repeat the request, as in a detection without findings.
 */
import type { DetectionItemRecord } from '../model.js';
import type { ImageFile, ReadAt } from './image-file.js';
import type { ImportParams } from './import-params.js';
import { openVirtualDisk } from './virtual-disk.js';

export async function detect(
  params: ImportParams,
  file: ImageFile,
  read: ReadAt,
  size: number,
): Promise<readonly DetectionItemRecord[]> {
  const boot = await readBootSafely(read, size, file);
  return [
    { name: 'GUESTOS.Platform', value: params.platform },
    { name: 'GUESTOS.Architecture', value: params.architecture },
    bootItem(params.bootMode, boot),
    { name: 'GUESTOS.Virtio', value: 'Installed' },
    { name: 'GUESTOS.Nvme', value: params.features.nvmeSupport === 'supported' ? 'Supported' : 'Unsupported' },
  ];
}

/** Null if the disk cannot be read: a failed detection does not affect the import. */
async function readBootSafely(read: ReadAt, size: number, file: ImageFile): Promise<Boot | null> {
  try {
    const disk = await openVirtualDisk(read, size, file);
    return disk === null ? null : await readBoot(disk);
  } catch {
    return null;
  }
}

type Boot = 'BIOS' | 'UEFI' | 'both' | 'none';

function bootItem(requested: string, boot: Boot | null): DetectionItemRecord {
  const name = 'GUESTOS.BootMode';
  if (boot === null) return { name, value: requested };
  if (boot === 'both' || boot === requested) return { name, value: boot === 'both' ? 'BIOS,UEFI' : boot };
  // The vendor publishes no codes for these findings. The suffix marks them as the emulator's.
  if (boot === 'none') return { name, value: 'Unknown', riskLevel: 'Medium', riskCode: 'BootMode.Unknown.Emulated' };
  return { name, value: boot, riskLevel: 'High', riskCode: 'BootMode.Mismatch.Emulated' };
}

const ESP_TYPE = Buffer.from('28732ac11ff8d211ba4b00a0c93ec93b', 'hex');
const BIOS_BOOT_TYPE = Buffer.from('4861682149646f6e744e656564454649', 'hex');

/** The boot modes that the disk supports: BIOS by boot code in the MBR, UEFI by an EFI system partition. */
async function readBoot(read: ReadAt): Promise<Boot> {
  const head = await read(0, 1024);
  if (head.length < 1024 || head.readUInt16LE(510) !== 0xaa55) return 'none';
  const types = [0, 1, 2, 3].map((index) => head[446 + 16 * index + 4] ?? 0);
  const code = head.subarray(0, 440).some((byte) => byte !== 0);
  if (!types.includes(0xee)) return bootOf(code && types.some((type) => type !== 0), types.includes(0xef));
  if (!head.subarray(512, 520).equals(Buffer.from('EFI PART'))) return 'none';
  const entries = head.readUInt32LE(512 + 80);
  const entrySize = head.readUInt32LE(512 + 84);
  if (entries > 1024 || entrySize < 128 || entrySize > 4096) return 'none';
  const table = await read(Number(head.readBigUInt64LE(512 + 72)) * 512, entries * entrySize);
  const has = (type: Buffer) => {
    for (let at = 0; at + 16 <= table.length; at += entrySize)
      if (table.subarray(at, at + 16).equals(type)) return true;
    return false;
  };
  return bootOf(code && has(BIOS_BOOT_TYPE), has(ESP_TYPE));
}

function bootOf(bios: boolean, uefi: boolean): Boot {
  if (bios && uefi) return 'both';
  return bios ? 'BIOS' : uefi ? 'UEFI' : 'none';
}
