#!/usr/bin/env bash
# Makes real disk images from Debian's suites for the inspection's tests, and one broken variant for each defect.
#
#   sudo scripts/make-test-images.sh [--to FOLDER] [NAME…]     default: all, into test/images/cache; kept when they exist
#
# Needs mmdebstrap qemu-utils e2fsprogs xfsprogs btrfs-progs dosfstools mtools fdisk and the configured apt sources
# (which must have the suite). No loop device, no mount. Beside each image lies NAME.expected: what a booted guest says.
set -euo pipefail
export LC_ALL=C
HERE=$(cd "$(dirname "$0")/.." && pwd)
TO=$HERE/test/images/cache
[ "${1:-}" != --to ] || { TO=$(realpath -m "$2"); shift 2; }
mkdir -p "$TO"
WORK=$(mktemp -d)
trap 'rm -rf --one-file-system "$WORK"' EXIT
GUEST=linux-image-cloud-amd64,cloud-init,cloud-guest-utils,e2fsprogs,xfsprogs,btrfs-progs,openssh-server,systemd-sysv,zstd,netplan.io,grub-pc-bin,grub-efi-amd64-bin,grub2-common

# root SUITE: a bootable Debian in $WORK/root-SUITE, made once a run.
root() {
  ROOT=$WORK/root-$1
  [ -d "$ROOT" ] && return
  mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --include="$GUEST" "$1" "$ROOT"
  rm -rf "$ROOT"/var/cache/apt/* "$ROOT"/var/lib/apt/lists/*
}

# configure UUID FSTYPE: what an installer writes.
configure() {
  KERNEL=$(basename "$(ls -d "$ROOT"/boot/vmlinuz-* | tail -1)"); KERNEL=${KERNEL#vmlinuz-}
  printf 'UUID=%s / %s defaults 0 1\n' "$1" "$2" >"$ROOT/etc/fstab"
  [ "${3:-}" = "" ] || printf 'UUID=%s /boot/efi vfat umask=0077 0 1\n' "$3" >>"$ROOT/etc/fstab"
  printf '0.0 0 0.0\n0\nUTC\n' >"$ROOT/etc/adjtime"
  mkdir -p "$ROOT/boot/grub" "$ROOT/etc/netplan"
  printf 'network:\n  version: 2\n  ethernets:\n    all:\n      match: {name: "e*"}\n      dhcp4: true\n' >"$ROOT/etc/netplan/50-dhcp.yaml"
  cat >"$ROOT/boot/grub/grub.cfg" <<CFG
serial --unit=0 --speed=115200
terminal_output serial console
set timeout=1
menuentry 'Debian GNU/Linux' {
  search --no-floppy --fs-uuid --set=root $1
  linux /boot/vmlinuz-$KERNEL root=UUID=$1 ro console=tty0 console=ttyS0,115200n8
  initrd /boot/initrd.img-$KERNEL
}
CFG
}

u64() { printf '%016x' "$1" | sed 's/../\\x&/g' | awk -F'\\\\x' '{for (i = NF; i > 1; i--) printf "\\x%s", $i}'; }

# bios_disk MIB: $WORK/disk.raw with GPT, GRUB for BIOS and the root from $WORK/part.img at 2 MiB.
bios_disk() {
  rm -f "$WORK/disk.raw"; truncate -s "${1}M" "$WORK/disk.raw"
  printf 'label: gpt\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\nstart=4096, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' |
    sfdisk --quiet "$WORK/disk.raw"
  dd if="$WORK/part.img" of="$WORK/disk.raw" bs=1M seek=2 conv=sparse,notrunc status=none
  chroot "$ROOT" grub-mkimage -O i386-pc -p '(hd0,gpt2)/boot/grub' -o /tmp/core.img \
    biosdisk part_gpt ext2 normal configfile linux search search_fs_uuid serial terminal echo test
  cp "$ROOT/usr/lib/grub/i386-pc/boot.img" "$ROOT/tmp/core.img" "$WORK/"
  printf "$(u64 2048)" | dd of="$WORK/boot.img" bs=1 seek=$((0x5c)) conv=notrunc status=none
  printf "$(u64 2049)" | dd of="$WORK/core.img" bs=1 seek=$((0x1f4)) conv=notrunc status=none
  dd if="$WORK/boot.img" of="$WORK/disk.raw" bs=1 count=440 conv=notrunc status=none
  dd if="$WORK/core.img" of="$WORK/disk.raw" bs=512 seek=2048 conv=notrunc status=none
}

# uefi_disk MIB: GPT, an ESP of 64 MiB with GRUB at the removable path, the root from $WORK/part.img at 65 MiB.
uefi_disk() {
  rm -f "$WORK/disk.raw" "$WORK/esp.img"; truncate -s "${1}M" "$WORK/disk.raw"; truncate -s 64M "$WORK/esp.img"
  printf 'label: gpt\nstart=2048, size=131072, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\nstart=133120, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' |
    sfdisk --quiet "$WORK/disk.raw"
  mkfs.vfat -F 32 -i ABCD1234 "$WORK/esp.img" >/dev/null
  printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' "$2" >"$ROOT/tmp/early.cfg"
  chroot "$ROOT" grub-mkimage -O x86_64-efi -p /EFI/BOOT -c /tmp/early.cfg -o /tmp/BOOTX64.EFI \
    part_gpt xfs btrfs ext2 fat normal configfile linux search search_fs_uuid serial terminal echo test zstd
  mmd -i "$WORK/esp.img" ::/EFI ::/EFI/BOOT
  mcopy -i "$WORK/esp.img" "$ROOT/tmp/BOOTX64.EFI" ::/EFI/BOOT/BOOTX64.EFI
  dd if="$WORK/esp.img" of="$WORK/disk.raw" bs=1M seek=1 conv=sparse,notrunc status=none
  dd if="$WORK/part.img" of="$WORK/disk.raw" bs=1M seek=65 conv=sparse,notrunc status=none
}

# finish NAME FORMAT [OPTIONS…]
finish() {
  local name=$1 format=$2; shift 2
  qemu-img convert -f raw -O "$format" "$@" "$WORK/disk.raw" "$TO/$name.part"
  mv "$TO/$name.part" "$TO/$name"
  {
    echo "platform=Debian"; (. "$ROOT/etc/os-release" && echo "osVersion=${VERSION_ID:-}")
    echo "kernel=$KERNEL"; echo "architecture=x86_64"; echo "bootMode=$BOOT"
    echo "cloudInit=$(dpkg-query --admindir="$ROOT/var/lib/dpkg" -W -f '${source:Upstream-Version}' cloud-init)"
    echo "initramfs=$(lsinitramfs "$ROOT/boot/initrd.img-$KERNEL" 2>/dev/null | grep -c . || true)"
  } >"$TO/$name.expected"
  ls -l "$TO/$name"
}

ext4_part() { rm -f "$WORK/part.img"; mke2fs -q -t ext4 -U "$1" -d "$ROOT" "$WORK/part.img" "$2M"; }

# xfs_part UUID MIB: mkfs.xfs fills the file system from a prototype.
xfs_part() {
  rm -f "$WORK/part.img"; truncate -s "$2M" "$WORK/part.img"
  python3 - "$ROOT" >"$WORK/proto" <<'PY'
import os, stat, sys
def line(path, name, indent):
    st = os.lstat(path); kinds = {stat.S_IFDIR: 'd', stat.S_IFREG: '-', stat.S_IFLNK: 'l', stat.S_IFCHR: 'c', stat.S_IFBLK: 'b'}
    kind = kinds.get(stat.S_IFMT(st.st_mode))
    if kind is None or ' ' in name: return
    mode = kind + ('u' if st.st_mode & 0o4000 else '-') + ('g' if st.st_mode & 0o2000 else '-') + '%03o' % (st.st_mode & 0o777)
    head = '%s%s %s %d %d' % (' ' * indent, name, mode, st.st_uid, st.st_gid)
    if kind == 'd':
        print(head); walk(path, indent + 1); print(' ' * indent + '$')
    elif kind == '-': print(head, path)
    elif kind == 'l': print(head, os.readlink(path))
    else: print(head, os.major(st.st_rdev), os.minor(st.st_rdev))
def walk(path, indent):
    for name in sorted(os.listdir(path)): line(path + '/' + name, name, indent)
print('/none\n0 0\nd--755 0 0'); walk(sys.argv[1], 1); print('$\n$')
PY
  mkfs.xfs -q -m uuid="$1" -p "$WORK/proto" "$WORK/part.img"
}

btrfs_part() { rm -f "$WORK/part.img"; truncate -s "$2M" "$WORK/part.img"; mkfs.btrfs -q -U "$1" --rootdir "$ROOT" "$WORK/part.img"; }

UUID=7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e

debian_bios_ext4() { # SUITE NAME
  root "$1"; BOOT=BIOS; configure $UUID ext4; ext4_part $UUID 1800; bios_disk 2048; finish "$2" qcow2 -c
}
image_bookworm-bios-ext4.qcow2() { debian_bios_ext4 bookworm "$1"; }
image_trixie-bios-ext4.qcow2() { debian_bios_ext4 trixie "$1"; }
image_bookworm-bios-ext4.vhd() { debian_bios_ext4 bookworm tmp; qemu-img convert -f raw -O vpc "$WORK/disk.raw" "$TO/$1"; mv "$TO/tmp.expected" "$TO/$1.expected"; rm "$TO/tmp"; }
image_bookworm-bios-ext4.vmdk() { debian_bios_ext4 bookworm tmp; qemu-img convert -f raw -O vmdk -o subformat=streamOptimized "$WORK/disk.raw" "$TO/$1"; mv "$TO/tmp.expected" "$TO/$1.expected"; rm "$TO/tmp"; }
uefi() { # FSTYPE NAME
  root trixie; BOOT=UEFI; configure $UUID "$1" ABCD-1234; "${1}_part" $UUID 1900; uefi_disk 2048 $UUID; finish "$2" qcow2 -c
}
image_trixie-uefi-xfs.qcow2() { uefi xfs "$1"; }
image_trixie-uefi-btrfs.qcow2() { uefi btrfs "$1"; }

# One defect each, made in a copy of the root.
broken() { # NAME: the defect's commands have changed $ROOT
  BOOT=BIOS; ext4_part $UUID 1800; bios_disk 2048; finish "$1" qcow2 -c
}
copy_of_bookworm() { root bookworm; configure $UUID ext4; rm -rf "$WORK/broken"; cp -a "$ROOT" "$WORK/broken"; ROOT=$WORK/broken; }
image_broken-fstab-device.qcow2() { copy_of_bookworm; echo '/dev/sda2 / ext4 defaults 0 1' >"$ROOT/etc/fstab"; broken "$1"; }
image_broken-grub-device.qcow2() { copy_of_bookworm; sed -i "s#root=UUID=$UUID#root=/dev/sda2#" "$ROOT/boot/grub/grub.cfg"; broken "$1"; }
image_broken-no-virtio.qcow2() {
  copy_of_bookworm
  mkdir "$WORK/ram"; unmkinitramfs "$ROOT/boot/initrd.img-$KERNEL" "$WORK/ram"
  find "$WORK/ram" -name 'virtio*.ko*' -delete
  (cd "$(dirname "$(find "$WORK/ram" -maxdepth 2 -name init | head -1)")" && find . | cpio -o -H newc --quiet | zstd -q) >"$ROOT/boot/initrd.img-$KERNEL"
  rm -rf "$WORK/ram"; broken "$1"
}
image_broken-no-cloud-init.qcow2() { copy_of_bookworm; chroot "$ROOT" dpkg --purge cloud-init >/dev/null; broken "$1"; }
image_broken-static-address.qcow2() {
  copy_of_bookworm; printf 'network:\n  version: 2\n  ethernets:\n    ens192:\n      addresses: [10.1.2.3/24]\n' >"$ROOT/etc/netplan/50-dhcp.yaml"; broken "$1"
}
image_broken-local-clock.qcow2() { copy_of_bookworm; printf '0.0 0 0.0\n0\nLOCAL\n' >"$ROOT/etc/adjtime"; broken "$1"; }

ALL=$(declare -F | sed -n 's/^declare -f image_//p')
for name in ${*:-$ALL}; do
  [ ! -e "$TO/$name" ] || { echo "kept $TO/$name"; continue; }
  "image_$name" "$name"
done
