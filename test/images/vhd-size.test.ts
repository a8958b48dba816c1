/** The size of a VHD's disk: found from the data, whichever program created the file. */
import { describe, expect, test } from 'vitest';
import { inspectFile } from '../../images/inspect.js';
import { asFile, codes, MIB, mbrDisk } from '../support/images/made-images.js';
import { dynamicVhd, fixedVhd, type Geometry, gptStart, type VhdParts } from '../support/images/made-vhd.js';

const GIB = 1024 * MIB;
/** VirtualBox: at most 16383 cylinders of 16 × 63 sectors, which is 8 455 200 768 bytes. */
const VBOX_LIMIT: Geometry = [16_383, 16, 63];
const bytesOf = ([cylinders, heads, sectors]: Geometry) => cylinders * heads * sectors * 512;

const dynamic = (size: number, start: Buffer, parts: Parameters<typeof dynamicVhd>[0] = {}) =>
  inspectFile(asFile(dynamicVhd({ size, blocks: new Map([[0, start]]), ...parts })));
const fixed = (size: number, start: Buffer, parts: VhdParts = {}) =>
  inspectFile(fixedVhd(start, size, { size, ...parts }));

function mbrOf(size: number): Buffer {
  const start = mbrDisk(4 * MIB).subarray(0, 512);
  start.writeUInt32LE(size / 512 - 2048, 458);
  return start;
}

describe('the current size is larger than the geometry → the current size', () => {
  const creators = ['vbox', 'vpc ', 'qemu', 'abcd', '\0\0\0\0', 'win ', 'vs  '];
  test.each(creators)('dynamic, with a GPT up to the current size, creator "%s"', (creator) => {
    const inspection = dynamic(20 * GIB, gptStart(20 * GIB), { creator, geometry: VBOX_LIMIT });
    expect(inspection).toMatchObject({ virtualSize: 20 * GIB, diskImageSizeGiB: 20, partitionTable: 'gpt' });
    expect(codes(inspection, 'blocking')).toEqual([]);
    expect(inspection.findings.map(({ code }) => code)).not.toContain('ECSIMPORT.Truncated');
  });

  test.each(creators)('fixed, with an MBR up to the current size, creator "%s"', (creator) => {
    const inspection = fixed(20 * GIB, mbrOf(20 * GIB), { creator, geometry: VBOX_LIMIT });
    expect(inspection).toMatchObject({ virtualSize: 20 * GIB, diskImageSizeGiB: 20, partitionTable: 'mbr' });
    expect(codes(inspection, 'blocking')).toEqual([]);
  });

  test('without a partition table', () => {
    expect(dynamic(20 * GIB, Buffer.alloc(512), { creator: 'vbox', geometry: VBOX_LIMIT }).virtualSize).toBe(20 * GIB);
  });
});

test('a size that QEMU would read otherwise → a warning with both numbers, for Hyper-V’s own images none', () => {
  const inspection = dynamic(20 * GIB, gptStart(20 * GIB), { creator: 'vbox', geometry: VBOX_LIMIT });
  const warning = inspection.findings.find(({ code }) => code === 'ECSIMPORT.VhdGeometry');
  expect(warning).toMatchObject({ severity: 'warning' });
  expect(warning?.evidence).toContain(`current size ${20 * GIB}`);
  expect(warning?.evidence).toContain(`geometry ${bytesOf(VBOX_LIMIT)}`);
  const hyperV = dynamic(20 * GIB, gptStart(20 * GIB), { creator: 'win ', geometry: VBOX_LIMIT });
  expect(codes(hyperV, 'warning')).not.toContain('ECSIMPORT.VhdGeometry');
});

describe('the geometry is larger than the current size', () => {
  const geometry: Geometry = [1024, 16, 63];
  const larger = bytesOf(geometry);
  const smaller = 500 * MIB;

  test('a partition table ends after the current size, and the file has room for the geometry → the geometry', () => {
    const inspection = dynamic(smaller, gptStart(larger), { creator: 'qemu', geometry, entries: 256 });
    expect(inspection.virtualSize).toBe(larger);
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.VhdGeometry');
    expect(inspection.findings.map(({ code }) => code)).not.toContain('ECSIMPORT.Truncated');
  });

  test('a block after the current size is stored → the geometry', () => {
    const blocks = new Map([
      [0, Buffer.alloc(512)],
      [251, Buffer.alloc(512, 1)],
    ]);
    expect(dynamic(smaller, Buffer.alloc(0), { creator: 'qemu', geometry, entries: 256, blocks }).virtualSize).toBe(
      larger,
    );
  });

  test.each([
    ['nothing is stored after the current size', gptStart(smaller)],
    ['the disk has no partition table', Buffer.alloc(512)],
  ])('%s → the current size', (_name, start) => {
    expect(dynamic(smaller, start, { creator: 'qemu', geometry, entries: 256 }).virtualSize).toBe(smaller);
  });

  test('a fixed VHD without data after the current size → the current size, not truncated', () => {
    const inspection = fixed(smaller, gptStart(smaller), { creator: 'qemu', geometry });
    expect(inspection.virtualSize).toBe(smaller);
    expect(codes(inspection, 'blocking')).toEqual([]);
  });
});

describe('the two footers disagree', () => {
  test('the one at the end covers the partitions → its size', () => {
    const inspection = dynamic(20 * GIB, gptStart(20 * GIB), { creator: 'vbox', copy: { size: 8 * GIB } });
    expect(inspection.virtualSize).toBe(20 * GIB);
    expect(codes(inspection, 'warning')).toContain('ECSIMPORT.VhdGeometry');
  });

  test('only the copy at byte 0 covers the partitions → the size in the copy', () => {
    const parts = { creator: 'vbox', copy: { size: 20 * GIB }, entries: 10_240 };
    const inspection = dynamic(8 * GIB, gptStart(20 * GIB), parts);
    expect(inspection.virtualSize).toBe(20 * GIB);
    expect(codes(inspection, 'blocking')).toEqual([]);
  });
});
