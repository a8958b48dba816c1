#!/usr/bin/env bash
# Creates a small arm64 guest that boots to a login: Debian's kernel and BusyBox, GRUB for UEFI, ext4.
#
#   test/images/make/arm64-guest.sh OUTPUT.raw        needs mmdebstrap e2fsprogs fdisk dosfstools mtools cpio, no root mounts
#
# Nothing of the guest runs on this host: its packages are only unpacked.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
OUTPUT=$(realpath -m "$1")
UUID=6d1f3a52-7c0e-4b52-9f0a-2f6f0a3a9c64
WORK=$(mktemp -d)
trap 'rm -rf --one-file-system "$WORK"' EXIT
TAR=${ARM64_TAR:-$WORK/packages.tar}
[ -e "$TAR" ] || mmdebstrap --quiet --variant=extract --arch=arm64 \
  --include=linux-image-arm64,busybox-static,grub-efi-arm64-signed bookworm "$TAR"
mkdir "$WORK/packages"
tar -xf "$TAR" -C "$WORK/packages" --exclude=./dev 2>/dev/null || true
P=$WORK/packages R=$WORK/root RAM=$WORK/ram
KERNEL=$(basename "$P"/boot/vmlinuz-*); KERNEL=${KERNEL#vmlinuz-}
MODULES=lib/modules/$KERNEL
[ -d "$P/$MODULES" ] || { mkdir -p "$P/lib/modules"; cp -a "$P/usr/lib/modules/$KERNEL" "$P/lib/modules/"; }
mkdir -p "$R"/{bin,sbin,etc,boot/grub,dev,proc,sys,run,root,usr/lib,lib/modules/"$KERNEL"} "$RAM"/{bin,dev,proc,sys,root,"$MODULES"}
cp "$P"/boot/vmlinuz-"$KERNEL" "$P"/boot/config-"$KERNEL" "$R/boot/"
BUSYBOX=$(find "$P/bin" "$P/usr/bin" -name busybox -type f | head -1)
cp "$BUSYBOX" "$R/bin/busybox"; cp "$BUSYBOX" "$RAM/bin/busybox"
for name in sh mount getty login hostname ls cat; do ln -s busybox "$R/bin/$name"; done
ln -s ../bin/busybox "$R/sbin/init"; ln -s ../bin/busybox "$R/sbin/getty"
cp "$P/$MODULES"/modules.builtin "$P/$MODULES"/modules.order "$R/$MODULES/"
# The modules that the boot needs, and what they need, in the order of loading.
list=$(for m in virtio_pci virtio_blk virtio_net nvme ext4; do
  (cd "$P/$MODULES" && find . -name "$m.ko*" -o -name "${m//_/-}.ko*"); done)
need() { # FILE: the module's dependencies first
  local dep
  for dep in $(strings "$P/$MODULES/$1" | sed -n 's/^depends=//p' | tr ',' ' '); do
    need "$(cd "$P/$MODULES" && find . -name "$dep.ko*" -o -name "${dep//_/-}.ko*" | head -1)"
  done
  echo "$1"
}
[ -z "$list" ] || for file in $list; do need "$file"; done | awk '!seen[$0]++' >"$WORK/order"
for file in $(find "$P/$MODULES" -name 'crc32c_generic.ko*'); do echo "./${file#"$P/$MODULES/"}" >>"$WORK/order.first"; done
cat "$WORK/order.first" "$WORK/order" 2>/dev/null | awk '!seen[$0]++' >"$WORK/load"
while read -r file; do
  for to in "$RAM" "$R"; do mkdir -p "$to/$MODULES/$(dirname "$file")"; cp "$P/$MODULES/$file" "$to/$MODULES/$file"; done
done <"$WORK/load"
sed "s#^\./#/$MODULES/#" "$WORK/load" >"$RAM/load"
cat >"$RAM/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "$module"; done </load
root=$(sed 's/.*root=\([^ ]*\).*/\1/' /proc/cmdline)
for _ in 1 2 3 4 5 6 7 8 9 10; do device=$(findfs "$root" 2>/dev/null) && break; sleep 1; done
mount -t ext4 -o ro "$device" /root || exec sh
umount /proc /sys /dev
exec switch_root /root /sbin/init
INIT
chmod 755 "$RAM/init"
printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' >"$R/etc/os-release"
printf 'root::0:0:root:/root:/bin/sh\n' >"$R/etc/passwd"
printf '::sysinit:/bin/mount -t devtmpfs devtmpfs /dev\nttyAMA0::respawn:/sbin/getty -L 115200 ttyAMA0 vt100\n' >"$R/etc/inittab"
printf 'UUID=%s / ext4 defaults 0 1\n' "$UUID" >"$R/etc/fstab"
echo arm64-guest >"$R/etc/hostname"
(cd "$RAM" && find . | sort | cpio -o -H newc --quiet | gzip -9n) >"$R/boot/initrd.img-$KERNEL"
cat >"$R/boot/grub/grub.cfg" <<CFG
set timeout=1
menuentry 'Debian' {
  search --no-floppy --fs-uuid --set=root $UUID
  linux /boot/vmlinuz-$KERNEL root=UUID=$UUID ro console=ttyAMA0
  initrd /boot/initrd.img-$KERNEL
}
CFG
mke2fs -q -t ext4 -U "$UUID" -d "$R" "$WORK/root.img" 200M
truncate -s 32M "$WORK/esp.img"; mkfs.vfat -F 16 "$WORK/esp.img" >/dev/null
mmd -i "$WORK/esp.img" ::/EFI ::/EFI/BOOT ::/EFI/debian
GRUB=$(find "$P" -name 'grubaa64.efi.signed' -o -name 'grubaa64.efi' | head -1)
mcopy -i "$WORK/esp.img" "$GRUB" ::/EFI/BOOT/BOOTAA64.EFI
printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' "$UUID" >"$WORK/grub.cfg"
mcopy -i "$WORK/esp.img" "$WORK/grub.cfg" ::/EFI/debian/grub.cfg
truncate -s 234M "$OUTPUT"
printf 'label: gpt\nstart=2048, size=65536, type=C12A7328-F81F-11D2-BA4B-00A0C93EC93B\nstart=67584, size=409600, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4\n' | sfdisk --quiet "$OUTPUT"
dd if="$WORK/esp.img" of="$OUTPUT" bs=1M seek=1 conv=notrunc,sparse status=none
dd if="$WORK/root.img" of="$OUTPUT" bs=1M seek=33 conv=notrunc,sparse status=none
