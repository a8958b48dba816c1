# Creates partitions as files, fills them through loop devices and assembles a disk. Sourced by test-images.sh.

ESP_GUID=C12A7328-F81F-11D2-BA4B-00A0C93EC93B
BIOS_GUID=21686148-6449-6E6F-744E-656564454649
LINUX_GUID=0FC63DAF-8483-4772-8E79-3D69D8477DE4
LVM_GUID=E6D6D379-F507-44C2-A23C-238F2A3DF928
ROOT_UUID=7b8f0a52-0c3e-4d1c-9b7e-1f2a3b4c5d6e
BOOT_UUID=1c9d0e6a-77aa-4f0e-8a2f-9e1d3c5b7a90
ESP_UUID=ABCD-1234
M=$((1024 * 1024))

# new_file NAME MIB KIND UUID: creates an empty file system in $WORK/NAME.
new_file() {
  local file=$WORK/$1
  truncate -s "$2M" "$file"
  case $3 in
    ext4 | ext3) mkfs."$3" -q -U "$4" "$file" ;;
    xfs) mkfs.xfs -q -f -m uuid="$4" "$file" ;;
    btrfs) mkfs.btrfs -q -f -U "$4" "$file" >/dev/null ;;
    vfat) mkfs.vfat -F 32 -i "${4//-/}" "$file" >/dev/null ;;
    swap) mkswap -q -U "$4" "$file" ;;
  esac
}

# mount_file NAME AT [OPTIONS]: uses loop devices with two digits, because grub-mkconfig ignores the first ten.
mount_file() {
  local number=16
  while losetup "/dev/loop$number" >/dev/null 2>&1; do number=$((number + 1)); done
  [ -e "/dev/loop$number" ] || mknod "/dev/loop$number" b 7 "$number"
  mkdir -p "$2"
  mount -o "loop=/dev/loop$number${3:+,$3}" "$WORK/$1" "$2"
}
unmount_all() {
  { grep -o "$WORK[^ ]*" /proc/mounts || true; } | sort -r | while read -r at; do umount "$at" 2>/dev/null || umount -l "$at"; done
}

# disk LABEL SIZE_MIB TYPE:FILE@START_MIB…: creates $WORK/disk.raw. Without FILE the partition is blank; `*` marks it active.
disk() {
  local label=$1 size=$2 spec type file start bytes; shift 2
  [ -n "${KEEP_MOUNTED:-}" ] || unmount_all
  rm -f "$WORK/disk.raw"; truncate -s "${size}M" "$WORK/disk.raw"
  {
    echo "label: $label"
    for spec in "$@"; do
      type=${spec%%:*}; file=${spec#*:}; start=${file##*@}; file=${file%@*}
      bytes=$M; [ -z "$file" ] || bytes=$(stat -c %s "$WORK/$file")
      echo "start=$((start * 2048)), size=$((bytes / 512)), type=${type%\*}$([ "${type%\*}" = "$type" ] || echo ', bootable')"
    done
  } | sfdisk --quiet "$WORK/disk.raw"
  for spec in "$@"; do
    file=${spec#*:}; start=${file##*@}; file=${file%@*}
    [ -z "$file" ] || dd if="$WORK/$file" of="$WORK/disk.raw" bs=1M seek="$start" conv=sparse,notrunc status=none
  done
}

# grub_core ROOT PREFIX SECTOR MODULES…: creates GRUB's two BIOS stages in $WORK with the guest's tools.
grub_core() {
  local root=$1 prefix=$2 sector=$3; shift 3
  chroot "$root" grub-mkimage -O i386-pc -p "$prefix" -o /tmp/core.img biosdisk normal configfile linux search \
    search_fs_uuid serial terminal echo test "$@"
  mv "$root/tmp/core.img" "$WORK/core.img"
  cp "$root/usr/lib/grub/i386-pc/boot.img" "$WORK/boot.img"
  grub_place "$WORK" "$sector"
}
# grub_write SECTOR: writes both to $WORK/disk.raw.
grub_write() { grub_install "$WORK" "$WORK/disk.raw" "$1"; }

# grub_efi ROOT FORMAT LOADER UUID: creates a loader at the UEFI fallback path in $WORK/esp.
grub_efi() {
  printf 'search.fs_uuid %s root\nset prefix=($root)%s\nconfigfile $prefix/grub.cfg\n' "$4" "${5:-/boot/grub}" >"$1/tmp/early.cfg"
  chroot "$1" grub-mkimage -O "$2" -p /EFI/BOOT -c /tmp/early.cfg -o /tmp/loader.efi \
    part_gpt part_msdos lvm xfs btrfs ext2 fat normal configfile linux search search_fs_uuid serial terminal echo test zstd
  [ -e "$WORK/esp" ] || new_file esp 64 vfat "$ESP_UUID"
  mmd -i "$WORK/esp" -D s ::/EFI ::/EFI/BOOT 2>/dev/null || true
  mcopy -o -i "$WORK/esp" "$1/tmp/loader.efi" "::/EFI/BOOT/$3"
  rm -f "$1"/tmp/loader.efi "$1"/tmp/early.cfg
}

# finish NAME FORMAT [OPTIONS…]: converts the disk to its final format.
finish() {
  local name=$1 format=$2; shift 2
  unmount_all
  if [ "$format" = raw ]; then cp --sparse=always "$WORK/disk.raw" "$TO/$name.part"
  else qemu-img convert -f raw -O "$format" "$@" "$WORK/disk.raw" "$TO/$name.part"; fi
  mv "$TO/$name.part" "$TO/$name"
  ls -l "$TO/$name"
}

# expect NAME KEY=VALUE…: writes the expected facts and findings.
expect() { local name=$1; shift; printf '%s\n' "$@" >"$TO/$name.expected"; }
