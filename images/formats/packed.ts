/** Files that hold a disk but are none: archives, compressed files, installation media. ECS imports none of them. */
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
  packed('GZIP', null, 0, '1f8b08', 'The file is compressed with gzip', 'gunzip -k FILE, then import what comes out.'),
  packed('XZ', null, 0, 'fd377a585a00', 'The file is compressed with xz', 'unxz -k FILE, then import what comes out.'),
  packed('ZSTD', null, 0, '28b52ffd', 'The file is compressed with zstd', 'zstd -d FILE, then import what comes out.'),
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

function openIso(file: ByteSource, findings: FindingList): ReturnType<OpenContainer> {
  const at = 16 * 2048 + 1;
  if (file.size < at + 5 || file.read(at, 5).toString('latin1') !== 'CD001') return null;
  const remedy = 'Install from it into a virtual disk, and import that disk.';
  refuse(findings, 'An ISO is an installation medium, not an installed disk', `"CD001" at byte ${at}`, remedy);
  return { format: 'ISO', subformat: null, virtualSize: file.size, disk: null };
}
