/** Disks that boot or not, each for one reason. Where a machine's behaviour surprised, the boot decided. */
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  fileOf,
  grubCore,
  initramfsWithout,
  installed,
  KERNEL,
  type Parts,
  ROOT_UUID,
  type TestDisk,
} from './make-disk.js';

const CFG = '/boot/grub/grub.cfg';
const IMAGE = `/boot/vmlinuz-${KERNEL}`;
const INITRAMFS = `/boot/initrd.img-${KERNEL}`;
const FSTAB = '/etc/fstab';
const OTHER_UUID = '00000000-1111-4222-8333-444444444444';
const ROOT = `root=UUID=${ROOT_UUID} ro console=tty0 console=ttyS0,115200n8`;
/** The menu's settings, then commands. */
const menu = (...commands: readonly string[]): string =>
  `${['set timeout=1', 'serial --unit=0 --speed=115200', 'terminal_input serial console', 'terminal_output serial console', ...commands].join('\n')}\n`;
const entry = (linux: string, initrd = INITRAMFS, options = ''): string =>
  `menuentry 'Debian' ${options}{\n  search --no-floppy --fs-uuid --set=root ${ROOT_UUID}\n  linux ${linux}\n  initrd ${initrd}\n}`;
const args = (extra: string, root = ROOT) => ({ [CFG]: menu(entry(`${IMAGE} ${root} ${extra}`)) });

