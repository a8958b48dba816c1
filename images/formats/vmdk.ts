/** VMDK (VMware Virtual Disk Format 1.1 and 5.0): sparse and stream-optimized extents, descriptors, ESX COWD extents. */
import { inflateSync } from 'node:zlib';
import { type ByteSource, bufferSource, mappedSource, printable, slice, UnreadableError, u64le } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { CONVERT_TO_QCOW2, COPY_AGAIN, type Container, type OpenContainer } from './container.js';

const SECTOR = 512;
const SPARSE = 'KDMV';
const OLD_SPARSE = 'COWD';
const DESCRIPTOR = '# Disk DescriptorFile';
const GD_AT_END = 0xffff_ffff_ffff_ffffn;
const COMPRESSED = 1 << 16;
const MAX_DESCRIPTOR = 1024 * 1024;
const MAX_TABLES = 1024 * 1024;
const NO_PARENT = 'ffffffff';

interface Header {
  readonly flags: number;
  readonly capacity: number;
  readonly grainSize: number;
  readonly descriptorOffset: number;
  readonly descriptorSectors: number;
  readonly entriesPerTable: number;
  readonly directory: bigint;
  readonly unclean: boolean;
  readonly algorithm: number;
}

export const openVmdk: OpenContainer = (file, findings) => {
  const start = file.read(0, Math.min(file.size, SECTOR));
  const magic = start.toString('latin1', 0, 4);
  if (start.toString('latin1', 0, DESCRIPTOR.length) === DESCRIPTOR) return openDescriptor(file, findings);
  if (magic !== SPARSE && magic !== OLD_SPARSE) return null;
  reportInvitation(findings);
  if (magic === OLD_SPARSE) {
    const capacity = start.length >= 16 ? start.readUInt32LE(12) * SECTOR : null;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalExtents',
      'The file is an extent of an ESX disk; the rest of the disk is in other files',
      'magic COWD at byte 0',
      CONVERT_TO_QCOW2,
    );
    return { format: 'VMDK', subformat: 'vmfsSparse', virtualSize: capacity, disk: null };
  }
  return unlessUnreadable<Container>(
    () => openStreamOrSparse(file, start, findings),
    (reason) => {
      findings.add(
        'blocking',
        'ECSIMPORT.Truncated',
        'The VMDK is truncated or its tables are damaged',
        reason,
        COPY_AGAIN,
      );
      return { format: 'VMDK', subformat: null, virtualSize: null, disk: null };
    },
  );
};

function reportInvitation(findings: FindingList): void {
  findings.add(
    'warning',
    'ECSIMPORT.VmdkByInvitation',
    'ECS imports VMDK only for invited accounts',
    'ImportImage documentation, DiskDeviceMapping.N.Format',
    'Convert the image: qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2',
  );
}

function openDescriptor(file: ByteSource, findings: FindingList): Container {
  reportInvitation(findings);
  const descriptor = readDescriptor(file.read(0, Math.min(file.size, MAX_DESCRIPTOR)));
  findings.add(
    'blocking',
    'ECSIMPORT.ExternalExtents',
    'The file is only a descriptor; the disk’s data is in other files, which the import does not upload',
    `createType "${descriptor.createType ?? '?'}"; extents ${descriptor.extents.map((extent) => extent.file).join(', ')}`,
    CONVERT_TO_QCOW2,
  );
  const sectors = descriptor.extents.reduce((sum, extent) => sum + extent.sectors, 0);
  return {
    format: 'VMDK',
    subformat: descriptor.createType,
    virtualSize: sectors > 0 ? sectors * SECTOR : null,
    disk: null,
  };
}

interface Descriptor {
  readonly createType: string | null;
  readonly parentCid: string;
  readonly extents: readonly { readonly sectors: number; readonly kind: string; readonly file: string }[];
}

function readDescriptor(bytes: Buffer): Descriptor {
  const end = bytes.indexOf(0);
  const lines = (end < 0 ? bytes : bytes.subarray(0, end)).toString('utf8').split(/\r?\n/, 10_000);
  const value = (key: string) =>
    lines
      .map((line) => new RegExp(`^\\s*${key}\\s*=\\s*"?([^"]*)"?`, 'i').exec(line)?.[1])
      .find((found) => found !== undefined);
  const extents = lines.flatMap((line) => {
    const found = /^\s*(?:RW|RDONLY|NOACCESS)\s+(\d{1,15})\s+([A-Z]+)(?:\s+"([^"]*)")?/.exec(line);
    if (found === null) return [];
    return [{ sectors: Number(found[1]), kind: found[2] ?? '', file: printable(found[3] ?? '') }];
  });
  const createType = value('createType');
  return {
    createType: createType === undefined ? null : printable(createType, 40),
    parentCid: value('parentCID')?.trim().toLowerCase() ?? NO_PARENT,
    extents: extents.slice(0, 1000),
  };
}

