/** OVA and tar archives: the single disk is inspected in place, without extracting the archive. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { inspectFile } from '../../images/inspect.js';
import { octal, pax, type TarEntry, tar } from '../support/images/made-archives.js';
import { asFile, codes, inspectBytes, MIB, mbrDisk, qcow2 } from '../support/images/made-images.js';
import { vhdFooter } from '../support/images/made-vhd.js';

const SECTOR = 512;
const GRAIN = 128;

/** A monolithic sparse VMDK with every grain of `disk` in it. */
function vmdk(disk: Buffer): Buffer {
  const capacity = disk.length / SECTOR;
  const header = Buffer.alloc(SECTOR);
  header.write('KDMV', 0);
  header.writeUInt32LE(1, 4);
  header.writeBigUInt64LE(BigInt(capacity), 12);
  header.writeBigUInt64LE(BigInt(GRAIN), 20);
  header.writeUInt32LE(512, 44);
  header.writeBigUInt64LE(1n, 56);
  const directory = Buffer.alloc(SECTOR);
  directory.writeUInt32LE(2, 0);
  const table = Buffer.alloc(4 * SECTOR);
  for (let grain = 0; grain < capacity / GRAIN; grain += 1) table.writeUInt32LE(6 + grain * GRAIN, grain * 4);
  return Buffer.concat([header, directory, table, disk]);
}

const descriptor: TarEntry = { name: 'machine.ovf', bytes: Buffer.from('<Envelope/>') };
const disk = vmdk(mbrDisk(4 * MIB));
const diskEntry: TarEntry = { name: 'machine-disk1.vmdk', bytes: disk };
const raw = mbrDisk(4 * MIB);

describe('an OVA', () => {
  test('with one disk → the disk’s position, size and content', () => {
    const inspection = inspectBytes(tar(descriptor, { name: 'machine.mf', bytes: Buffer.from('SHA256') }, diskEntry));
    expect(inspection).toMatchObject({
      format: 'OVA',
      virtualSize: 4 * MIB,
      partitionTable: 'mbr',
      contains: { name: 'machine-disk1.vmdk', format: 'VMDK', offset: 5 * SECTOR, size: disk.length, sparse: false },
    });
  });

  test.each([
    ['with PAX headers', tar(pax({ mtime: '1732000000.5' }), descriptor, pax({ path: diskEntry.name }), diskEntry)],
    [
      'with a size only in a PAX header',
      tar(descriptor, pax({ size: String(disk.length) }), { ...diskEntry, size: 0 }),
    ],
    ['with global PAX headers', tar(pax({ comment: 'made by a build' }, 'g'), descriptor, diskEntry)],
    ['with a folder first', tar({ name: 'machine/', type: '5' }, descriptor, diskEntry)],
    ['with its disk first', tar(diskEntry, descriptor)],
    ['with GNU headers', tar({ ...descriptor, magic: 'ustar  ' }, { ...diskEntry, magic: 'ustar  ' })],
    ['with headers from before POSIX', tar({ ...descriptor, magic: '' }, { ...diskEntry, magic: '', type: '\0' })],
    [
      'with a long name by GNU',
      tar(descriptor, { name: '././@LongLink', type: 'L', bytes: Buffer.from(`${diskEntry.name}\0`) }, diskEntry),
    ],
    [
      'with an ISO and firmware variables',
      tar(descriptor, iso(), { name: 'x.nvram', bytes: raw.subarray(0, 4096) }, diskEntry),
    ],
  ])('%s → its disk', (_name, bytes) => {
    const inspection = inspectBytes(bytes);
    expect(inspection).toMatchObject({ format: 'OVA', virtualSize: 4 * MIB, partitionTable: 'mbr' });
    expect(inspection.contains?.name).toBe(diskEntry.name);
    expect(codes(inspection, 'blocking')).toEqual(['ECSIMPORT.Format']);
  });

  test.each([
    ['VMDK', gzipSync(disk), 4 * MIB],
    ['QCOW2', gzipSync(qcow2()), MIB],
    ['VHD', gzipSync(Buffer.concat([vhdFooter({ size: 4 * MIB }), Buffer.alloc(MIB)])), 4 * MIB],
  ])('with a %s in gzip → the compressed disk and its size', (format, bytes, virtualSize) => {
    const inspection = inspectBytes(tar(descriptor, { name: 'disk.gz', bytes }));
    expect(inspection).toMatchObject({ format: 'OVA', subformat: format, virtualSize, contains: { format: 'GZIP' } });
    expect(new Set(codes(inspection, 'blocking'))).toEqual(new Set(['ECSIMPORT.Format']));
  });

  test.each([
    ['no disk', tar(descriptor)],
    ['two disks', tar(descriptor, { ...diskEntry, name: 'a.vmdk' }, { ...diskEntry, name: 'b.vmdk' })],
    ['a VMDK and a raw disk', tar(descriptor, diskEntry, { name: 'data.raw', bytes: raw })],
    [
      'a disk that is only a descriptor of other files',
      tar(descriptor, { name: 'a.vmdk', bytes: Buffer.from('# Disk DescriptorFile\n') }),
    ],
  ])('with %s → ECSIMPORT.OvaDisks', (_name, bytes) => {
    const inspection = inspectBytes(bytes);
    expect(inspection.contains).toBeNull();
    expect(codes(inspection, 'blocking')).toContain('ECSIMPORT.OvaDisks');
  });

  test.each([
    ['truncated in its disk', tar(descriptor, diskEntry).subarray(0, 2 * MIB)],
    ['with an invalid tar header', Buffer.concat([tar(descriptor).subarray(0, 2 * SECTOR), Buffer.alloc(4096, 1)])],
    ['with a damaged PAX header', tar({ name: 'x', type: 'x', bytes: Buffer.from('99 path=a\n') }, diskEntry)],
    ['with a PAX size beyond its end', tar(pax({ size: '99999999999' }), diskEntry)],
  ])('%s → ECSIMPORT.Truncated', (_name, bytes) => {
    expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Truncated');
  });
});

