/** The names that the inspection has for blkid's types. */

const NAMES: Readonly<Record<string, string>> = {
  crypto_LUKS: 'LUKS',
  LVM2_member: 'LVM',
  linux_raid_member: 'Linux RAID',
  isw_raid_member: 'firmware RAID',
  ddf_raid_member: 'firmware RAID',
  swsuspend: 'hibernation image',
  xfs_external_log: 'xfs log',
  jbd: 'ext journal',
  ext4dev: 'ext4',
  zfs_member: 'ZFS',
  squashfs3: 'squashfs',
  ufs: 'UFS',
  vdo: 'VDO',
  ubi: 'UBI',
  drbd: 'DRBD',
  VMFS_volume_member: 'VMFS',
};

/** Types with no name in the inspection: no guest has its root on them. */
const UNNAMED = [
  ...['adaptec_raid_member', 'hpt37x_raid_member', 'hpt45x_raid_member', 'jmicron_raid_member', 'lsi_mega_raid_member'],
  ...['nvidia_raid_member', 'promise_fasttrack_raid_member', 'silicon_medley_raid_member', 'via_raid_member'],
  ...['befs', 'bfs', 'ceph_bluestore', 'cs_fvault2', 'drbdmanage_control_volume', 'hpfs', 'minix', 'mpool', 'nss'],
  ...['scoutfs_data', 'scoutfs_meta', 'ubifs', 'zonefs'],
];

/** Types whose UUID and label fstab, the kernel command line or the tools of a guest refer to. */
export const MOUNTED_TYPES: readonly string[] = [
  ...['ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'vfat', 'ntfs', 'swap', 'f2fs', 'jfs', 'nilfs2', 'reiserfs', 'reiser4'],
  ...['ocfs2', 'bcachefs', 'crypto_LUKS', 'erofs', 'BitLocker', 'exfat', 'gfs2', 'LVM2_member', 'linux_raid_member'],
  ...['zfs_member', 'ufs', 'VMFS', 'VMFS_volume_member', 'vdo', 'bcache', 'cramfs'],
];

/** Null: the inspection must not recognise it. */
export const contentOfBlkidType = (type: string): string | null =>
  type === '' || UNNAMED.includes(type) ? null : (NAMES[type] ?? type);

/** blkid replaces spaces and bytes that are not text, and so does this for a label of the inspection. */
export const labelAsBlkid = (label: string): string => label.replaceAll(' ', '_');
