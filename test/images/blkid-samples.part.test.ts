/**
 * Foreign images of file systems, volume managers and partition tables, with what util-linux's blkid says of each
 * (../shared/images/blkid; not a part of this project). A type that the inspection knows must be right; another must not
 * be mistaken for one that it knows.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ByteSource, UnreadableError } from '../../images/bytes.js';
import { xzPieces } from '../../images/compression/xz.js';
import { readLayout } from '../../images/disk/volumes.js';
import { findingList } from '../../images/findings.js';

const SAMPLES = new URL('../../../shared/images/blkid/', import.meta.url);

/** The names that the inspection has for blkid's types, where they differ. */
const NAMES: Readonly<Record<string, string>> = {
  crypto_LUKS: 'LUKS',
  LVM2_member: 'LVM',
  linux_raid_member: 'Linux RAID',
  isw_raid_member: 'firmware RAID',
  ddf_raid_member: 'firmware RAID',
  swsuspend: 'hibernation image',
  xfs_external_log: 'xfs log',
  jbd: 'ext journal',
  zfs_member: 'ZFS',
  squashfs3: 'squashfs',
  ufs: 'UFS',
  vdo: 'VDO',
  ubi: 'UBI',
  drbd: 'DRBD',
  VMFS_volume_member: 'VMFS',
};

/** Types with no name in the inspection: no guest has its root on them. */
const UNKNOWN = [
  ...['adaptec_raid_member', 'hpt37x_raid_member', 'hpt45x_raid_member', 'jmicron_raid_member', 'lsi_mega_raid_member'],
  ...['nvidia_raid_member', 'promise_fasttrack_raid_member', 'silicon_medley_raid_member', 'via_raid_member'],
  ...['befs', 'bfs', 'ceph_bluestore', 'cs_fvault2', 'drbdmanage_control_volume', 'hpfs', 'minix', 'mpool', 'nss'],
  ...['scoutfs_data', 'scoutfs_meta', 'ubifs', 'zonefs'],
];

/** Types that fstab mounts by UUID and label, or that the kernel command line names. */
const MOUNTED = [
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'ntfs', 'swap', 'f2fs', 'jfs', 'nilfs2', 'reiserfs', 'reiser4'],
  ...['ocfs2', 'bcachefs', 'crypto_LUKS', 'erofs', 'BitLocker'],
];

const folder = (name: string) =>
  existsSync(SAMPLES) ? readdirSync(new URL(`${name}/`, SAMPLES)).map((file) => `${name}/${file}`) : [];
/** These have several file systems; blkid takes a position as an argument. */
const SESSIONS = /-multi-/;
const files = folder('images-fs').filter((file) => !SESSIONS.test(file));

const ZEROS = Buffer.alloc(4 * 1024 * 1024);

/** The samples have 2 GB in all, and most of it is zeros, which are not kept. */
function contentOf(file: string): ByteSource {
  const parts: { at: number; bytes: Buffer }[] = [];
  let size = 0;
  for (const piece of xzPieces(readFileSync(new URL(file, SAMPLES)))) {
    if (!piece.equals(ZEROS.subarray(0, piece.length))) parts.push({ at: size, bytes: Buffer.from(piece) });
    size += piece.length;
  }
  return {
    size,
    read(offset, length) {
      if (offset + length > size) throw new UnreadableError('the sample ends before');
      const bytes = Buffer.alloc(length);
      for (const { at, bytes: part } of parts) {
        if (at < offset + length && offset < at + part.length)
          part.copy(bytes, Math.max(0, at - offset), Math.max(0, offset - at));
      }
      return bytes;
    },
  };
}

function facts(file: string) {
  const { table, volumes } = readLayout(contentOf(file), findingList());
  const [first] = volumes;
  return { scheme: table.scheme, content: first?.content ?? null, uuid: first?.uuid ?? '', label: first?.label ?? '' };
}

function expectedOf(file: string) {
  const name = /([^/]+)\.img\.xz$/.exec(file)?.[1] ?? '';
  const text = readFileSync(new URL(`expected/low-probe-${name}`, SAMPLES), 'utf8');
  const value = (key: string) => new RegExp(`^ID_FS_${key}=(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { type: value('TYPE'), uuid: value('UUID'), label: value('LABEL') };
}

describe.skipIf(files.length === 0)('each sample of blkid', () => {
  test('the types, UUIDs and labels agree', { timeout: 120_000 }, () => {
    const different: string[] = [];
    for (const file of files) {
      const { type, uuid, label } = expectedOf(file);
      const found = facts(file);
      const content = UNKNOWN.includes(type) ? null : (NAMES[type] ?? type);
      if (found.content !== content) different.push(`${file}: ${found.content}, ${content}`);
      if (!MOUNTED.includes(type)) continue;
      if (found.uuid !== uuid) different.push(`${file}: UUID ${found.uuid}, ${uuid}`);
      // blkid replaces spaces and bytes that are not text.
      const shown = found.label.replaceAll(' ', '_');
      if (shown !== label && !/^_+$/.test(label)) different.push(`${file}: label ${shown}, ${label}`);
    }
    expect(different).toEqual([]);
  });

  test.each([
    ['images-pt/gpt.img.xz', 'gpt'],
    ['images-pt/dos+bsd.img.xz', 'mbr'],
    ['images-pt/atari-primary.img.xz', 'none'],
    ['images-pt/bsd.img.xz', 'none'],
    ['images-pt/sgi.img.xz', 'none'],
    ['images-pt/sun.img.xz', 'none'],
  ])('%s → %s', (file, scheme) => {
    expect(facts(file).scheme).toBe(scheme);
  });
});
