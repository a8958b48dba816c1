#!/usr/bin/env bash
# Creates assets/debian-demo.qcow2: a small but real Debian disk (GPT, BIOS boot, ext4) that the demo imports.
#
#   sudo test/images/make/demo-image.sh [OUTPUT]            takes about two minutes and 1 GiB of temporary space
#   test/images/make/demo-image.sh --boot-check [IMAGE]     boots it in QEMU and waits for the login prompt
#
# Needs Debian's own tools (mmdebstrap qemu-utils e2fsprogs fdisk cpio; qemu-system-x86 for the check) and the
# machine's configured apt sources. Running the product does not need any of them: the image is in git.
#
# Real: Debian's packages, their dpkg status, kernel, modules, GRUB. To keep the image small, packages that a boot does
# not need are purged with dpkg, so that the status file stays correct; drivers that no cloud needs are deleted from the
# kernel package; the initramfs is BusyBox with the virtio, NVMe and ext4 modules, which exist only there.
# cloud-init, growpart, e2fsprogs and sshd do not fit (Python alone is larger than the image), so the inspection reports
# them as missing.
set -euo pipefail

SUITE=bookworm
DISK_MIB=1024
ROOT_UUID=6d1f3a52-7c0e-4b52-9f0a-2f6f0a3a9c11
DISK_UUID=0b6a2b5e-1d43-4a57-8b0a-6f9b5a4de001
export SOURCE_DATE_EPOCH=1767225600 LC_ALL=C
HERE=$(cd "$(dirname "$0")/../../.." && pwd)
IMAGE=$HERE/assets/debian-demo.qcow2
. "$HERE/test/images/make/parts/boot-files.sh"

boot_check() {
  local log
  log=$(mktemp)
  timeout 300 qemu-system-x86_64 -M pc -m 512 -display none -no-reboot -serial "file:$log" -snapshot \
    -drive "file=$1,format=qcow2,if=virtio" -nic user,model=virtio-net-pci &
  local qemu=$!
  for _ in $(seq 1 290); do
    if grep -aq ' login: ' "$log"; then
      echo "login prompt on the serial console:"; tail -n 5 "$log"
      kill $qemu; wait $qemu || true; rm -f "$log"
      return 0
    fi
    kill -0 $qemu 2>/dev/null || break
    sleep 1
  done
  echo "no login prompt; last lines:" >&2; tail -n 20 "$log" >&2
  kill $qemu 2>/dev/null || true; rm -f "$log"
  return 1
}

if [ "${1:-}" = --boot-check ]; then boot_check "$(realpath "${2:-$IMAGE}")"; exit; fi
OUTPUT=$(realpath -m "${1:-$IMAGE}")

WORK=$(mktemp -d)
trap 'rm -rf --one-file-system "$WORK"' EXIT
ROOT=$WORK/root

# 1. A full Debian, with the tools that create the boot files.
mmdebstrap --quiet --variant=minbase \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --include=linux-image-amd64,busybox-static,grub-pc-bin,e2fsprogs,netbase,kmod \
  "$SUITE" "$ROOT"
