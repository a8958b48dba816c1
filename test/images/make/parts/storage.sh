# Small guests that start fast: Debian's kernel, GRUB and initramfs, and BusyBox as init program. Each has another storage
# or boot loader; some have one defect. Sourced by test-images.sh.

declare -A PACKAGES+=(
  [trixie+small-amd64]=linux-image-cloud-amd64,initramfs-tools,busybox-static,udev,kmod,zstd,lvm2,thin-provisioning-tools,mdadm,cryptsetup-initramfs,btrfs-progs,e2fsprogs,dracut-core,grub-pc-bin,grub2-common,systemd-boot-efi,systemd-ukify,extlinux,syslinux-common
)
ARRAY=01234567:89abcdef:01234567:89abcdef
LUKS_UUID=11111111-2222-4333-8444-555555555555
CONSOLE='console=tty0 console=ttyS0,115200n8'

# small: creates the guest's files in $T, and resets the settings of the initramfs in $BASE.
small() {
  base trixie+small-amd64
  KERNEL=$(basename "$BASE"/boot/vmlinuz-*); KERNEL=${KERNEL#vmlinuz-}
  T=$WORK/tree
  rm -rf "$T"
  mkdir -p "$T"/{boot/grub,dev,proc,sys,run,root,tmp,etc,usr/bin,usr/sbin,usr/lib/modules/"$KERNEL"}
  ln -s usr/bin usr/sbin usr/lib "$T/"
  cp "$BASE/usr/bin/busybox" "$T/usr/bin/"
  local name
  for name in sh mount umount getty login hostname ls cat dmesg; do ln -s busybox "$T/usr/bin/$name"; done
  ln -s ../bin/busybox "$T/usr/sbin/init"; ln -s ../bin/busybox "$T/usr/sbin/getty"
  cp "$BASE/usr/lib/modules/$KERNEL"/modules.* "$T/usr/lib/modules/$KERNEL/"
  cp "$BASE/boot/vmlinuz-$KERNEL" "$BASE/boot/config-$KERNEL" "$T/boot/"
  cp "$BASE/usr/lib/os-release" "$T/usr/lib/"; ln -s ../usr/lib/os-release "$T/etc/os-release"
  printf 'root::0:0:root:/root:/bin/sh\n' >"$T/etc/passwd"; echo small >"$T/etc/hostname"
  printf '::sysinit:/bin/mount -t devtmpfs devtmpfs /dev\nttyS0::respawn:/sbin/getty -L 115200 ttyS0 vt100\n' >"$T/etc/inittab"
}

# ram KIND: creates an initramfs of a kind in $WORK/ram: `tools` and `crypt` by initramfs-tools, `dracut`. Each kind is kept.
ram() {
  local kept=$ROOTS/trixie+small-ram-$1
  if [ ! -d "$kept" ]; then
    local drivers='virtio_pci virtio_blk virtio_net nvme ext4 btrfs dm_mod dm_mirror dm_raid dm_thin_pool dm_crypt raid1 xts'
    case $1 in
      dracut) in_base dracut --quiet --force --no-hostonly --no-compress --omit 'systemd network' --add 'mdraid lvm' --drivers "$drivers" /tmp/initrd "$KERNEL" ;;
      *)
        printf "MODULES=list\nBUSYBOX=auto\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\nFSTYPE=auto\n" >"$BASE/etc/initramfs-tools/initramfs.conf"
        printf '%s\n' $drivers >"$BASE/etc/initramfs-tools/modules"
        printf 'HOMEHOST <system>\nMAILADDR root\n' >"$BASE/etc/mdadm/mdadm.conf"
        rm -f "$BASE/etc/crypttab"; mkdir -p "$BASE/etc/keys"
        if [ "$1" = crypt ]; then
          echo "root UUID=$LUKS_UUID /etc/keys/root.key luks,initramfs" >"$BASE/etc/crypttab"
          printf '0123456789abcdef' >"$BASE/etc/keys/root.key"
          echo 'KEYFILE_PATTERN="/etc/keys/*.key"' >"$BASE/etc/cryptsetup-initramfs/conf-hook"
        fi
        in_base mkinitramfs -o /tmp/initrd "$KERNEL"
        ;;
    esac
    in_base unmkinitramfs /tmp/initrd /tmp/ram
    [ ! -d "$BASE/tmp/ram/main" ] || { mv "$BASE/tmp/ram/main" "$BASE/tmp/main"; rm -rf "$BASE/tmp/ram"; mv "$BASE/tmp/main" "$BASE/tmp/ram"; }
    rm "$BASE/tmp/initrd"; mv "$BASE/tmp/ram" "$kept"
  fi
  rm -rf "$WORK/ram"; cp -a "$kept" "$WORK/ram"
}
# initramfs KIND [PATTERN]: without the files that match the pattern.
initramfs() {
  ram "$1"
  [ -z "${2:-}" ] || (cd "$WORK/ram" && find . | grep -E "$2" | xargs rm -rf)
  pack
}
pack() { (cd "$WORK/ram" && find . | cpio -o -H newc --quiet | zstd -q -1) >"$T/boot/initrd.img-$KERNEL"; }
# In a mount namespace of its own, which ends with the program.
in_base() {
  local inside='mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec env TMPDIR=/tmp chroot "$0" "$@"'
  unshare --mount bash -c "$inside" "$BASE" "$@" >"$WORK/log" 2>&1 || { cat "$WORK/log" >&2; return 1; }
}

