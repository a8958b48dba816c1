#!/usr/bin/env bash
# Creates test/images/fixtures/windows-*.qcow2. They are constructed: the layout of a Windows disk, registry hives with
# real version strings (test/support/images/made-windows.ts), and empty files in place of real ones. They do not boot.
# Needs ntfs-3g wimtools dosfstools mtools fdisk qemu-utils (Debian's packages). Needs neither root nor mounts.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600
HERE=$(cd "$(dirname "$0")/../../.." && pwd)
TO=$HERE/test/images/fixtures
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
BASIC=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
ESP=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
RESERVED=E3C9E316-0B5C-4DB8-817D-F92DF00215AE

files() { rm -rf "$WORK/files"; (cd "$HERE" && npx tsx test/support/images/write-windows.ts "$1" "$WORK/files"); }

# ntfs TREE MIB LABEL START: creates $WORK/part.img. START is its first sector, which the boot sector records.
ntfs() {
  rm -f "$WORK/part.img" "$WORK/tree.wim"; truncate -s "$2M" "$WORK/part.img"
  mkntfs -q -F -L "$3" -s 512 -p "$4" -H 255 -S 63 "$WORK/part.img" 2>/dev/null >&2
  wimlib-imagex capture "$1" "$WORK/tree.wim" --compress=none --quiet 2>/dev/null
  wimlib-imagex apply "$WORK/tree.wim" 1 "$WORK/part.img" --quiet 2>/dev/null
}
place() { dd if="$WORK/part.img" of="$WORK/disk.raw" bs=512 seek="$1" conv=sparse,notrunc status=none; }
pack() { qemu-img convert -f raw -O qcow2 -c -o cluster_size=4k "$WORK/disk.raw" "$TO/$1.qcow2"; rm "$WORK/disk.raw"; ls -l "$TO/$1.qcow2"; }

files 2022-uefi
truncate -s 128M "$WORK/disk.raw"
sfdisk --quiet "$WORK/disk.raw" <<GPT
label: gpt
start=2048, size=73728, type=$ESP
start=75776, size=24576, type=$RESERVED
start=100352, size=155648, type=$BASIC, uuid=0E2F4C38-A4EA-47BA-B7FC-9D8C74DCCF0B
GPT
rm -f "$WORK/part.img"; truncate -s 36M "$WORK/part.img"; mkfs.vfat -F 32 -s 1 -i ABCD1234 "$WORK/part.img" >/dev/null 2>&1
mcopy -s -i "$WORK/part.img" "$WORK/files/boot/EFI" ::; place 2048
ntfs "$WORK/files/system" 76 Windows 100352; place 100352
pack windows-2022-uefi-constructed

files 2012r2-bios
truncate -s 128M "$WORK/disk.raw"
sfdisk --quiet "$WORK/disk.raw" <<MBR
label: dos
label-id: 0x1b2a3c4d
start=100352, size=155648, type=7, bootable
MBR
# A placeholder for Windows' boot code.
printf '\x33\xc0\x8e\xd0\xbc\x00\x7c' | dd of="$WORK/disk.raw" bs=1 conv=notrunc status=none
cp -r "$WORK/files/boot/." "$WORK/files/system/"
ntfs "$WORK/files/system" 76 '' 100352; place 100352
pack windows-2012r2-bios-constructed
