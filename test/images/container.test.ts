/** Container formats: detection by content, and findings that stop an import before the upload. */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FailureError } from '../../domain/errors/failure.js';
import { inspectFile, inspectImage } from '../../images/inspect.js';
import { asFile, codes, DEMO, inspectBytes, MIB, mbrDisk, qcow2 } from '../support/images/made-images.js';
import { dynamicVhd, vhdFooter } from '../support/images/made-vhd.js';

let home = '';
beforeAll(() => {
  home = mkdtempSync(path.join(tmpdir(), 'images-'));
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

async function failure(file: string) {
  try {
    await inspectImage(file);
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error(`expected a failure for ${file}`);
}

describe('an unreadable file → a failure of class request', () => {
  test.each([
    ['missing', () => path.join(home, 'none.qcow2'), 'Source.NotFound', /does not exist/],
    ['a directory', () => home, 'Source.NotAFile', /directory/],
    ['a device', () => '/dev/null', 'Source.NotAFile', /device/],
    ['empty', () => written('empty', Buffer.alloc(0)), 'Source.Empty', /is empty/],
    ['a dangling link', () => linked('dangling', path.join(home, 'gone')), 'Source.NotFound', /link/],
    ['under a file', () => path.join(written('plain', Buffer.alloc(9)), 'disk'), 'Source.NotFound', /does not exist/],
  ])('%s', async (_name, file, code, message) => {
    const actual = await failure(file());
    expect(actual).toMatchObject({ code, class: 'request' });
    expect(actual.message).toMatch(message);
    expect(actual.message).not.toContain('\n');
    expect(actual.remedy).not.toBe('');
  });
});

describe('content → format', () => {
  const tar = Buffer.alloc(10_240);
  tar.write('machine.ovf', 0);
  tar.write('ustar', 257);
  const iso = Buffer.alloc(64 * 1024);
  iso.write('CD001', 32_769);
  const vhdx = Buffer.alloc(MIB);
  vhdx.write('vhdxfile', 0);
  test.each([
    ['QCOW2', qcow2(), 'QCOW2'],
    ['QCOW2 version 2', qcow2({ version: 2 }), 'QCOW2'],
    ['dynamic VHD', dynamicVhd(), 'VHD'],
    ['fixed VHD', Buffer.concat([mbrDisk(), vhdFooter({ type: 2 })]), 'VHD'],
    [
      'VMDK descriptor',
      Buffer.from('# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 2048 FLAT "x-flat.vmdk" 0\n'),
      'VMDK',
    ],
    ['VHDX', vhdx, 'VHDX'],
    ['OVA', tar, 'OVA'],
    ['ISO', iso, 'ISO'],
    ['gzip', gzipSync('disk'), 'GZIP'],
    ['xz', Buffer.from('fd377a585a000004', 'hex'), 'XZ'],
    ['zstd', Buffer.from('28b52ffd2001', 'hex'), 'ZSTD'],
    ['raw with an MBR', mbrDisk(), 'RAW'],
    ['a blank raw disk', Buffer.alloc(MIB), 'RAW'],
    ['a text file', Buffer.from('Dear colleagues, the image is on its way. '.repeat(50)), 'UNKNOWN'],
    ['a web page', Buffer.from('\ufeff\n<!DOCTYPE HTML>\n<title>Sign in</title>'), 'UNKNOWN'],
    ['one byte', Buffer.from('x'), 'UNKNOWN'],
  ])('%s', (_name, bytes, format) => {
    expect(inspectBytes(bytes).format).toBe(format);
  });

  test.each([
    ['root:$6$salt$hash:19700:0:99999:7:::\n'.repeat(40), 'text'],
    ['<!DOCTYPE html><html><body>Sign in</body></html>'.repeat(40), 'a web page or XML'],
    ['%PDF-1.7 secret', 'a PDF document'],
  ])('a file that is no disk image → what it looks like, and none of its bytes: %j', (content, name) => {
    const { format, findings } = inspectBytes(Buffer.from(content));
    expect(format).toBe('UNKNOWN');
    expect(findings.map(({ evidence }) => evidence)).toEqual([`${content.length} bytes that look like ${name}`]);
    expect(JSON.stringify(findings)).not.toContain(Buffer.from(content).toString('hex', 0, 8));
  });

  test('a file system of another system on the whole disk → a raw disk', () => {
    const disk = Buffer.alloc(MIB, 1);
    disk.write('NXSB', 32);
    expect(inspectBytes(disk).format).toBe('RAW');
  });

  test('a compressed file → the format of its content', () => {
    expect(inspectBytes(gzipSync(qcow2()))).toMatchObject({ format: 'GZIP', subformat: 'QCOW2', virtualSize: MIB });
    expect(inspectBytes(gzipSync(mbrDisk()))).toMatchObject({ format: 'GZIP', subformat: 'RAW', virtualSize: null });
  });

  test('a disk with the label of an old ISO → RAW', () => {
    const disk = mbrDisk(80 * MIB);
    disk.write('CD001', 32_769);
    expect(inspectBytes(disk).format).toBe('RAW');
  });

  test('a format that ECS does not import → blocking', () => {
    for (const bytes of [tar, iso, gzipSync('disk'), Buffer.from('a letter'.repeat(99))]) {
      expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Format');
    }
  });
});

describe('QCOW2', () => {
  test.each([
    ['a backing file', { backing: '/etc/passwd' }, 'ECSIMPORT.BackingFile'],
    ['an external data file', { features: 4 }, 'ECSIMPORT.ExternalData'],
    ['encryption', { encryption: 2 }, 'ECSIMPORT.Encrypted'],
    ['QEMU’s corrupt flag', { features: 2 }, 'ECSIMPORT.Damaged'],
    ['unknown features', { features: 1024 }, 'ECSIMPORT.Format'],
    ['a cluster after the end of the file', { firstCluster: 900 * 65_536 }, 'ECSIMPORT.Truncated'],
    ['reference counts that are too low', { refcount: 0 }, 'ECSIMPORT.Damaged'],
    ['an L1 table that is too small for the disk', { size: 2048 * 1024 * MIB }, 'ECSIMPORT.Damaged'],
  ])('%s → blocking', (_name, parts, code) => {
    expect(codes(inspectBytes(qcow2(parts)), 'blocking')).toContain(code);
  });

  test('a truncated file → Truncated, with the missing bytes in the evidence', () => {
    const whole = qcow2();
    const { findings } = inspectBytes(whole.subarray(0, 5 * 65_536 + 100));
    expect(findings[0]).toMatchObject({ code: 'ECSIMPORT.Truncated', severity: 'blocking' });
    expect(findings[0]?.evidence).toContain('guest offset 0');
  });

  test('snapshots, an unclean shutdown, zstd clusters → warnings', () => {
    expect(codes(inspectBytes(qcow2({ snapshots: 2 })), 'warning')).toContain('ECSIMPORT.Snapshots');
    expect(codes(inspectBytes(qcow2({ features: 1 })), 'warning')).toContain('ECSIMPORT.NotClosed');
    const zstd = inspectBytes(qcow2({ features: 8, compression: 1 }));
    expect(codes(zstd, 'warning')).toContain('ECSIMPORT.ZstdClusters');
    expect(codes(zstd, 'blocking')).toEqual([]);
  });

  test('control characters in a file name → removed from the evidence', () => {
    const [finding] = inspectBytes(qcow2({ backing: 'a\u001b[2J\nb' })).findings;
    expect(finding?.evidence).toBe('header: backing file a [2J b');
  });
});

describe('VHD', () => {
  test('a size that exceeds the block allocation table → ImportImage’s error code', () => {
    const inspection = inspectBytes(dynamicVhd({ size: 64 * MIB, entries: 2 }));
    expect(codes(inspection, 'blocking')).toContain('InvalidVHDImage.IncorrectSize');
    expect(inspection.virtualSize).toBe(64 * MIB);
  });
  test('a wrong checksum → blocking', () => {
    const bytes = dynamicVhd();
    bytes.writeUInt8(99, bytes.length - 512 + 24);
    expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Damaged');
  });
  test('a dynamic disk without its footer → Truncated', () => {
    const bytes = dynamicVhd();
    expect(codes(inspectBytes(bytes.subarray(0, bytes.length - 512)), 'blocking')).toContain('ECSIMPORT.Truncated');
  });
  test('a fixed disk with less data than its size → Truncated', () => {
    const bytes = Buffer.concat([mbrDisk(2 * MIB), vhdFooter({ type: 2, size: 4 * MIB })]);
    expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Truncated');
  });
  test('a differencing disk → blocking', () => {
    expect(codes(inspectBytes(dynamicVhd({ type: 4 })), 'blocking')).toContain('ECSIMPORT.BackingFile');
  });
});

test('a VMDK descriptor of other files → blocking, with the disk’s size', () => {
  const descriptor =
    '# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 83886080 FLAT "/etc/shadow" 0\n';
  const inspection = inspectBytes(Buffer.from(descriptor));
  expect(inspection).toMatchObject({ format: 'VMDK', subformat: 'monolithicFlat', virtualSize: 40 * 1024 * MIB });
  expect(codes(inspection, 'blocking')).toContain('ECSIMPORT.ExternalExtents');
});

test('a raw disk that ends within its first partition → Truncated', () => {
  const disk = mbrDisk(8 * MIB);
  expect(inspectBytes(disk.subarray(0, 512 * 3 + 7)).findings.map(({ code }) => code)).toContain('ECSIMPORT.Truncated');
});

describe('a raw file that ends within a sector', () => {
  const disk = mbrDisk(4 * MIB);

  test('bytes after the last partition → left out, with a warning', () => {
    const inspection = inspectBytes(Buffer.concat([disk, Buffer.alloc(100, 'x')]));
    expect(inspection).toMatchObject({ format: 'RAW', virtualSize: disk.length, partitionTable: 'mbr' });
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.TrailingBytes');
    expect(codes(inspection, 'warning')).not.toContain('ECSIMPORT.Truncated');
  });

  test('a partition needs its last sector → padded, with a warning', () => {
    const inspection = inspectBytes(disk.subarray(0, disk.length - 100));
    expect(inspection).toMatchObject({ format: 'RAW', virtualSize: disk.length, partitionTable: 'mbr' });
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.Truncated');
    expect(codes(inspection, 'blocking')).toEqual([]);
  });

  test('a whole number of GiB and 100 bytes → not one GiB more', () => {
    const gib = 1024 * MIB;
    const size = 2 * gib + 100;
    const file = {
      ...asFile(Buffer.alloc(0)),
      size,
      read: (offset: number, length: number) =>
        offset < 512 ? Buffer.concat([disk.subarray(offset, 512), Buffer.alloc(length)], length) : Buffer.alloc(length),
    };
    expect(inspectFile(file)).toMatchObject({ virtualSize: 2 * gib, diskImageSizeGiB: 2 });
  });
});

describe('a VHD with other bytes after its footer → the VHD, with a warning', () => {
  test.each([
    ['dynamic', dynamicVhd(), 100],
    ['dynamic, padded to a MiB', dynamicVhd(), MIB],
    ['fixed', Buffer.concat([mbrDisk(), vhdFooter({ type: 2 })]), 10],
    ['fixed, with a sector of zeros', Buffer.concat([mbrDisk(), vhdFooter({ type: 2 })]), 512],
  ])('%s', (_name, vhd, extra) => {
    const inspection = inspectBytes(Buffer.concat([vhd, Buffer.alloc(extra)]));
    expect(inspection).toMatchObject({
      format: 'VHD',
      virtualSize: 4 * MIB,
      contains: { offset: 0, size: vhd.length },
    });
    expect(codes(inspection, 'blocking')).toEqual([]);
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.TrailingBytes');
  });

  test('a dynamic VHD by an old Virtual PC, whose footer has 511 bytes → complete, to be converted', () => {
    const vhd = dynamicVhd();
    const inspection = inspectBytes(vhd.subarray(0, vhd.length - 1));
    const contains = { format: 'VHD', offset: 0, size: vhd.length - 1 };
    expect(inspection).toMatchObject({ format: 'VHD', virtualSize: 4 * MIB, contains });
    expect(codes(inspection, 'blocking')).toEqual([]);
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.VhdFooter');
  });

  test('a raw disk with a footer of a smaller VHD in its last sectors → RAW', () => {
    const disk = mbrDisk(8 * MIB);
    vhdFooter({ type: 2, size: 4 * MIB }).copy(disk, disk.length - 4096);
    expect(inspectBytes(disk).format).toBe('RAW');
  });
});

test('the demo image → the facts of its package list', async () => {
  const inspection = await inspectImage(DEMO);
  expect(inspection).toMatchObject({
    format: 'QCOW2',
    virtualSize: 1024 * MIB,
    architecture: 'x86_64',
    bootMode: 'BIOS',
    osType: 'linux',
    platform: 'Debian',
    osVersion: '12',
    depth: 'guest',
  });
  expect(codes(inspection, 'blocking')).toEqual([]);
  expect(codes(inspection, 'info')).toEqual(
    expect.arrayContaining(['GUESTOS.Virtio', 'GUESTOS.Nvme', 'GUESTOS.Fstab', 'GUESTOS.Grub', 'GUESTOS.Dhcp']),
  );
  expect(codes(inspection, 'warning')).toEqual([
    'GUESTOS.CloudInit',
    'GUESTOS.OnlineResizeFS',
    'ECSIMPORT.SshServer',
    'ECSIMPORT.RootLocked',
  ]);
});

test('an aborted signal → rejects with the signal’s reason', async () => {
  await expect(inspectImage(DEMO, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});

function written(name: string, bytes: Buffer): string {
  const file = path.join(home, `${name}-${createHash('md5').update(bytes).digest('hex')}`);
  writeFileSync(file, bytes);
  return file;
}
function linked(name: string, target: string): string {
  const file = path.join(home, name);
  symlinkSync(target, file);
  return file;
}