/** BIOS disks that need no program of GRUB on this host. */
export function biosDisks(parts: Parts): TestDisk[] {
  const kernel = fileOf(parts, IMAGE);
  const mbr = Buffer.alloc(440);
  return [
    { name: 'the demo as it is', boots: true },
    {
      name: 'a kernel version in a variable',
      boots: true,
      root: {
        [CFG]: menu(`set kv=${KERNEL}`, entry(`($root)/boot/vmlinuz-$kv ${ROOT}`, '($root)/boot/initrd.img-$kv')),
      },
    },
    {
      name: 'a root UUID in a variable',
      boots: true,
      root: { [CFG]: menu(`set rootuuid=${ROOT_UUID}`, entry(`${IMAGE} root=UUID=\${rootuuid} ro console=ttyS0`)) },
    },
    {
      name: 'a missing mount, which BusyBox ignores',
      boots: true,
      root: { [FSTAB]: `UUID=${ROOT_UUID} / ext4 defaults 0 1\nUUID=${OTHER_UUID} /srv ext4 defaults 0 2\n` },
    },
    { name: '/dev/root in fstab', boots: true, root: { [FSTAB]: '/dev/root / auto defaults 1 1\n' } },
    {
      name: 'a password, and an unrestricted entry',
      boots: true,
      root: {
        [CFG]: menu(
          'set superusers="root"',
          'password root x',
          entry(`${IMAGE} ${ROOT}`, INITRAMFS, '--unrestricted '),
        ),
      },
    },
    {
      name: 'a default entry after one without a kernel',
      boots: true,
      root: {
        [CFG]: menu('set default=1', "menuentry 'old' {\n  linux /boot/vmlinuz-old\n}", entry(`${IMAGE} ${ROOT}`)),
      },
    },
    { name: 'a blacklist of other drivers', boots: true, root: args('modprobe.blacklist=nouveau,floppy') },
    { name: 'rootfstype of the root', boots: true, root: args('rootfstype=ext4') },
    {
      name: 'a second initramfs with microcode',
      boots: true,
      root: {
        [CFG]: menu(entry(`${IMAGE} ${ROOT}`, `/boot/ucode.img ${INITRAMFS}`)),
        '/boot/ucode.img': initramfsWithout(parts, /^(?!\.$|\.\/dev$).+/),
      },
    },
    { name: 'no menu', boots: false, root: { [CFG]: null } },
    { name: 'a menu without entries', boots: false, root: { [CFG]: menu('insmod part_gpt') } },
    {
      name: 'a password for the default entry',
      boots: false,
      root: { [CFG]: menu('set superusers="root"', 'password root x', entry(`${IMAGE} ${ROOT}`)) },
    },
    {
      name: 'a default entry without a kernel',
      boots: false,
      root: {
        [CFG]: menu(
          'set default=1',
          entry(`${IMAGE} ${ROOT}`),
          "menuentry 'old' {\n  linux /boot/vmlinuz-old root=UUID=x\n}",
        ),
      },
    },
    {
      name: 'a menu without a timeout',
      boots: false,
      root: { [CFG]: `serial --unit=0 --speed=115200\nterminal_output serial console\n${entry(`${IMAGE} ${ROOT}`)}\n` },
    },
    { name: 'no kernel', boots: false, root: { [IMAGE]: null } },
    { name: 'an empty kernel', boots: false, root: { [IMAGE]: '' } },
    { name: 'random bytes as kernel', boots: false, root: { [IMAGE]: Buffer.from('no kernel '.repeat(100_000)) } },
    { name: 'a kernel cut to 1 MiB', boots: false, root: { [IMAGE]: kernel.subarray(0, 1024 * 1024) } },
    { name: 'no initramfs', boots: false, root: { [INITRAMFS]: null } },
    { name: 'an empty initramfs', boots: false, root: { [INITRAMFS]: '' } },
    {
      name: 'an initramfs that was cut off',
      boots: false,
      root: { [INITRAMFS]: fileOf(parts, INITRAMFS).subarray(0, 200_000) },
    },
    { name: 'an initramfs for another architecture', boots: false, root: { [INITRAMFS]: forArm64(parts) } },
    { name: 'an initramfs without init', boots: false, root: { [INITRAMFS]: initramfsWithout(parts, /^\.\/init$/) } },
    { name: 'an initramfs without virtio', boots: false, root: { [INITRAMFS]: initramfsWithout(parts, /virtio/) } },
    { name: 'an initramfs without ext4', boots: false, root: { [INITRAMFS]: initramfsWithout(parts, /ext4|jbd2/) } },
    { name: 'a root of another machine', boots: false, root: args('', `root=UUID=${OTHER_UUID} ro console=ttyS0`) },
    { name: 'a root device of another hypervisor', boots: false, root: args('', 'root=/dev/sda2 ro console=ttyS0') },
    { name: 'a driver that only udev must not load', boots: true, root: args('modprobe.blacklist=virtio_blk') },
    { name: 'a driver that the kernel must not load', boots: false, root: args('module_blacklist=virtio_blk') },
    {
      name: 'a driver that the kernel must not initialise',
      boots: false,
      root: args('initcall_blacklist=virtio_pci_driver_init'),
    },
    { name: 'a first program that does not exist', boots: false, root: args('rdinit=/start') },
    { name: 'a kernel with a hole', boots: false, root: { [IMAGE]: withHole(kernel) } },
    { name: 'no init program', boots: false, root: { '/usr/sbin/init': null } },
    { name: 'an empty init program', boots: false, root: { '/usr/bin/busybox': '' } },
    { name: 'a blank boot sector', boots: false, bytes: [[0, mbr]] },
    { name: 'no signature in the boot sector', boots: false, bytes: [[510, Buffer.alloc(2)]] },
    { name: 'a blank core image', boots: false, bytes: [[2048 * 512, Buffer.alloc(64 * 1024)]] },
    { name: 'half of the disk', boots: false, cutTo: 5 * 1024 * 1024 },
  ];
}

/** With the ELF machine of arm64 in all of its programs. */
function forArm64(parts: Parts): Buffer {
  const archive = gunzipSync(fileOf(parts, INITRAMFS));
  const magic = Buffer.from('7f454c46020101', 'hex');
  for (let at = archive.indexOf(magic); at !== -1; at = archive.indexOf(magic, at + 1))
    archive.writeUInt16LE(183, at + 18);
  return gzipSync(archive);
}

