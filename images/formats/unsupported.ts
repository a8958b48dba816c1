/** Formats that neither ECS nor the conversion supports: zip and 7-Zip archives, web pages, installation media, rare disk formats. */
import type { ByteSource } from '../bytes.js';
import type { FindingList } from '../findings.js';
import type { OpenContainer } from './container.js';

interface UnsupportedFormat {
  readonly subformat: string;
  /** At byte 0. */
  readonly magic: Buffer;
  readonly message: string;
  readonly remedy: string;
}

const CONVERT = 'Convert the image: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2';

const FORMATS: readonly UnsupportedFormat[] = [
  unsupported(
    'bzip2',
    '425a68',
    'ECS does not decompress bzip2',
    'Run bunzip2 -k FILE, and import the decompressed file.',
  ),
  unsupported(
    'zip',
    '504b0304',
    'ECS does not import zip archives',
    'Run unzip FILE, and import the disk in the archive.',
  ),
  unsupported(
    '7z',
    '377abcaf271c',
    'ECS does not import 7-Zip archives',
    'Run 7z x FILE, and import the disk in the archive.',
  ),
  unsupported('lz4', '04224d18', 'ECS does not decompress lz4', 'Run lz4 -d FILE, and import the decompressed file.'),
  unsupported(
    'lzip',
    hex('LZIP'),
    'ECS does not decompress lzip',
    'Run lzip -dk FILE, and import the decompressed file.',
  ),
  unsupported(
    'lzop',
    '894c5a4f',
    'ECS does not decompress lzop',
    'Run lzop -d FILE, and import the decompressed file.',
  ),
  unsupported(
    'lzma',
    '5d00008000',
    'ECS does not decompress lzma',
    'Run unlzma -k FILE, and import the decompressed file.',
  ),
  unsupported(
    'rar',
    hex('Rar!\x1a\x07'),
    'ECS does not import RAR archives',
    'Run unrar x FILE, and import the disk in the archive.',
  ),
  unsupported('qed', '51454400', 'ECS does not import QED images', CONVERT),
  unsupported('parallels', hex('WithoutFreeSpace'), 'ECS does not import Parallels images', CONVERT),
  unsupported('parallels', hex('WithouFreSpacExt'), 'ECS does not import Parallels images', CONVERT),
  unsupported(
    'ewf',
    '455646090d0aff00',
    'ECS does not import EWF evidence files',
    'Run ewfexport -t TARGET -f raw FILE, and import the raw disk.',
  ),
  unsupported(
    'wim',
    '4d5357494d000000',
    'The file is a WIM archive, not a disk',
    'Apply it to a virtual disk, and import that disk.',
  ),
];

function unsupported(subformat: string, magic: string, message: string, remedy: string): UnsupportedFormat {
  return { subformat, magic: Buffer.from(magic, 'hex'), message, remedy };
}

function hex(text: string): string {
  return Buffer.from(text).toString('hex');
}

export const openUnsupported: OpenContainer = (file, findings) => {
  for (const { subformat, magic, message, remedy } of FORMATS) {
    if (file.size < magic.length || !file.read(0, magic.length).equals(magic)) continue;
    refuse(findings, message, `magic ${magic.toString('hex')} at byte 0`, remedy);
    return { format: 'UNKNOWN', subformat, virtualSize: null, disk: null };
  }
  return openMarkup(file, findings) ?? openIso(file, findings);
};

/** A web server that wants a login, or no longer has the image, often answers with a page and the status 200. */
const MARKUP = /^(?:\xef\xbb\xbf)?\s*<(?:!doctype\s+html|html|head|body|\?xml|!--)/i;
const MARKUP_BYTES = 256;

function openMarkup(file: ByteSource, findings: FindingList): ReturnType<OpenContainer> {
  const start = file.read(0, Math.min(MARKUP_BYTES, file.size)).toString('latin1');
  if (!MARKUP.test(start)) return null;
  const remedy = 'Check the URL: curl -L URL | head shows what the server sends. Use the URL of the image itself.';
  refuse(
    findings,
    'The file is a web page or an XML document, not a disk',
    `${file.size} bytes that look like a web page or XML`,
    remedy,
  );
  return { format: 'UNKNOWN', subformat: 'html', virtualSize: null, disk: null };
}

function refuse(findings: FindingList, message: string, evidence: string, remedy: string): void {
  findings.add('blocking', 'ECSIMPORT.Format', message, evidence, remedy);
}

/** A disk that was once an ISO may still have the old label, so the file must not be larger than the recorded volume. */
function openIso(file: ByteSource, findings: FindingList): ReturnType<OpenContainer> {
  const at = 16 * 2048;
  if (file.size < at + 2048) return null;
  const volume = file.read(at, 2048);
  if (volume.toString('latin1', 1, 6) !== 'CD001') return null;
  const size = volume.readUInt32LE(80) * volume.readUInt16LE(128);
  if (file.size > size + ISO_PADDING) return null;
  const remedy = 'Install the operating system on a virtual disk, and import that disk.';
  const evidence = `"CD001" at byte ${at + 1}`;
  refuse(findings, 'The file is an ISO installation medium, not an installed disk', evidence, remedy);
  return { format: 'ISO', subformat: null, virtualSize: file.size, disk: null };
}

/** Hybrid ISOs for USB sticks have padding and partitions after the volume. */
const ISO_PADDING = 64 * 1024 * 1024;