describe('the digests of an OVA’s manifest', () => {
  const digest = (algorithm: string, bytes: Buffer) => createHash(algorithm).update(bytes).digest('hex');
  const ova = (...lines: string[]) =>
    tar(descriptor, { name: 'm.mf', bytes: Buffer.from(lines.join('\n')) }, diskEntry);

  test.each(['sha1', 'sha256', 'sha512'])('%s, all right → no finding', (algorithm) => {
    const name = algorithm.toUpperCase();
    const bytes = ova(
      `${name}(machine.ovf)= ${digest(algorithm, descriptor.bytes ?? Buffer.alloc(0))}`,
      `${name} (${diskEntry.name}) = ${digest(algorithm, disk).toUpperCase()}`,
      `${name}(not-in-the-archive.vmdk)= ${digest(algorithm, raw)}`,
      '',
    );
    expect(codes(inspectBytes(bytes), 'blocking')).toEqual(['ECSIMPORT.Format']);
  });

  test.each([
    ['by OpenSSL 3', (name: string, sum: string) => `SHA2-256(${name})= ${sum}`],
    ['by sha256sum', (name: string, sum: string) => `${sum}  ${name}`],
    ['by sha256sum in binary mode', (name: string, sum: string) => `${sum} *${name}`],
  ])('written %s → compared', (_name, line) => {
    const right = ova(line(diskEntry.name, digest('sha256', disk)));
    expect(codes(inspectBytes(right), 'blocking')).toEqual(['ECSIMPORT.Format']);
    const wrong = ova(line(diskEntry.name, digest('sha256', raw)));
    expect(codes(inspectBytes(wrong), 'blocking')).toContain('ECSIMPORT.ManifestDigest');
  });

  test('with a certificate, whose signature is no digest → no finding', () => {
    const certificate = { name: 'm.cert', bytes: Buffer.from(`SHA256(m.mf)= ${'0'.repeat(64)}\n`) };
    const manifest = { name: 'm.mf', bytes: Buffer.from(`SHA256(${diskEntry.name})= ${digest('sha256', disk)}\n`) };
    const inspection = inspectBytes(tar(descriptor, manifest, certificate, diskEntry));
    expect(codes(inspection, 'blocking')).toEqual(['ECSIMPORT.Format']);
  });

  test('one is wrong → blocking, with the file and both digests', () => {
    const inspection = inspectBytes(ova(`SHA256(${diskEntry.name})= ${digest('sha256', raw)}`));
    const finding = inspection.findings.find(({ code }) => code === 'ECSIMPORT.ManifestDigest');
    expect(finding).toMatchObject({ severity: 'blocking', message: expect.stringContaining(diskEntry.name) });
    expect(finding?.evidence).toContain(digest('sha256', disk));
  });

  test('the files are larger than what may be read for it → info', () => {
    const bytes = ova(`SHA256(${diskEntry.name})= ${digest('sha256', raw)}`);
    const inspection = inspectFile({ ...asFile(bytes), bulkBytes: MIB });
    expect(codes(inspection, 'info')).toContain('ECSIMPORT.ManifestDigest');
    expect(codes(inspection, 'blocking')).toEqual(['ECSIMPORT.Format']);
  });
});

