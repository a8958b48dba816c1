/** OVA: the single disk is inspected in place, without extracting the archive. */
import { describe, expect, test } from 'vitest';
import { codes, inspectBytes, MIB, mbrDisk } from '../support/images/made-images.js';

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

function tar(...entries: readonly (readonly [name: string, bytes: Buffer])[]): Buffer {
  const pieces = entries.flatMap(([name, bytes]) => {
    const header = Buffer.alloc(SECTOR);
    header.write(name, 0);
    header.write(bytes.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    header.write('ustar', 257);
    return [header, bytes, Buffer.alloc((SECTOR - (bytes.length % SECTOR)) % SECTOR)];
  });
  return Buffer.concat([...pieces, Buffer.alloc(2 * SECTOR)]);
}

const descriptor = ['machine.ovf', Buffer.from('<Envelope/>')] as const;
const disk = vmdk(mbrDisk(4 * MIB));

describe('an OVA', () => {
  test('with one disk → the disk’s position, size and content', () => {
    const inspection = inspectBytes(
      tar(descriptor, ['machine.mf', Buffer.from('SHA256')], ['machine-disk1.vmdk', disk]),
    );
    expect(inspection).toMatchObject({
      format: 'OVA',
      virtualSize: 4 * MIB,
      partitionTable: 'mbr',
      contains: { name: 'machine-disk1.vmdk', format: 'VMDK', offset: 5 * SECTOR, size: disk.length },
    });
  });

  test.each([
    ['no disk', tar(descriptor)],
    ['two disks', tar(descriptor, ['a.vmdk', disk], ['b.vmdk', disk])],
    [
      'a disk that is only a descriptor of other files',
      tar(descriptor, ['a.vmdk', Buffer.from('# Disk DescriptorFile\n')]),
    ],
  ])('with %s → ECSIMPORT.OvaDisks', (_name, bytes) => {
    const inspection = inspectBytes(bytes);
    expect(inspection.contains).toBeNull();
    expect(codes(inspection, 'blocking')).toContain('ECSIMPORT.OvaDisks');
  });

  test.each([
    ['truncated in its disk', tar(descriptor, ['a.vmdk', disk]).subarray(0, 2 * MIB)],
    ['with an invalid tar header', Buffer.concat([tar(descriptor).subarray(0, 2 * SECTOR), Buffer.alloc(4096, 1)])],
  ])('%s → ECSIMPORT.Truncated', (_name, bytes) => {
    expect(codes(inspectBytes(bytes), 'blocking')).toContain('ECSIMPORT.Truncated');
  });
});
