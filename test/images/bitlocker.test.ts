/** BitLocker: what unlocks the volume decides whether an instance boots. */
import { expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { readBitLocker } from '../../images/disk/bitlocker.js';
import { findingList } from '../../images/findings.js';
import { inspectDisk } from '../../images/guest/inspect-guest.js';
import { LONE_SYSTEM_DISK } from '../../images/inspection.js';
import { MIB, mbrDisk } from '../support/images/made-images.js';

const START = 2048 * 512;
const METADATA = 65_536;

/** The first sector of a BitLocker volume and one block of its metadata with these protections. */
function bitLockerDisk(protections: readonly number[], signature = '-FVE-FS-'): Buffer {
  const disk = mbrDisk(4 * MIB);
  disk.write('-FVE-FS-', START + 3);
  disk.writeBigUInt64LE(BigInt(METADATA), START + 176);
  const block = START + METADATA;
  disk.write(signature, block);
  const entries = protections.map((protection) => {
    const entry = Buffer.alloc(8 + 28);
    entry.writeUInt16LE(entry.length, 0);
    entry.writeUInt16LE(2, 2);
    entry.writeUInt16LE(8, 4);
    entry.writeUInt16LE(protection, 8 + 26);
    return entry;
  });
  disk.writeUInt32LE(48 + 36 * protections.length, block + 64);
  Buffer.concat(entries).copy(disk, block + 64 + 48);
  return disk;
}

function encrypted(disk: Buffer): string[] {
  const findings = findingList();
  inspectDisk(bufferSource(disk), LONE_SYSTEM_DISK, findings);
  return findings.all
    .filter(({ code }) => code === 'ECSIMPORT.Encrypted')
    .map(({ severity, evidence }) => `${severity} ${evidence}`);
}

test.each<[string, number[], string]>([
  ['a TPM', [0x100, 0x800], 'blocking partition 1: BitLocker; unlocked by TPM, recovery password'],
  ['a password', [0x2000], 'blocking partition 1: BitLocker; unlocked by password'],
  ['a clear key: suspended', [0x100, 0], 'warning partition 1: BitLocker; unlocked by TPM, clear key'],
  ['a protection of another kind', [0x4321], 'blocking partition 1: BitLocker; unlocked by protector 0x4321'],
  ['unknown', [], 'warning partition 1: BitLocker; its keys could not be determined'],
])('unlocked by %s', (_name, protections, expected) => {
  expect(encrypted(bitLockerDisk(protections))).toEqual([expected]);
});

test('metadata that are missing or cut off → a warning', () => {
  expect(encrypted(bitLockerDisk([0x100], 'nothing!'))).toEqual([
    'warning partition 1: BitLocker; its keys could not be determined',
  ]);
  const volume = bitLockerDisk([0x100]).subarray(START, START + METADATA + 32);
  expect(readBitLocker(bufferSource(volume))).toBeNull();
});