/** As a copy leaves it that was not completed. */
function withHole(content: Buffer): Buffer {
  return Buffer.from(content).fill(0, 2 * 1024 * 1024, 3 * 1024 * 1024);
}

/** BIOS disks with a core image made by this host's GRUB. */
export function coreDisks(parts: Parts): TestDisk[] {
  const rest = ['normal', 'configfile', 'linux', 'search', 'search_fs_uuid', 'serial', 'terminal', 'echo', 'test'];
  const modules = ['part_gpt', 'ext2', ...rest];
  return [
    { name: 'another core image', boots: true, bytes: grubCore(parts, '(hd0,gpt2)/boot/grub', modules) },
    {
      name: 'a core image for another partition',
      boots: false,
      bytes: grubCore(parts, '(hd0,gpt7)/boot/grub', modules),
    },
    { name: 'a core image for another folder', boots: false, bytes: grubCore(parts, '(hd0,gpt2)/boot/grub2', modules) },
    {
      name: 'a core image without ext2',
      boots: false,
      bytes: grubCore(parts, '(hd0,gpt2)/boot/grub', ['part_gpt', ...rest]),
    },
    {
      name: 'a core image without modules',
      boots: false,
      bytes: grubCore(parts, '(hd0,gpt2)/boot/grub', ['part_gpt', 'ext2']),
    },
  ];
}

/** UEFI disks with Debian's signed programs. */
export function uefiDisks(): TestDisk[] {
  const shim = installed('/usr/lib/shim/shimx64.efi.signed');
  const grub = installed('/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed');
  const fallback = installed('/usr/lib/shim/fbx64.efi.signed');
  const list = installed('/usr/lib/shim/BOOTX64.CSV');
  const stub = (uuid = ROOT_UUID, folder = '/boot/grub') =>
    Buffer.from(`search.fs_uuid ${uuid} root\nset prefix=($root)'${folder}'\nconfigfile $prefix/grub.cfg\n`);
  const [boot, debian] = ['/EFI/BOOT/BOOTX64.EFI', '/EFI/debian'];
  const direct = { [boot]: shim, '/EFI/BOOT/grubx64.efi': grub };
  return [
    { name: 'shim and GRUB', boots: true, esp: { ...direct, [`${debian}/grub.cfg`]: stub() } },
    { name: 'GRUB without shim', boots: true, esp: { [boot]: grub, [`${debian}/grub.cfg`]: stub() } },
    {
      name: 'shim, its fallback program and the folder of the distribution',
      boots: true,
      esp: {
        [boot]: shim,
        '/EFI/BOOT/fbx64.efi': fallback,
        [`${debian}/BOOTX64.CSV`]: list,
        [`${debian}/shimx64.efi`]: shim,
        [`${debian}/grubx64.efi`]: grub,
        [`${debian}/grub.cfg`]: stub(),
      },
    },
    { name: 'shim alone', boots: false, esp: { [boot]: shim } },
    {
      name: 'GRUB cut to 1 MiB',
      boots: false,
      esp: { ...direct, '/EFI/BOOT/grubx64.efi': grub.subarray(0, 1024 * 1024), [`${debian}/grub.cfg`]: stub() },
    },
    { name: 'an empty loader', boots: false, esp: { [boot]: Buffer.alloc(0), [`${debian}/grub.cfg`]: stub() } },
    { name: 'GRUB without a menu', boots: false, esp: direct },
    {
      name: 'a menu on a file system of another machine',
      boots: false,
      esp: { ...direct, [`${debian}/grub.cfg`]: stub(OTHER_UUID) },
    },
    {
      name: 'a menu in a folder that does not exist',
      boots: false,
      esp: { ...direct, [`${debian}/grub.cfg`]: stub(ROOT_UUID, '/boot/grub2') },
    },
    {
      name: 'the loader only in the folder of the distribution',
      boots: false,
      esp: { [`${debian}/shimx64.efi`]: shim, [`${debian}/grubx64.efi`]: grub, [`${debian}/grub.cfg`]: stub() },
    },
  ];
}