describe('a disk that an OVA stores in chunks', () => {
  const CHUNK = MIB + 1;
  const chunks = Array.from(
    { length: Math.ceil(disk.length / CHUNK) },
    (_, index): TarEntry => ({
      name: `${diskEntry.name}.${String(index).padStart(9, '0')}`,
      bytes: disk.subarray(index * CHUNK, (index + 1) * CHUNK),
    }),
  );
  const references = `<File ovf:href="${diskEntry.name}" ovf:size="${disk.length}" ovf:chunkSize="${CHUNK}"/>`;
  const chunked = { name: 'machine.ovf', bytes: Buffer.from(`<Envelope>${references}</Envelope>`) };
  const sum = (bytes: Buffer = Buffer.alloc(0)) => createHash('sha256').update(bytes).digest('hex');
  const manifest = (name: string, digest: string): TarEntry => ({
    name: 'm.mf',
    bytes: Buffer.from(`SHA256(${name})= ${digest}\n`),
  });

  test('in any order → one disk', () => {
    const inspection = inspectBytes(tar(chunked, ...chunks.toReversed()));
    expect(inspection).toMatchObject({
      ...{ format: 'OVA', virtualSize: 4 * MIB, partitionTable: 'mbr' },
      contains: { name: diskEntry.name, format: 'VMDK', size: disk.length, sparse: true },
    });
    expect(codes(inspection, 'blocking')).toEqual(['ECSIMPORT.Format']);
  });

  test('the manifest has digests of chunks or of the whole disk → each is compared', () => {
    const [first] = chunks;
    const blocking = (entry: TarEntry) => codes(inspectBytes(tar(chunked, entry, ...chunks)), 'blocking');
    expect(blocking(manifest(first?.name ?? '', sum(first?.bytes)))).toEqual(['ECSIMPORT.Format']);
    expect(blocking(manifest(diskEntry.name, sum(disk)))).toEqual(['ECSIMPORT.Format']);
    expect(blocking(manifest(first?.name ?? '', sum(raw)))).toContain('ECSIMPORT.ManifestDigest');
    expect(blocking(manifest(diskEntry.name, sum(raw)))).toContain('ECSIMPORT.ManifestDigest');
  });

  test.each([
    ['the first', chunks.slice(1)],
    ['one between', chunks.filter((_, index) => index !== 1)],
    ['the last', chunks.slice(0, -1)],
  ])('without %s chunk → ECSIMPORT.Truncated', (_name, present) => {
    expect(codes(inspectBytes(tar(chunked, ...present)), 'blocking')).toEqual([
      'ECSIMPORT.Format',
      'ECSIMPORT.Truncated',
    ]);
  });
});

