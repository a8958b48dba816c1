# What starts a guest that is made here: GRUB's menu and first stages, and the init program of a BusyBox initramfs. Sourced.

# busybox_init FILE: loads the modules that /load lists, mounts the ext4 root= and starts the guest.
busybox_init() {
  cat >"$1" <<'INIT'
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
  chmod 755 "$1"
}

grub_serial() { printf 'serial --unit=0 --speed=115200\nterminal_input serial console\nterminal_output serial console\n'; }
# grub_entry TITLE UUID FOLDER KERNEL ARGUMENTS: FOLDER is that of the kernel in the file system with this UUID.
grub_entry() {
  cat <<CFG
menuentry '$1' {
  search --no-floppy --fs-uuid --set=root $2
  linux $3/vmlinuz-$4 $5
  initrd $3/initrd.img-$4
}
CFG
}

u64() { printf '%016x' "$1" | sed 's/../\\x&/g' | awk -F'\\\\x' '{for (i = NF; i > 1; i--) printf "\\x%s", $i}'; }
# grub_place FOLDER SECTOR: boot.img there gets the sector of core.img (u64 at 0x5c), core.img that of its rest (u64 at 0x1f4).
grub_place() {
  printf "$(u64 "$2")" | dd of="$1/boot.img" bs=1 seek=$((0x5c)) conv=notrunc status=none
  printf "$(u64 $(($2 + 1)))" | dd of="$1/core.img" bs=1 seek=$((0x1f4)) conv=notrunc status=none
}
# grub_install FOLDER DISK SECTOR: boot.img leaves the partition table.
grub_install() {
  dd if="$1/boot.img" of="$2" bs=1 count=440 conv=notrunc status=none
  dd if="$1/core.img" of="$2" bs=512 seek="$3" conv=notrunc status=none
}