# separate: /boot gets a partition of its own.
separate() {
  mkdir "$WORK/boot.tree"; mv "$T"/boot/* "$WORK/boot.tree/"
  truncate -s 80M "$WORK/boot"; mke2fs -q -t ext4 -U "$BOOT_UUID" -d "$WORK/boot.tree" "$WORK/boot"
}
# root_file: the guest's files as an ext4 file system. With /boot it needs more space.
root_file() { truncate -s "${1:-40}M" "$WORK/root"; mke2fs -q -t ext4 -b 4096 -U "$ROOT_UUID" -d "$T" "$WORK/root"; }

# menu ROOT [FOLDER]: FOLDER is that of the kernel, as GRUB sees it; its file system has the UUID in $FROM.
menu() {
  {
    echo 'set timeout=1'; grub_serial
    grub_entry Debian "${FROM:-$BOOT_UUID}" "${2:-}" "$KERNEL" "root=$1 ro $CONSOLE"
  } >"$T/boot/grub/grub.cfg"
  printf '%s / ext4 defaults 0 1\n' "${1%% *}" >"$T/etc/fstab"
}

# small_disk NAME BOOTS: a BIOS disk with /boot and $WORK/storage. BOOTS is what the machine did.
small_disk() {
  local second=
  [ ! -e "$WORK/other" ] || second=$LINUX_GUID:other@$((83 + $(size_of storage)))
  grub_core "$BASE" '(hd0,gpt2)/grub' 2048 part_gpt ext2
  disk gpt $((86 + $(size_of storage) + $(size_of other))) "$BIOS_GUID:@1" "$LINUX_GUID:boot@2" "$LINUX_GUID:storage@82" ${second:+"$second"}
  grub_write 2048
  small_facts "$1" "$2" BIOS
}
size_of() { [ -e "$WORK/$1" ] || { echo 0; return; }; echo $((($(stat -c %s "$WORK/$1") + M - 1) / M)); }
small_facts() { # NAME BOOTS MODE
  local facts=(platform=Debian osVersion=13 architecture=x86_64 cloudInitVersion=)
  # The system is not read.
  case $1 in small-luks* | small-thin* | small-snapper-no-default* | small-snapper-rootflags*) facts=() ;; esac
  expect "$1" made=small boots="$2" format=QCOW2 bootMode="${3/none/}" "${facts[@]}"
  finish "$1" qcow2
}

# RAID 1. raid VERSION [DEVICE MEMBERS FILE]: $WORK/FILE is a member that holds the root.
raid() { python3 "$HERE/test/images/make/parts/md.py" "$WORK/${4:-storage}" "$1" "$ARRAY" small:0 "${2:-0}" "${3:-2}" "$WORK/root"; }
on_raid() { # VERSION ROOT [PATTERN]: one member of two
  menu "$2"; initramfs "${KIND:-tools}" "${3:-}"; separate; root_file; raid "$1"
}
both() { on_raid "$@"; raid "$1" 1 2 other; }
mdadm_conf() { ram tools; printf "$1" >>"$WORK/ram/etc/mdadm/mdadm.conf"; pack; }
UUID_ROOT=UUID=$ROOT_UUID
OTHER_ARRAY=ffffffff:ffffffff:ffffffff:ffffffff
image_small-raid-1.2.qcow2() { small; both 1.2 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-1.0.qcow2() { small; both 1.0 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-0.90.qcow2() { small; both 0.90 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-1.2-half.qcow2() { small; on_raid 1.2 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-1.0-half.qcow2() { small; on_raid 1.0 "$UUID_ROOT"; small_disk "$1" yes; }
with_conf() { menu "$UUID_ROOT"; mdadm_conf "$1"; separate; root_file; raid 1.2; raid 1.2 1 2 other; }
image_small-raid-other-conf.qcow2() { small; with_conf "ARRAY /dev/md0 UUID=$OTHER_ARRAY\n"; small_disk "$1" yes; }
image_small-raid-no-auto.qcow2() { small; with_conf "ARRAY /dev/md0 UUID=$OTHER_ARRAY\nAUTO -all\n"; small_disk "$1" no; }
image_small-raid-no-conf.qcow2() { small; both 1.2 "$UUID_ROOT" 'etc/mdadm'; small_disk "$1" yes; }
image_small-raid-no-module.qcow2() { small; both 1.2 "$UUID_ROOT" '/raid1\.ko'; small_disk "$1" no; }
image_small-raid-1.0-no-module.qcow2() { small; both 1.0 "$UUID_ROOT" '/raid1\.ko'; small_disk "$1" no; }
image_small-raid-no-mdadm.qcow2() { small; both 1.2 "$UUID_ROOT" '/mdadm$'; small_disk "$1" no; }
image_small-raid-1.0-no-mdadm.qcow2() { small; both 1.0 "$UUID_ROOT" '/mdadm$'; small_disk "$1" no; }
image_small-raid-device.qcow2() { small; both 1.2 /dev/md0; small_disk "$1" no; }
image_small-raid-no-rules.qcow2() { small; both 1.2 "$UUID_ROOT" '64-md-raid'; small_disk "$1" yes; }
image_small-raid-dracut.qcow2() { small; KIND=dracut both 1.2 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-dracut-half.qcow2() { small; KIND=dracut on_raid 1.2 "$UUID_ROOT"; small_disk "$1" yes; }
image_small-raid-dracut-off.qcow2() { small; KIND=dracut both 1.2 "$UUID_ROOT rd.md=0"; small_disk "$1" no; }
image_small-raid-dracut-other-uuid.qcow2() { small; KIND=dracut both 1.2 "$UUID_ROOT rd.md.uuid=$OTHER_ARRAY"; small_disk "$1" no; }
image_small-raid-dracut-uuid.qcow2() { small; KIND=dracut both 1.2 "$UUID_ROOT rd.md.uuid=$ARRAY"; small_disk "$1" yes; }
# GRUB reads its files in the array.
image_small-raid-boot.qcow2() {
  small; FROM=$ROOT_UUID menu "$UUID_ROOT" /boot; initramfs tools; root_file 100; raid 1.2
  grub_core "$BASE" "(mduuid/${ARRAY//:/})/boot/grub" 2048 part_gpt ext2 mdraid1x
  disk gpt 110 "$BIOS_GUID:@1" "$LINUX_GUID:storage@2"; grub_write 2048; small_facts "$1" yes BIOS
}

# Logical volumes. logical ROOT SPEC [PATTERN]
logical() {
  menu "$1"; initramfs "${KIND:-tools}" "${3:-}"; separate; root_file
  case $2 in thin:*) thin_metadata ;; esac
  python3 "$HERE/test/images/make/parts/lvm.py" "$WORK/storage" vg "root=$2"
}
thin_metadata() {
  local blocks=$(($(stat -c %s "$WORK/root") / 65536))
  printf '<superblock uuid="" time="0" transaction="1" flags="0" version="2" data_block_size="128" nr_data_blocks="%s"><device dev_id="1" mapped_blocks="%s" transaction="0" creation_time="0" snap_time="0"><range_mapping origin_begin="0" data_begin="0" length="%s" time="0"/></device></superblock>\n' $blocks $blocks $blocks >"$BASE/tmp/thin.xml"
  truncate -s 4M "$BASE/tmp/thin.meta"
  chroot "$BASE" thin_restore -q -i /tmp/thin.xml -o /tmp/thin.meta
  mv "$BASE/tmp/thin.meta" "$WORK/thin.meta"
}
LV=/dev/mapper/vg-root
image_small-lvm.qcow2() { small; logical $LV "$WORK/root"; small_disk "$1" yes; }
image_small-lvm-uuid.qcow2() { small; logical "$UUID_ROOT" "$WORK/root"; small_disk "$1" yes; }
image_small-lvm-other-name.qcow2() { small; logical /dev/mapper/vg-system "$WORK/root"; small_disk "$1" no; }
image_small-lvm-no-rules.qcow2() { small; logical $LV "$WORK/root" '69-lvm.rules'; small_disk "$1" no; }
image_small-lvm-no-lvm.qcow2() { small; logical $LV "$WORK/root" '/(lvm|vgchange)$'; small_disk "$1" no; }
image_small-lvm-no-module.qcow2() { small; logical $LV "$WORK/root" '/dm-mod\.ko'; small_disk "$1" no; }
lvm_conf() { # SECTION SETTING
  menu $LV; ram tools; sed -i "s#^$1 {#$1 {\\n$2#" "$WORK/ram/etc/lvm/lvm.conf"; pack; mkdir -p "$T/etc/lvm"; cp "$WORK/ram/etc/lvm/lvm.conf" "$T/etc/lvm/"; separate; root_file
  python3 "$HERE/test/images/make/parts/lvm.py" "$WORK/storage" vg "root=$WORK/root"
}
image_small-lvm-filter.qcow2() { small; lvm_conf devices 'filter = [ "a|/dev/sda|", "r|.*|" ]'; small_disk "$1" no; }
image_small-lvm-no-autoactivation.qcow2() { small; lvm_conf activation 'auto_activation_volume_list = [ "other" ]'; small_disk "$1" no; }
image_small-lvm-mirror.qcow2() { small; logical $LV "raid1:$WORK/root"; small_disk "$1" yes; }
image_small-lvm-mirror-half.qcow2() { small; logical $LV "half:$WORK/root"; small_disk "$1" no; }
image_small-lvm-mirror-no-module.qcow2() { small; logical $LV "raid1:$WORK/root" '/dm-raid\.ko'; small_disk "$1" no; }
image_small-thin.qcow2() { small; logical $LV "thin:$WORK/root:$WORK/thin.meta"; small_disk "$1" yes; }
image_small-thin-no-check.qcow2() { small; logical $LV "thin:$WORK/root:$WORK/thin.meta" '(thin_check|pdata_tools)$'; small_disk "$1" yes; }
image_small-thin-no-module.qcow2() { small; logical $LV "thin:$WORK/root:$WORK/thin.meta" '/dm-thin-pool\.ko'; small_disk "$1" no; }
image_small-lvm-dracut.qcow2() { small; KIND=dracut logical "$LV rd.lvm.lv=vg/root" "$WORK/root"; small_disk "$1" yes; }
image_small-lvm-dracut-plain.qcow2() { small; KIND=dracut logical $LV "$WORK/root"; small_disk "$1" yes; }
image_small-lvm-dracut-other.qcow2() { small; KIND=dracut logical "$LV rd.lvm.lv=vg/system" "$WORK/root"; small_disk "$1" no; }
image_small-lvm-dracut-off.qcow2() { small; KIND=dracut logical "$LV rd.lvm=0" "$WORK/root"; small_disk "$1" no; }

# Encrypted. encrypted ROOT CRYPTTAB [PATTERN]: the key is in the initramfs, as the hook of cryptsetup copies it.
encrypted() {
  menu "$1"; ram crypt; [ -z "$2" ] || echo "$2" >"$WORK/ram/cryptroot/crypttab"
  [ -z "${3:-}" ] || rm -rf "$WORK/ram/$3"
  pack; separate; root_file
  qemu-img convert -f raw -O luks --object secret,id=s,data=0123456789abcdef -o key-secret=s,iter-time=10 "$WORK/root" "$WORK/storage"
  cryptsetup luksUUID -q --uuid $LUKS_UUID "$WORK/storage"
}
image_small-luks-key.qcow2() { small; encrypted /dev/mapper/root ''; small_disk "$1" yes; }
image_small-luks-passphrase.qcow2() { small; encrypted /dev/mapper/root "root UUID=$LUKS_UUID none luks,initramfs" cryptroot/keyfiles; small_disk "$1" no; }
image_small-luks-no-key.qcow2() { small; encrypted /dev/mapper/root '' cryptroot/keyfiles; small_disk "$1" no; }
image_small-luks-other-name.qcow2() { small; encrypted /dev/mapper/system ''; small_disk "$1" no; }
image_small-luks-other-uuid.qcow2() { small; encrypted /dev/mapper/root "root UUID=00000000-2222-4333-8444-555555555555 /cryptroot/keyfiles/root.key luks,initramfs"; small_disk "$1" no; }
image_small-luks-uuid-root.qcow2() { small; encrypted "$UUID_ROOT" ''; small_disk "$1" yes; }

# dracut with the drivers of its own machine only, which had other disks.
image_small-dracut-no-virtio.qcow2() { small; menu "$UUID_ROOT"; initramfs dracut '/virtio_(pci|blk).*\.ko'; separate; root_file; cp "$WORK/root" "$WORK/storage"; small_disk "$1" no; }
image_small-dracut.qcow2() { small; menu "$UUID_ROOT"; initramfs dracut; separate; root_file; cp "$WORK/root" "$WORK/storage"; small_disk "$1" yes; }

# EXTLINUX on the root file system, MBR partition table.
extlinux_disk() { # NAME BOOTS
  root_file 100; R=$WORK/mnt; mount_file root "$R"; extlinux --install "$R/boot/extlinux" >/dev/null 2>&1; unmount_all
  disk dos 102 '83*:root@1'; dd if="$BASE/usr/lib/EXTLINUX/mbr.bin" of="$WORK/disk.raw" bs=440 count=1 conv=notrunc status=none
  small_facts "$1" "$2" BIOS
}
extlinux_menu() { mkdir -p "$T/boot/extlinux"; printf 'default l0\nprompt 0\ntimeout 10\nserial 0 115200\nlabel l0\n  linux %s\n  initrd %s\n  append root=%s ro %s\n' "$1" "$2" "$UUID_ROOT" "$CONSOLE" >"$T/boot/extlinux/extlinux.conf"; echo "$UUID_ROOT / ext4 defaults 0 1" >"$T/etc/fstab"; }
image_small-extlinux.qcow2() { small; initramfs tools; extlinux_menu "/boot/vmlinuz-$KERNEL" "../initrd.img-$KERNEL"; extlinux_disk "$1" yes; }
# SYSLINUX 6.04 stops at an I/O error in a file whose extents have a hole.
image_small-extlinux-holes.qcow2() {
  small; initramfs tools; extlinux_menu "/boot/vmlinuz-$KERNEL" "../initrd.img-$KERNEL"; truncate -s +65536 "$T/boot/vmlinuz-$KERNEL"
  extlinux_disk "$1" no
}
image_small-extlinux-no-kernel.qcow2() { small; initramfs tools; extlinux_menu /boot/vmlinuz-gone "../initrd.img-$KERNEL"; extlinux_disk "$1" no; }
image_small-extlinux-no-initrd.qcow2() { small; initramfs tools; extlinux_menu "/boot/vmlinuz-$KERNEL" /boot/gone; extlinux_disk "$1" no; }

# UEFI: the ESP has the folder $WORK/esp.tree.
efi_disk() { # NAME BOOTS
  rm -rf "$T/boot"; mkdir "$T/boot"; cp "$BASE/boot/config-$KERNEL" "$T/boot/"; echo "$UUID_ROOT / ext4 defaults 0 1" >"$T/etc/fstab"
  root_file; new_file esp 150 vfat "$ESP_UUID"; mcopy -s -i "$WORK/esp" "$WORK/esp.tree"/* ::
  disk gpt 200 "$ESP_GUID:esp@1" "$LINUX_GUID:root@152"; small_facts "$1" "$2" "${MODE:-UEFI}"
}
esp_tree() { mkdir -p "$WORK/esp.tree"/EFI/{BOOT,Linux} "$WORK/esp.tree"/loader/entries; SD=$BASE/usr/lib/systemd/boot/efi/systemd-bootx64.efi; }
unified() { # TARGET
  cp "$T/boot/initrd.img-$KERNEL" "$BASE/tmp/initrd"
  in_base ukify build --linux="/boot/vmlinuz-$KERNEL" --initrd=/tmp/initrd --cmdline="root=$UUID_ROOT ro $CONSOLE" --uname="$KERNEL" --os-release=@/etc/os-release --output=/tmp/uki.efi
  rm "$BASE/tmp/initrd"; mv "$BASE/tmp/uki.efi" "$1"
}
image_small-uki.qcow2() { small; initramfs tools; esp_tree; unified "$WORK/esp.tree/EFI/BOOT/BOOTX64.EFI"; efi_disk "$1" yes; }
image_small-uki-no-virtio.qcow2() { small; initramfs tools '/virtio(_|-)(blk|pci).*\.ko'; esp_tree; unified "$WORK/esp.tree/EFI/BOOT/BOOTX64.EFI"; efi_disk "$1" no; }
image_small-uki-systemd-boot.qcow2() { small; initramfs tools; esp_tree; cp "$SD" "$WORK/esp.tree/EFI/BOOT/BOOTX64.EFI"; unified "$WORK/esp.tree/EFI/Linux/debian-$KERNEL.efi"; efi_disk "$1" yes; }
image_small-uki-vendor.qcow2() { small; initramfs tools; esp_tree; unified "$WORK/esp.tree/EFI/Linux/debian-$KERNEL.efi"; MODE=none efi_disk "$1" no; }
type_1() { # FILE VERSION
  local at=$WORK/esp.tree/debian/$2; mkdir -p "$at"; [ -n "${3:-}" ] || { cp "$T/boot/vmlinuz-$KERNEL" "$at/linux"; cp "$T/boot/initrd.img-$KERNEL" "$at/initrd"; }
  printf 'title Debian\nversion %s\noptions root=%s ro %s\nlinux /debian/%s/linux\ninitrd /debian/%s/initrd\n' "$2" "$UUID_ROOT" "$CONSOLE" "$2" "$2" >"$WORK/esp.tree/loader/entries/$1"
}
systemd_boot() { small; initramfs tools; esp_tree; cp "$SD" "$WORK/esp.tree/EFI/BOOT/BOOTX64.EFI"; printf 'timeout 1\nconsole-mode keep\n' >"$WORK/esp.tree/loader/loader.conf"; }
image_small-systemd-boot.qcow2() { systemd_boot; type_1 debian.conf "$KERNEL"; efi_disk "$1" yes; }
# No try is left, and no other entry exists: systemd-boot starts it nevertheless.
image_small-systemd-boot-no-tries.qcow2() { systemd_boot; type_1 debian+0-3.conf "$KERNEL"; efi_disk "$1" yes; }
# The newest entry has no try left, and no kernel.
image_small-systemd-boot-next.qcow2() { systemd_boot; type_1 debian+2-1.conf "$KERNEL"; type_1 newer+0-3.conf 9.0 none; efi_disk "$1" yes; }
# The first entry has tries, but no kernel; the second works, but has no try left.
image_small-systemd-boot-bad-default.qcow2() { systemd_boot; type_1 debian+0-3.conf "$KERNEL"; type_1 newer+3.conf 9.0 none; efi_disk "$1" yes; }

# btrfs as openSUSE's installer makes it: the default subvolume is snapper's first snapshot.
snapper() { # NAME BOOTS DEFAULT ARGUMENTS
  small; FROM=$ROOT_UUID menu "$UUID_ROOT $4" "/@/.snapshots/1/snapshot/boot"; initramfs tools
  sed -i 's# ext4 # btrfs #' "$T/etc/fstab"; sed -i "s#^\(UUID=\S* \S* \S*\) .*#\1 defaults 0 0\nUUID=$ROOT_UUID /.snapshots btrfs subvol=/@/.snapshots 0 0#" "$T/etc/fstab"
  new_file root 300 btrfs "$ROOT_UUID"; R=$WORK/mnt; mount_file root "$R"
  btrfs -q subvolume create "$R/@"; btrfs -q subvolume create "$R/@/.snapshots"; mkdir "$R/@/.snapshots/1"; btrfs -q subvolume create "$R/@/.snapshots/1/snapshot"
  cp -a "$T/." "$R/@/.snapshots/1/snapshot/"; mkdir "$R/@/.snapshots/1/snapshot/.snapshots"
  mkdir "$R/@/.snapshots/2"; btrfs -q subvolume snapshot -r "$R/@/.snapshots/1/snapshot" "$R/@/.snapshots/2/snapshot"
  [ -z "$3" ] || btrfs subvolume set-default "$(btrfs subvolume list "$R" | awk -v p="$3" '$NF == p {print $2}')" "$R"
  unmount_all; grub_core "$BASE" '(hd0,gpt2)/@/.snapshots/1/snapshot/boot/grub' 2048 part_gpt btrfs zstd
  disk gpt 304 "$BIOS_GUID:@1" "$LINUX_GUID:root@2"; grub_write 2048; small_facts "$1" "$2" BIOS
}
image_small-snapper.qcow2() { snapper "$1" yes '@/.snapshots/1/snapshot' ''; }
image_small-snapper-no-default.qcow2() { snapper "$1" no '' ''; }
image_small-snapper-rootflags.qcow2() { snapper "$1" yes '' 'rootflags=subvol=@/.snapshots/1/snapshot'; }
image_small-snapper-gone.qcow2() { snapper "$1" no '@/.snapshots/1/snapshot' 'rootflags=subvol=@/.snapshots/7/snapshot'; }
