/** RAW: the file is the disk. The format has no magic, so it is detected by the signatures of a disk's content. */
import { type ByteSource, mappedSource, slice } from '../bytes.js';
import { endOfPartitions } from '../disk/partitions.js';
import { recognise } from '../disk/signatures.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import type { Container, OpenContainer } from './container.js';

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
  const known = hasDiskSignature(file) || recognise(file) !== null;
  if (!known && !isBlank(file)) {
    findings.add(
      'blocking',
      'ECSIMPORT.Format',
      'The file is not a disk image: it has no known container format, partition table or file system',
      // Never the bytes themselves: the file may be any file of the worker's host.
      `${file.size} bytes that look like ${contentName(file)}`,
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
  return { format: 'RAW', subformat: null, ...wholeDisk(file, findings) };
};

/**
 * A disk has whole sectors. A file that ends within one is padded, as qemu-img does, unless a partition table shows that the
 * disk ends before: then the bytes after the last whole sector are cut off. The import sends the same bytes
 * (sources/resized.ts).
 */
function wholeDisk(file: ByteSource, findings: FindingList): Pick<Container, 'virtualSize' | 'disk'> {
  const extra = file.size % SECTOR;
  if (extra === 0) return { virtualSize: file.size, disk: file };
  const evidence = `${file.size} bytes, ${extra} more than a multiple of ${SECTOR}`;
  const shorter = file.size - extra;
  const neededEnd = unlessUnreadable(
    () => endOfPartitions(file),
    () => 0,
  );
  if (neededEnd > 0 && neededEnd <= shorter) {
    findings.add(
      'warning',
      'ECSIMPORT.TrailingBytes',
      `The raw disk has ${extra} bytes after its last sector, which are not part of the disk`,
      evidence,
      'If the file is complete, nothing to do: they are not uploaded. Otherwise copy it again and compare checksums.',
    );
    return { virtualSize: shorter, disk: slice(file, 0, shorter, 'the disk') };
  }
  const longer = shorter + SECTOR;
  findings.add(
    'warning',
    'ECSIMPORT.Truncated',
    neededEnd === 0
      ? 'The raw disk ends within a sector: it may be truncated'
      : 'The raw disk ends within a sector that its partitions need: it may be truncated',
    evidence,
    'Copy the image again and compare checksums. If the image is complete, nothing to do: the upload completes the sector with zeros.',
  );
  const disk = mappedSource(longer, 'the disk', (offset) =>
    offset < file.size
      ? { at: { source: file, offset }, length: file.size - offset }
      : { at: null, length: longer - offset },
  );
  return { virtualSize: longer, disk };
}

const OTHER_FILES: readonly { readonly name: string; readonly magic: string }[] = [
  { name: 'a ZIP archive', magic: 'PK' },
  { name: 'a PDF document', magic: '%PDF' },
  { name: 'a program', magic: '\x7fELF' },
  { name: 'a program for Windows', magic: 'MZ' },
  { name: 'a picture', magic: '\x89PNG' },
  { name: 'an RPM package', magic: '\xed\xab\xee\xdb' },
  { name: 'a Debian package', magic: '!<arch>' },
];

function contentName(file: ByteSource): string {
  const head = file.read(0, Math.min(512, file.size));
  const start = head.toString('latin1');
  const known = OTHER_FILES.find(({ magic }) => start.startsWith(magic));
  if (known !== undefined) return known.name;
  if (/^\s*<(!doctype|html|\?xml)/i.test(start)) return 'a web page or XML';
  return head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13)) ? 'text' : 'no known kind of file';
}

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
