/** RAW: the file is the disk. The format has no magic, so it is detected by the signatures of a disk's content. */
import type { ByteSource } from '../bytes.js';
import type { OpenContainer } from './container.js';

const SECTOR = 512;
/** Signatures of partition tables, and of content on a disk without partitions. */
const SIGNATURES: readonly { readonly name: string; readonly offset: number; readonly bytes: Buffer }[] = [
  { name: 'GPT', offset: 512, bytes: Buffer.from('EFI PART') },
  { name: 'GPT with 4096-byte sectors', offset: 4096, bytes: Buffer.from('EFI PART') },
  { name: 'MBR', offset: 510, bytes: Buffer.from('55aa', 'hex') },
  { name: 'xfs', offset: 0, bytes: Buffer.from('XFSB') },
  { name: 'ext2, ext3 or ext4', offset: 1080, bytes: Buffer.from('53ef', 'hex') },
  { name: 'btrfs', offset: 65_600, bytes: Buffer.from('_BHRfS_M') },
  { name: 'LVM', offset: 512, bytes: Buffer.from('LABELONE') },
  { name: 'LUKS', offset: 0, bytes: Buffer.from('4c554b53babe', 'hex') },
  { name: 'swap', offset: 4086, bytes: Buffer.from('SWAPSPACE2') },
  { name: 'Linux RAID', offset: 4096, bytes: Buffer.from('fc4e2ba9', 'hex') },
];
const BLANK_CHECK_BYTES = 1024 * 1024;

export const openRaw: OpenContainer = (file, findings) => {
  const known = hasDiskSignature(file);
  if (!known && !isBlank(file)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The file is not a disk image: it has no known container format, partition table or file system',
      `first bytes ${file.read(0, Math.min(16, file.size)).toString('hex')}`,
      'Check that the source is the intended file.',
    );
    return { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
  }
  if (!known) {
    findings.add(
      'warning',
      'ECSIMPORT.Blank',
      'The disk appears to be blank: it has no partition table and no file system',
      `the first ${Math.min(BLANK_CHECK_BYTES, file.size)} bytes are zero`,
      'Check that the source is the intended file. Instead of importing a blank data disk, create a new one in ECS.',
    );
  }
  if (file.size % SECTOR !== 0) {
    findings.add(
      'warning',
      'ECSIMPORT.Truncated',
      'The size of the raw disk is not a multiple of 512 bytes: it may be truncated',
      `${file.size} bytes, ${file.size % SECTOR} more than a multiple of ${SECTOR}`,
      'Copy the image again and compare checksums. If the image is complete, pad it: truncate -s %512 FILE',
    );
  }
  return { format: 'RAW', subformat: null, virtualSize: file.size, disk: file };
};

/** True for a file that starts like a disk with partitions or a file system. */
export function hasDiskSignature(file: ByteSource): boolean {
  return SIGNATURES.some(
    ({ offset, bytes }) => offset + bytes.length <= file.size && file.read(offset, bytes.length).equals(bytes),
  );
}

export function isBlank(file: ByteSource): boolean {
  if (file.size < SECTOR) return false;
  return file.read(0, Math.min(BLANK_CHECK_BYTES, file.size)).every((byte) => byte === 0);
}
