/** OVA and other tar archives with one disk, e.g. an export of Google Cloud. Reads the disk in place, without extracting it. */
import { type ByteSource, printable, UnreadableError } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { assembleChunks } from './chunks.js';
import { openCompressed } from './compressed.js';
import { COPY_AGAIN, type Container, type OpenContainer } from './container.js';
import { checkManifests } from './manifest.js';
import { openQcow2 } from './qcow2.js';
import { hasDiskSignature, isBlank, openRaw } from './raw.js';
import { isTarHeader, type TarFile, tarFileBytes, tarFiles } from './tar.js';
import { openVdi } from './vdi.js';
import { openVhd } from './vhd.js';
import { openVhdx } from './vhdx.js';
import { openVmdk } from './vmdk.js';

const BLOCK = 512;
/** A smaller file with a disk's signature is firmware variables or a boot sector. */
const MIN_RAW_BYTES = 1024 * 1024;
const OPENERS: readonly OpenContainer[] = [openQcow2, openVhdx, openVmdk, openVdi, openVhd, openCompressed, openRaw];

export const openArchive: OpenContainer = (file, findings) => {
  if (file.size < BLOCK || !isTarHeader(file.read(0, BLOCK))) return null;
  return unlessUnreadable<Container>(
    () => openFiles(file, tarFiles(file), findings),
    (reason) => {
      findings.add('blocking', 'ECSIMPORT.Truncated', 'The archive is truncated or damaged', reason, COPY_AGAIN);
      return noDisk('TAR');
    },
  );
};

function noDisk(format: 'OVA' | 'TAR'): Container {
  return { format, subformat: null, virtualSize: null, disk: null };
}

function openFiles(archive: ByteSource, files: readonly TarFile[], findings: FindingList): Container {
  const format = files.some(({ name }) => /\.ovf$/i.test(name)) ? 'OVA' : 'TAR';
  findings.add(
    'blocking',
    'ECSIMPORT.Format',
    `ECS does not import ${format === 'OVA' ? 'OVA' : 'tar'} archives`,
    'tar header at byte 0',
    'Run tar -xf FILE, then convert the disk: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2',
  );
  const { files: whole, missing } = assembleChunks(archive, files);
  checkManifests(archive, [...files, ...whole.filter((file) => !files.includes(file))], findings);
  for (const evidence of missing) {
    const message = 'The archive has only a part of a file that it stores in chunks';
    findings.add('blocking', 'ECSIMPORT.Truncated', message, evidence, COPY_AGAIN);
  }
  const disks = whole.flatMap((file) => {
    const bytes = tarFileBytes(archive, file, printable(file.name));
    return isDisk(file.name, bytes) ? [{ file, bytes }] : [];
  });
  const [only] = disks;
  if (only === undefined && missing.length > 0) return noDisk(format);
  if (only === undefined || disks.length > 1) {
    findings.add(
      'blocking',
      'ECSIMPORT.OvaDisks',
      `The archive has ${disks.length} supported disks; it must have exactly one`,
      disks.map(({ file }) => printable(file.name)).join(', ') ||
        // Not their names: the archive may be any file of the worker's host.
        `no disk image among ${files.length} files`,
      'Run tar -xf FILE, and import each disk as a separate source, the system disk first.',
    );
    return noDisk(format);
  }
  const { file, bytes } = only;
  const disk = firstOpened(bytes, findings);
  const { offset, extents } = file;
  // Other bytes may follow the disk in its own file.
  const size = disk.contains?.size ?? file.size;
  const contains = { name: printable(file.name), format: disk.format, offset, size, sparse: extents !== null };
  return { ...disk, format, contains };
}

function firstOpened(bytes: ByteSource, findings: FindingList): Container {
  for (const open of OPENERS) {
    const container = open(bytes, findings);
    if (container !== null) return container;
  }
  throw new UnreadableError('the disk in the archive has an unknown format');
}

/** By content. Descriptors, manifests, firmware variables and installation media are other files. */
function isDisk(name: string, bytes: ByteSource): boolean {
  if (bytes.size < BLOCK) return false;
  const head = bytes.read(0, Math.min(bytes.size, 72));
  const magic = head.toString('latin1', 0, 8);
  if (magic.startsWith('QFI\xfb') || magic.startsWith('KDMV') || magic === 'vhdxfile' || magic === 'conectix')
    return true;
  if (head.readUInt32LE(64) === 0xbeda107f) return true;
  if (bytes.read(bytes.size - BLOCK, 8).toString('latin1') === 'conectix') return true;
  const compressed = openCompressed(bytes, { all: [], add: () => undefined });
  if (compressed !== null) return compressed.subformat !== null;
  if (bytes.size < MIN_RAW_BYTES || bytes.read(32_769, 5).toString('latin1') === 'CD001') return false;
  return hasDiskSignature(bytes) || (/\.(raw|img|dd)$/i.test(name) && isBlank(bytes));
}
