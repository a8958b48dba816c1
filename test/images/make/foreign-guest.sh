#!/usr/bin/env bash
# Creates a small guest of another architecture that boots to a login: Debian's kernel and BusyBox, GRUB, ext4.
#
#   test/images/make/foreign-guest.sh arm64|i386 OUTPUT.raw     needs mmdebstrap e2fsprogs fdisk dosfstools mtools cpio, for
#                                                              i386 also grub-common and grub-pc-bin; no root, no mounts
#
# Nothing of the guest runs on this host: its packages are only unpacked. PACKAGES_TAR keeps them.
set -euo pipefail
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
HERE=$(cd "$(dirname "$0")" && pwd)
ARCH=$1 OUTPUT=$(realpath -m "$2")
WORK=$(mktemp -d)
trap 'rm -rf --one-file-system "$WORK"' EXIT
for part in boot-files disk foreign; do . "$HERE/parts/$part.sh"; done
TAR=${PACKAGES_TAR:-$WORK/packages.tar}
case $ARCH in
  arm64) PACKAGES=linux-image-arm64,busybox-static,grub-efi-arm64-signed TTY=ttyAMA0 ;;
  i386) PACKAGES=linux-image-686,busybox-static TTY=ttyS0 ;;
  *) echo "unknown architecture $ARCH" >&2; exit 2 ;;
esac
[ -e "$TAR" ] || mmdebstrap --quiet --variant=extract --arch="$ARCH" --include=$PACKAGES bookworm "$TAR"
P=$WORK/packages R=$WORK/root
mkdir "$P"; tar -xf "$TAR" -C "$P" --exclude=./dev 2>/dev/null || true
KERNEL=$(basename "$P"/boot/vmlinuz-*); KERNEL=${KERNEL#vmlinuz-}
FOLDER=lib/modules/$KERNEL; [ -d "$P/$FOLDER" ] || FOLDER=usr/$FOLDER
BUSYBOX=$(find "$P/bin" "$P/usr/bin" -name busybox -type f | head -1)
mkdir -p "$R"/{bin,sbin,etc,boot/grub,dev,proc,sys,run,root,usr/lib,lib/modules/"$KERNEL"}
cp "$P"/boot/vmlinuz-"$KERNEL" "$P"/boot/config-"$KERNEL" "$R/boot/"
cp "$BUSYBOX" "$R/bin/busybox"
for name in sh mount getty login hostname ls cat; do ln -s busybox "$R/bin/$name"; done
ln -s ../bin/busybox "$R/sbin/init"; ln -s ../bin/busybox "$R/sbin/getty"
busybox_initramfs "$P" "$KERNEL" "$BUSYBOX" "$R/boot/initrd.img-$KERNEL" >"$WORK/load"
cp "$P/$FOLDER"/modules.builtin "$P/$FOLDER"/modules.order "$R/lib/modules/$KERNEL/"
(cd "$P/$FOLDER" && xargs cp --parents -t "$R/lib/modules/$KERNEL" <"$WORK/load")
printf 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n' >"$R/etc/os-release"
printf 'root::0:0:root:/root:/bin/sh\n' >"$R/etc/passwd"
printf '::sysinit:/bin/mount -t devtmpfs devtmpfs /dev\n%s::respawn:/sbin/getty -L 115200 %s vt100\n' $TTY $TTY >"$R/etc/inittab"
printf 'UUID=%s / ext4 defaults 0 1\n' "$ROOT_UUID" >"$R/etc/fstab"
echo "$ARCH-guest" >"$R/etc/hostname"
{
  echo 'set timeout=1'
  grub_entry Debian "$ROOT_UUID" /boot "$KERNEL" "root=UUID=$ROOT_UUID ro console=$TTY"
} >"$R/boot/grub/grub.cfg"
mke2fs -q -t ext4 -U "$ROOT_UUID" -d "$R" "$WORK/root.img" 200M
if [ "$ARCH" = arm64 ]; then
  new_file esp 33 vfat "$ESP_UUID"
  mmd -i "$WORK/esp" ::/EFI ::/EFI/BOOT ::/EFI/debian
  GRUB=$(find "$P" -name 'grubaa64.efi.signed' -o -name 'grubaa64.efi' | head -1)
  mcopy -i "$WORK/esp" "$GRUB" ::/EFI/BOOT/BOOTAA64.EFI
  printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' "$ROOT_UUID" >"$WORK/grub.cfg"
  mcopy -i "$WORK/esp" "$WORK/grub.cfg" ::/EFI/debian/grub.cfg
  disk gpt 236 "$ESP_GUID:esp@1" "$LINUX_GUID:root.img@34"
else
  # Only files of GRUB are used; its program makes images for any machine.
  grub_core / '(hd0,gpt2)/boot/grub' 2048 part_gpt ext2
  disk gpt 204 "$BIOS_GUID:@1" "$LINUX_GUID:root.img@2"; grub_write 2048
fi
cp --sparse=always "$WORK/disk.raw" "$OUTPUT"
