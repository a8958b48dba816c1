/** RAW: the file is the disk. Told by what a disk has at its known places, since a raw file has no magic of its own. */
import type { ByteSource } from '../bytes.js';
import type { OpenContainer } from './container.js';

const SECTOR = 512;
/** Signatures of what lies on a disk, or of what lies on one without partitions. */
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
const LOOKED_AT = 1024 * 1024;

export const openRaw: OpenContainer = (file, findings) => {
  const known = SIGNATURES.find(
    ({ offset, bytes }) => offset + bytes.length <= file.size && file.read(offset, bytes.length).equals(bytes),
  );
  if (known === undefined && !isBlank(file)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The file is no disk image: no container format, partition table or file system was found in it',
      `first bytes ${file.read(0, Math.min(16, file.size)).toString('hex')}`,
      'Check that this is the file that you meant.',
    );
    return { format: 'UNKNOWN', subformat: null, virtualSize: null, disk: null };
  }
  if (known === undefined) {
    findings.add(
      'warning',
      'ECSIMPORT.Blank',
      'The disk looks blank: no partition table and no file system',
      `the first ${Math.min(LOOKED_AT, file.size)} bytes are zero`,
      'A blank data disk need not be imported: make one in the cloud. A blank system disk does not boot.',
    );
  }
  if (file.size % SECTOR !== 0) {
    findings.add(
      'warning',
      'ECSIMPORT.Truncated',
      'The raw disk does not end at a sector: it may be cut off',
      `${file.size} bytes, ${file.size % SECTOR} over a multiple of ${SECTOR}`,
      'Copy the image again and compare checksums; truncate -s %512 FILE pads one that is whole.',
    );
  }
  return { format: 'RAW', subformat: null, virtualSize: file.size, disk: file };
};

function isBlank(file: ByteSource): boolean {
  if (file.size < SECTOR) return false;
  return file.read(0, Math.min(LOOKED_AT, file.size)).every((byte) => byte === 0);
}
