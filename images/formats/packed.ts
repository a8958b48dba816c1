/** Files that hold a disk but are none: archives and installation media. ECS imports none of them. */
import type { ByteSource } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { ContainerFormat } from '../inspection.js';
import type { OpenContainer } from './container.js';
import { openOva } from './ova.js';

interface Packed {
  readonly format: ContainerFormat;
  readonly subformat: string | null;
  readonly offset: number;
  readonly magic: Buffer;
  readonly message: string;
  readonly remedy: string;
}

const CONVERT = 'qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2';

const PACKED: readonly Packed[] = [
  packed(
    'UNKNOWN',
    'bzip2',
    0,
    '425a68',
    'The file is compressed with bzip2',
    'bunzip2 -k FILE, then import what comes out.',
  ),
  packed('UNKNOWN', 'zip', 0, '504b0304', 'The file is a zip archive', 'unzip FILE, then import the disk in it.'),
  packed('UNKNOWN', '7z', 0, '377abcaf271c', 'The file is a 7-Zip archive', '7z x FILE, then import the disk in it.'),
  packed('UNKNOWN', 'qed', 0, '51454400', 'QED images are not imported by ECS', CONVERT),
  packed(
    'UNKNOWN',
    'parallels',
    0,
    Buffer.from('WithoutFreeSpace').toString('hex'),
    'Parallels images are not imported',
    CONVERT,
  ),
  packed(
    'UNKNOWN',
    'parallels',
    0,
    Buffer.from('WithouFreSpacExt').toString('hex'),
    'Parallels images are not imported',
    CONVERT,
  ),
  packed(
    'UNKNOWN',
    'ewf',
    0,
    '455646090d0aff00',
    'EWF evidence files are not imported',
    'ewfexport -t TARGET -f raw FILE',
  ),
  packed('UNKNOWN', 'wim', 0, '4d5357494d000000', 'A WIM is no disk', 'Apply it to a virtual disk first.'),
];

function packed(
  format: ContainerFormat,
  subformat: string | null,
  offset: number,
  magic: string,
  message: string,
  remedy: string,
): Packed {
  return { format, subformat, offset, magic: Buffer.from(magic, 'hex'), message, remedy };
}

export const openPacked: OpenContainer = (file, findings) => {
  for (const known of PACKED) {
    if (file.size < known.offset + known.magic.length) continue;
    if (!file.read(known.offset, known.magic.length).equals(known.magic)) continue;
    refuse(findings, known.message, `magic ${known.magic.toString('hex')} at byte ${known.offset}`, known.remedy);
    return { format: known.format, subformat: known.subformat, virtualSize: null, disk: null };
  }
  return openTar(file, findings) ?? openIso(file, findings);
};

function refuse(findings: FindingList, message: string, evidence: string, remedy: string): void {
  findings.add('blocking', 'ECSIMPORT.Format', message, evidence, remedy);
}

function openTar(file: ByteSource, findings: FindingList): ReturnType<OpenContainer> {
  if (file.size < 512) return null;
  const header = file.read(0, 512);
  if (header.toString('latin1', 257, 262) !== 'ustar') return null;
  const name = header.toString('utf8', 0, 100).replace(/\0.*$/s, '');
  const remedy = `tar -xf FILE, then ${CONVERT}`;
  // The OVF specification wants the descriptor to come first.
  if (/\.ovf$/i.test(name)) {
    refuse(findings, 'An OVA is an archive of disks', 'tar header at byte 0', remedy);
    return openOva(file, findings);
  }
  refuse(findings, 'A tar archive is no disk', 'tar header at byte 0', remedy);
  return { format: 'UNKNOWN', subformat: 'tar', virtualSize: null, disk: null };
}

/** The volume's own size tells a medium from a disk that once was one: there the old label is left before the first partition. */
function openIso(file: ByteSource, findings: FindingList): ReturnType<OpenContainer> {
  const at = 16 * 2048;
  if (file.size < at + 2048) return null;
  const volume = file.read(at, 2048);
  if (volume.toString('latin1', 1, 6) !== 'CD001') return null;
  const size = volume.readUInt32LE(80) * volume.readUInt16LE(128);
  if (file.size > size + ISO_PADDING) return null;
  const remedy = 'Install from it into a virtual disk, and import that disk.';
  const evidence = `"CD001" at byte ${at + 1}`;
  refuse(findings, 'An ISO is an installation medium, not an installed disk', evidence, remedy);
  return { format: 'ISO', subformat: null, virtualSize: file.size, disk: null };
}

/** Tools that write media for USB sticks add partitions and padding. */
const ISO_PADDING = 64 * 1024 * 1024;
