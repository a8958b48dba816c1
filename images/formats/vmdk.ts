/** VMDK (VMware's Virtual Disk Format 1.1 and 5.0): sparse and stream-optimized extents, descriptors, old ESX files. */
import { inflateSync } from 'node:zlib';
import { type ByteSource, bufferSource, mappedSource, printable, UnreadableError, u64le } from '../bytes.js';
import { type FindingList, unlessUnreadable } from '../findings.js';
import { COPY_AGAIN, type Container, type OpenContainer, REPACK } from './container.js';

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
  tellInvitation(findings);
  if (magic === OLD_SPARSE) {
    const capacity = start.length >= 16 ? start.readUInt32LE(12) * SECTOR : null;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalExtents',
      'This is an extent of an ESX disk whose descriptor is another file',
      'magic COWD at byte 0',
      REPACK,
    );
    return { format: 'VMDK', subformat: 'vmfsSparse', virtualSize: capacity, disk: null };
  }
  return unlessUnreadable<Container>(
    () => openSparse(file, start, findings),
    (reason) => {
      findings.add(
        'blocking',
        'ECSIMPORT.Truncated',
        'The VMDK is cut off or its tables are damaged',
        reason,
        COPY_AGAIN,
      );
      return { format: 'VMDK', subformat: null, virtualSize: null, disk: null };
    },
  );
};

function tellInvitation(findings: FindingList): void {
  findings.add(
    'warning',
    'ECSIMPORT.VmdkByInvitation',
    'ECS imports VMDK only for accounts that the vendor invited',
    'ImportImage, DiskDeviceMapping.N.Format',
    'qemu-img convert -O qcow2 -c SOURCE TARGET.qcow2',
  );
}

function openDescriptor(file: ByteSource, findings: FindingList): Container {
  tellInvitation(findings);
  const descriptor = readDescriptor(file.read(0, Math.min(file.size, MAX_DESCRIPTOR)));
  findings.add(
    'blocking',
    'ECSIMPORT.ExternalExtents',
    'This file only describes the disk; its data lie in other files, which the cloud does not get',
    `createType "${descriptor.createType ?? '?'}"; extents ${descriptor.extents.map((extent) => extent.file).join(', ')}`,
    REPACK,
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
    throw new UnreadableError(`header: ${header.entriesPerTable} entries a grain table`);
  }
  return header;
}

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
  const whole = tellDescriptor(descriptor, findings);
  if (first.unclean) {
    findings.add(
      'warning',
      'ECSIMPORT.NotClosed',
      'The VMDK was not closed cleanly: a program has it open, or crashed',
      'header: uncleanShutdown 1',
      'Shut the virtual machine down, then export it again.',
    );
  }
  const header = first.directory === GD_AT_END ? footerOf(file) : first;
  const disk = sparseDisk(file, header, compressed, findings);
  return { format: 'VMDK', subformat, virtualSize, disk: whole ? disk : null };
}

/** False where the descriptor says that the disk needs other files. */
function tellDescriptor(descriptor: Descriptor | null, findings: FindingList): boolean {
  if (descriptor === null) return true;
  let whole = true;
  if (descriptor.parentCid !== NO_PARENT) {
    whole = false;
    findings.add(
      'blocking',
      'ECSIMPORT.BackingFile',
      'The image holds only the differences to a parent disk, which the cloud does not get',
      `descriptor: parentCID ${printable(descriptor.parentCid, 20)}`,
      REPACK,
    );
  }
  if (descriptor.extents.length > 1 || descriptor.extents.some((extent) => /[\\/]/.test(extent.file))) {
    whole = false;
    findings.add(
      'blocking',
      'ECSIMPORT.ExternalExtents',
      'Part of the disk lies in other files, which the cloud does not get',
      `descriptor: extents ${descriptor.extents.map((extent) => extent.file).join(', ')}`,
      REPACK,
    );
  }
  return whole;
}

function footerOf(file: ByteSource): Header {
  const footer = file.read(file.size - 2 * SECTOR, SECTOR);
  if (footer.toString('latin1', 0, 4) !== SPARSE) {
    throw new UnreadableError(`no footer at byte ${file.size - 2 * SECTOR}: the stream never ended`);
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
  const unpack = (sector: number): ByteSource => {
    const known = grains.get(sector);
    if (known !== undefined) return known;
    const marker = file.read(sector * SECTOR, 12);
    const packed = file.read(sector * SECTOR + 12, Math.min(marker.readUInt32LE(8), 2 * grainBytes));
    const source = bufferSource(inflateGrain(packed, grainBytes));
    if (grains.size >= 64) grains.clear();
    grains.set(sector, source);
    return source;
  };

  tellMissingGrains(file, tableCount, tableFor, compressed ? SECTOR : grainBytes, findings);
  return mappedSource(header.capacity * SECTOR, 'the disk', (offset) => {
    const grain = Math.floor(offset / grainBytes);
    const inside = offset - grain * grainBytes;
    const table = tableFor(Math.floor(grain / header.entriesPerTable));
    const sector = table === null ? 0 : table.readUInt32LE((grain % header.entriesPerTable) * 4);
    const left = grainBytes - inside;
    // 0: never written. 1: written with zeros.
    if (sector <= 1) return { at: null, length: left };
    if (compressed) return { at: { source: unpack(sector), offset: inside }, length: left };
    return { at: { source: file, offset: sector * SECTOR + inside }, length: left };
  });
}

function inflateGrain(packed: Buffer, size: number): Buffer {
  try {
    const plain = inflateSync(packed, { maxOutputLength: size });
    return plain.length === size ? plain : Buffer.concat([plain, Buffer.alloc(size - plain.length)]);
  } catch (error) {
    throw new UnreadableError(
      `a compressed grain cannot be unpacked: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function tellMissingGrains(
  file: ByteSource,
  tableCount: number,
  tableFor: (index: number) => Buffer | null,
  atLeast: number,
  findings: FindingList,
): void {
  let missing = 0;
  for (let index = 0; index < tableCount; index += 1) {
    const table = tableFor(index);
    for (let entry = 0; table !== null && entry < table.length; entry += 4) {
      const sector = table.readUInt32LE(entry);
      if (sector > 1 && sector * SECTOR + atLeast > file.size) missing += 1;
    }
  }
  if (missing === 0) return;
  findings.add(
    'blocking',
    'ECSIMPORT.Truncated',
    `The file is cut off: ${missing} grains of the disk lie after its end`,
    `grain tables against a file of ${file.size} bytes`,
    COPY_AGAIN,
  );
}