KERNEL=$(basename "$ROOT"/boot/vmlinuz-*); KERNEL=${KERNEL#vmlinuz-}
MODULES=$ROOT/usr/lib/modules/$KERNEL

# 2. Drivers: the ones that the boot needs are also in the initramfs.
BOOT_MODULES="virtio_pci virtio_blk nvme ext4 crc32c_generic"
LATER_MODULES="virtio_net qemu_fw_cfg"
closure() {
  for name in "$@"; do chroot "$ROOT" modprobe -S "$KERNEL" --show-depends "$name"; done |
    sed -n 's#^insmod .*/modules/[^/]*/\(kernel/[^ ]*\).*#\1#p' | awk '!seen[$0]++'
}
closure $BOOT_MODULES >"$WORK/boot-modules"
closure $LATER_MODULES >"$WORK/later-modules"
RAM=$WORK/ram
mkdir -p "$WORK/kept" "$RAM/lib/modules/$KERNEL"
(cd "$MODULES" && xargs cp --parents -t "$RAM/lib/modules/$KERNEL" <"$WORK/boot-modules")
(cd "$MODULES" && xargs cp --parents -t "$WORK/kept" <"$WORK/later-modules")
rm -rf "$MODULES/kernel"
mv "$WORK/kept/kernel" "$MODULES/kernel"
chroot "$ROOT" depmod "$KERNEL"

# 3. GRUB's two BIOS stages, created with the guest's tools.
mkdir -p "$ROOT/boot/grub/i386-pc"
cp "$ROOT/usr/lib/grub/i386-pc/boot.img" "$ROOT/boot/grub/i386-pc/"
chroot "$ROOT" grub-mkimage -O i386-pc -p '(hd0,gpt2)/boot/grub' -o /boot/grub/i386-pc/core.img \
  biosdisk part_gpt ext2 normal configfile linux search search_fs_uuid serial terminal echo test
{
  echo 'set timeout=1'; grub_serial
  grub_entry 'Debian GNU/Linux' "$ROOT_UUID" /boot "$KERNEL" "root=UUID=$ROOT_UUID ro console=tty0 console=ttyS0,115200n8"
} >"$ROOT/boot/grub/grub.cfg"

# 4. Purge packages that the boot does not need, without their scripts, whose programs are deleted already.
KEEP="base-files base-passwd busybox-static netbase linux-image-$KERNEL linux-image-amd64"
cp "$ROOT/etc/passwd" "$ROOT/etc/group" "$WORK/"
awk -F: -v OFS=: '{print $1, ($1 == "root" ? "*" : "!*"), 20454, 0, 99999, 7, "", "", ""}' "$ROOT/etc/passwd" >"$WORK/shadow"
PURGE=$(dpkg-query --admindir="$ROOT/var/lib/dpkg" -W -f '${Package}\n' | grep -vxF "$(tr -s ' \n' '\n' <<<"$KEEP")")
for package in $PURGE; do rm -f "$ROOT"/var/lib/dpkg/info/"$package"{,:amd64}.{prerm,postrm,triggers}; done
dpkg --root="$ROOT" --force-all --purge $PURGE >"$WORK/purge.log" 2>&1 || { tail -5 "$WORK/purge.log" >&2; exit 1; }
rm -rf "$ROOT"/{var/cache/*,var/log/*,var/lib/apt,var/lib/dpkg/*-old,usr/share/grub,usr/lib/grub,initrd.img*,vmlinuz*} \
  "$ROOT"/boot/initrd.img-* "$ROOT"/boot/System.map-* "$ROOT"/var/lib/dpkg/info/*.md5sums \
  "$ROOT"/usr/lib/{python3*,udev,systemd,x86_64-linux-gnu} "$ROOT"/usr/share/{perl*,python3*,doc,debconf,locale}
"$ROOT/bin/busybox" --list-full | while read -r applet; do
  [ -e "$ROOT/$applet" ] || [ -L "$ROOT/$applet" ] || { mkdir -p "$ROOT/$(dirname "$applet")"; ln -s /bin/busybox "$ROOT/$applet"; }
done

# 5. The guest's configuration.
cp "$WORK/passwd" "$WORK/group" "$ROOT/etc/"
sed -i 's#:/bin/bash$#:/bin/sh#' "$ROOT/etc/passwd"
install -m 640 "$WORK/shadow" "$ROOT/etc/shadow"
echo debian-demo >"$ROOT/etc/hostname"
echo "127.0.0.1 localhost debian-demo" >"$ROOT/etc/hosts"
: >"$ROOT/etc/resolv.conf"
printf '# <file system> <mount point> <type> <options> <dump> <pass>\nUUID=%s / ext4 errors=remount-ro 0 1\n' "$ROOT_UUID" >"$ROOT/etc/fstab"
printf '0.0 0 0.0\n0\nUTC\n' >"$ROOT/etc/adjtime"
mkdir -p "$ROOT/etc/network" "$ROOT/etc/default" "$ROOT/etc/init.d"
printf 'auto lo\niface lo inet loopback\n\nauto eth0\niface eth0 inet dhcp\n' >"$ROOT/etc/network/interfaces"
printf 'GRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8"\n' >"$ROOT/etc/default/grub"
cat >"$ROOT/etc/inittab" <<'TAB'
::sysinit:/etc/init.d/rcS
ttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100
tty1::respawn:/sbin/getty 38400 tty1
::ctrlaltdel:/sbin/reboot
::shutdown:/bin/umount -a -r
TAB
cat >"$ROOT/etc/init.d/rcS" <<'RC'
#!/bin/sh
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev 2>/dev/null
mkdir -p /dev/pts && mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /run
mount -o remount,rw /
hostname -F /etc/hostname
for module in virtio_net qemu_fw_cfg; do modprobe "$module"; done
mkdir -p /run/network /etc/network/if-pre-up.d /etc/network/if-up.d
ifup -a &
RC
chmod 755 "$ROOT/etc/init.d/rcS"
ln -sfn /bin/busybox "$ROOT/sbin/init"

# 6. The initramfs.
mkdir -p "$RAM"/{bin,dev,proc,sys,root}
cp "$ROOT/bin/busybox" "$RAM/bin/"
sed "s#^#/lib/modules/$KERNEL/#" "$WORK/boot-modules" >"$RAM/load"
busybox_init "$RAM/init"
find "$ROOT" "$RAM" -newermt "@$SOURCE_DATE_EPOCH" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
(cd "$RAM" && find . -print0 | sort -z | cpio --null --reproducible -o -H newc --quiet | gzip -9n) >"$ROOT/boot/initrd.img-$KERNEL"

# 7. The disk: BIOS boot partition at 1 MiB, root file system from 2 MiB on; no loop device, no mount.
DISK=$WORK/disk.raw
truncate -s ${DISK_MIB}M "$DISK"
printf 'label: gpt\nlabel-id: %s\nstart=2048, size=2048, type=21686148-6449-6E6F-744E-656564454649\nstart=4096, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' \
  "$DISK_UUID" | sfdisk --quiet "$DISK"
mke2fs -q -t ext4 -U "$ROOT_UUID" -L root -E "hash_seed=$ROOT_UUID,lazy_itable_init=1" -m 1 -d "$ROOT" "$WORK/part.img" "$((DISK_MIB - 3))M"
dd if="$WORK/part.img" of="$DISK" bs=1M seek=2 conv=sparse,notrunc status=none
cp "$ROOT/boot/grub/i386-pc/boot.img" "$ROOT/boot/grub/i386-pc/core.img" "$WORK/"
grub_place "$WORK" 2048
grub_install "$WORK" "$DISK" 2048

mkdir -p "$(dirname "$OUTPUT")"
qemu-img convert -f raw -O qcow2 -c "$DISK" "$OUTPUT"
ls -l "$OUTPUT"