describe('a tar archive', () => {
  test('with one raw disk → the disk', () => {
    const inspection = inspectBytes(tar({ name: 'disk.raw', bytes: raw }));
    expect(inspection).toMatchObject({
      ...{ format: 'TAR', virtualSize: 4 * MIB, partitionTable: 'mbr' },
      contains: { name: 'disk.raw', format: 'RAW', offset: SECTOR, size: 4 * MIB, sparse: false },
    });
    expect(codes(inspection, 'blocking')).toEqual(['ECSIMPORT.Format']);
  });

  const start = raw.subarray(0, SECTOR);
  const end = Buffer.alloc(SECTOR, 'e');
  const stored = Buffer.concat([start, end]);
  const size = raw.length;
  const map = [0, SECTOR, size - SECTOR, SECTOR];
  const mapBlock = Buffer.alloc(SECTOR);
  mapBlock.write(`2\n${map.join('\n')}\n`);
  const sparseName = 'GNUSparseFile.0/disk.raw';
  const gnuFields = { 386: map.map(octal).join(''), 483: octal(size) };
  test.each([
    ['GNU', tar({ name: 'disk.raw', type: 'S', bytes: stored, magic: 'ustar  ', fields: gnuFields })],
    [
      'PAX 0.0',
      tar(
        {
          ...pax({}),
          bytes: Buffer.concat([
            pax({ 'GNU.sparse.size': String(size), 'GNU.sparse.numblocks': '2' }).bytes ?? end,
            pax({ 'GNU.sparse.offset': '0', 'GNU.sparse.numbytes': String(SECTOR) }).bytes ?? end,
            pax({ 'GNU.sparse.offset': String(size - SECTOR), 'GNU.sparse.numbytes': String(SECTOR) }).bytes ?? end,
          ]),
        },
        { name: 'disk.raw', bytes: stored },
      ),
    ],
    [
      'PAX 0.1',
      tar(pax({ 'GNU.sparse.name': 'disk.raw', 'GNU.sparse.size': String(size), 'GNU.sparse.map': map.join(',') }), {
        name: sparseName,
        bytes: stored,
      }),
    ],
    [
      'PAX 1.0',
      tar(
        pax({
          'GNU.sparse.major': '1',
          'GNU.sparse.minor': '0',
          'GNU.sparse.name': 'disk.raw',
          'GNU.sparse.realsize': String(size),
        }),
        { name: sparseName, bytes: Buffer.concat([mapBlock, stored]) },
      ),
    ],
  ])('with a sparse raw disk, as %s stores it → the whole disk', (_name, bytes) => {
    const inspection = inspectBytes(bytes);
    expect(inspection).toMatchObject({ format: 'TAR', virtualSize: size, partitionTable: 'mbr' });
    expect(inspection.contains).toMatchObject({ name: 'disk.raw', format: 'RAW', size, sparse: true });
  });

  test('with a sparse map that its data do not fill → ECSIMPORT.Truncated', () => {
    const fields = { ...gnuFields, 386: [0, SECTOR, SECTOR, 8 * SECTOR].map(octal).join('') };
    const bytes = tar({ name: 'disk.raw', type: 'S', bytes: stored, magic: 'ustar  ', fields });
    expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Truncated');
  });
});

describe('a compressed archive → its kind, and the size of its first disk', () => {
  test.each([
    ['OVA', tar(descriptor, diskEntry)],
    ['OVA', tar({ name: 'machine/', type: '5' }, pax({ mtime: '1.5' }), descriptor, diskEntry)],
    ['TAR', tar({ name: 'disk.raw', bytes: raw })],
    ['TAR', tar({ name: 'disk.qcow2', bytes: qcow2({ size: 4 * MIB }) })],
  ])('%s', (subformat, bytes) => {
    expect(inspectBytes(gzipSync(bytes))).toMatchObject({ format: 'GZIP', subformat, virtualSize: 4 * MIB });
  });
});

function iso(): TarEntry {
  const bytes = mbrDisk(2 * MIB);
  bytes.write('CD001', 32_769);
  return { name: 'drivers.iso', bytes };
}