function readHeader(bytes: Buffer): Header {
  const header = {
    flags: bytes.readUInt32LE(8),
    capacity: u64le(bytes, 12),
    grainSize: u64le(bytes, 20),
    descriptorOffset: u64le(bytes, 28),
    descriptorSectors: u64le(bytes, 36),
    entriesPerTable: bytes.readUInt32LE(44),
    directory: bytes.readBigUInt64LE(56),
    unclean: bytes.readUInt8(72) !== 0,
    algorithm: bytes.readUInt16LE(77),
  };
  if (header.grainSize < 1 || header.grainSize > 2048 * 8)
    throw new UnreadableError(`header: grain size ${header.grainSize}`);
  if (header.entriesPerTable < 1 || header.entriesPerTable > 65_536) {
    throw new UnreadableError(`header: ${header.entriesPerTable} entries per grain table`);
  }
  return header;
}

/** A stream has its header's final form in a footer, followed by one sector that ends it. */
function openStreamOrSparse(file: ByteSource, start: Buffer, findings: FindingList): Container {
  if (readHeader(start).directory !== GD_AT_END) return openSparse(file, start, findings);
  const end = endOfStream(file);
  if (end === file.size) return openSparse(file, start, findings);
  const container = openSparse(slice(file, 0, end, 'the VMDK'), start, findings);
  findings.add(
    'warning',
    'ECSIMPORT.TrailingBytes',
    `The file has ${file.size - end} bytes after the VMDK, which are not part of the disk`,
    `the stream ends at byte ${end} of ${file.size}`,
    `If the file is complete, nothing to do: the import converts it without them. To keep the format, cut them off: truncate -s ${end} FILE`,
  );
  return { ...container, contains: { name: 'the VMDK', format: 'VMDK', offset: 0, size: end, sparse: false } };
}

/** The end of the file where no footer is found near it. */
function endOfStream(file: ByteSource): number {
  const start = Math.max(0, file.size - SEARCHED_FOR_FOOTER);
  const bytes = file.read(start, file.size - start);
  for (let at = bytes.lastIndexOf(SPARSE); at >= 0; at = at === 0 ? -1 : bytes.lastIndexOf(SPARSE, at - 1)) {
    const end = start + at + 2 * SECTOR;
    if (start + at > 0 && (start + at) % SECTOR === 0 && end <= file.size) return end;
  }
  return file.size;
}

const SEARCHED_FOR_FOOTER = 64 * 1024;

function openSparse(file: ByteSource, start: Buffer, findings: FindingList): Container {
  const first = readHeader(start);
  const descriptor =
    first.descriptorOffset > 0 && first.descriptorSectors > 0
      ? readDescriptor(
          file.read(first.descriptorOffset * SECTOR, Math.min(first.descriptorSectors * SECTOR, MAX_DESCRIPTOR)),
        )
      : null;
  const compressed = (first.flags & COMPRESSED) !== 0;
  const subformat = descriptor?.createType ?? (compressed ? 'streamOptimized' : 'monolithicSparse');
  const virtualSize = first.capacity * SECTOR;
  const selfContained = checkDescriptor(descriptor, findings);
  if (first.unclean) {
    findings.add(
      'warning',
      'ECSIMPORT.NotClosed',
      'The VMDK was not closed cleanly: a program has it open or crashed',
      'header: uncleanShutdown 1',
      'Shut the virtual machine down, and export the disk again.',
    );
  }
  const header = first.directory === GD_AT_END ? footerOf(file) : first;
  const disk = sparseDisk(file, header, compressed, findings);
  return { format: 'VMDK', subformat, virtualSize, disk: selfContained ? disk : null };
}

/** Returns false if the disk needs other files. */
function checkDescriptor(descriptor: Descriptor | null, findings: FindingList): boolean {
  if (descriptor === null) return true;
  let selfContained = true;
  if (descriptor.parentCid !== NO_PARENT) {
    selfContained = false;
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image has only the differences from a parent disk, which the import does not upload',
      `descriptor: parentCID ${printable(descriptor.parentCid, 20)}`,
      CONVERT_TO_QCOW2,
    );
  }
  if (descriptor.extents.length > 1 || descriptor.extents.some((extent) => /[\\/]/.test(extent.file))) {
    selfContained = false;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalExtents',
      'Part of the disk is in other files, which the import does not upload',
      `descriptor: extents ${descriptor.extents.map((extent) => extent.file).join(', ')}`,
      CONVERT_TO_QCOW2,
    );
  }
  return selfContained;
}

function footerOf(file: ByteSource): Header {
  const footer = file.read(file.size - 2 * SECTOR, SECTOR);
  if (footer.toString('latin1', 0, 4) !== SPARSE) {
    throw new UnreadableError(`no footer at byte ${file.size - 2 * SECTOR}: the stream is incomplete`);
  }
  return readHeader(footer);
}

function sparseDisk(file: ByteSource, header: Header, compressed: boolean, findings: FindingList): ByteSource {
  const tableCount = Math.ceil(header.capacity / (header.grainSize * header.entriesPerTable));
  if (tableCount > MAX_TABLES)
    throw new UnreadableError(`header: capacity ${header.capacity} needs ${tableCount} tables`);
  if (header.directory > 0xffff_ffff_ffffn) throw new UnreadableError('header: no grain directory');
  const directory = file.read(Number(header.directory) * SECTOR, tableCount * 4);
  const grainBytes = header.grainSize * SECTOR;
  const tables = new Map<number, Buffer>();
  const grains = new Map<number, ByteSource>();

  const tableFor = (index: number): Buffer | null => {
    const sector = directory.readUInt32LE(index * 4);
    if (sector === 0) return null;
    const known = tables.get(index);
    if (known !== undefined) return known;
    const table = file.read(sector * SECTOR, header.entriesPerTable * 4);
    if (tables.size >= 4096) tables.clear();
    tables.set(index, table);
    return table;
  };
  const diskBytes = header.capacity * SECTOR;
  /** Only the last grain may be shorter: it ends with the disk. */
  const decompressedGrain = (sector: number, grain: number): ByteSource => {
    const least = Math.min(grainBytes, diskBytes - grain * grainBytes);
    const known = grains.get(sector);
    if (known !== undefined && known.size >= least) return known;
    const marker = file.read(sector * SECTOR, 12);
    const length = marker.readUInt32LE(8);
    if (length > 2 * grainBytes)
      throw new UnreadableError(`a grain of ${grainBytes} bytes is stored in ${length} bytes`);
    const compressedGrain = file.read(sector * SECTOR + 12, length);
    const source = bufferSource(inflateGrain(compressedGrain, grainBytes));
    if (source.size < least)
      throw new UnreadableError(`a compressed grain has ${source.size} bytes, must have ${least}`);
    if (grains.size >= 64) grains.clear();
    grains.set(sector, source);
    return source;
  };

  checkMissingGrains(file, tableCount, tableFor, compressed ? SECTOR : grainBytes, findings);
  return mappedSource(diskBytes, 'the disk', (offset) => {
    const grain = Math.floor(offset / grainBytes);
    const inside = offset - grain * grainBytes;
    const table = tableFor(Math.floor(grain / header.entriesPerTable));
    const sector = table === null ? 0 : table.readUInt32LE((grain % header.entriesPerTable) * 4);
    const remaining = grainBytes - inside;
    // 0: never written. 1: written with zeros.
    if (sector <= 1) return { at: null, length: remaining };
    if (compressed) return { at: { source: decompressedGrain(sector, grain), offset: inside }, length: remaining };
    return { at: { source: file, offset: sector * SECTOR + inside }, length: remaining };
  });
}

function inflateGrain(compressed: Buffer, size: number): Buffer {
  try {
    return inflateSync(compressed, { maxOutputLength: size });
  } catch (error) {
    throw new UnreadableError(
      `a compressed grain cannot be decompressed: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function checkMissingGrains(
  file: ByteSource,
  tableCount: number,
  tableFor: (index: number) => Buffer | null,
  minGrainBytes: number,
  findings: FindingList,
): void {
  let missing = 0;
  for (let index = 0; index < tableCount; index += 1) {
    const table = tableFor(index);
    for (let entry = 0; table !== null && entry < table.length; entry += 4) {
      const sector = table.readUInt32LE(entry);
      if (sector > 1 && sector * SECTOR + minGrainBytes > file.size) missing += 1;
    }
  }
  if (missing === 0) return;
  findings.add(
    'blocking',
    'ECSIMPORT.Truncated',
    `The file is truncated: ${missing} grains of the disk are after its end`,
    `grain tables compared with a file of ${file.size} bytes`,
    COPY_AGAIN,
  );
}
