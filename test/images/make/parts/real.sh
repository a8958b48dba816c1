# Real guests from Debian's releases, from old to new. Sourced by test-images.sh.

TOOLS=cloud-init,cloud-guest-utils,e2fsprogs,xfsprogs,btrfs-progs,openssh-server,systemd-sysv,zstd,lvm2,iproute2
GRUB=grub-pc-bin,grub-efi-amd64-bin,grub2-common
declare -A PACKAGES=(
  [bullseye-amd64]=$TOOLS,ifupdown,isc-dhcp-client,linux-image-amd64,initramfs-tools,$GRUB
  [bookworm-amd64]=$TOOLS,ifupdown,isc-dhcp-client,linux-image-amd64,initramfs-tools,$GRUB
  [bookworm-arm64]=$TOOLS,base-files,dash,coreutils,login,passwd,util-linux,linux-image-arm64,busybox-static,grub-efi-arm64-bin
  [trixie-amd64]=$TOOLS,ifupdown,isc-dhcp-client,linux-image-amd64,initramfs-tools,$GRUB
  [forky-amd64]=$TOOLS,network-manager,linux-image-amd64,dracut,systemd-boot,systemd-boot-efi,grub-efi-amd64-bin,grub2-common
)

# base SUITE-ARCH: installs the packages of a release in $BASE, which is kept. Packages of another architecture are
# unpacked but not configured, so that none of their programs run here; their initramfs is BusyBox.
base() {
  BASE=$ROOTS/$1
  [ -d "$BASE" ] && return
  local suite=${1%-*} arch=${1##*-} variant=minbase
  suite=${suite%+*}
  [ "$arch" = "$(dpkg --print-architecture)" ] || variant=extract
  rm -rf "$BASE.part"
  mmdebstrap --quiet --arch="$arch" --variant=$variant --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --format=directory --include="${PACKAGES[$1]}" "$suite" "$BASE.part"
  if [ $variant = extract ]; then
    local kernel; kernel=$(basename "$BASE.part"/boot/vmlinuz-*); kernel=${kernel#vmlinuz-}
    depmod -b "$BASE.part" "$kernel"
    busybox_initramfs "$BASE.part" "$kernel" "$BASE.part/bin/busybox" "$BASE.part/boot/initrd.img-$kernel" >/dev/null
  fi
  rm -rf "$BASE.part"/var/cache/apt/* "$BASE.part"/var/lib/apt/lists/*
  mv "$BASE.part" "$BASE"
}

# root MIB KIND [OPTIONS]: copies the base to a file system mounted at $R.
root() {
  new_file root "$1" "$2" "$ROOT_UUID"
  R=$WORK/mnt
  mount_file root "$R" "${3:-}"
}

# fill: copies the base and configures it as an installer does.
fill() {
  cp -a "$BASE/." "$R/"
  # By default the newest kernel boots; some images have a second one.
  KERNEL=$(basename "$(ls -d "$R"/boot/vmlinuz-* | sort -V | tail -1)"); KERNEL=${KERNEL#vmlinuz-}
  printf '0.0 0 0.0\n0\nUTC\n' >"$R/etc/adjtime"
  echo test-image >"$R/etc/hostname"
  [ ! -d "$R/etc/network" ] || printf 'auto lo\niface lo inet loopback\n' >"$R/etc/network/interfaces"
  printf 'GRUB_DEFAULT=0\nGRUB_TIMEOUT=1\nGRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200n8"\nGRUB_TERMINAL="serial console"\n' >"$R/etc/default/grub"
}

# grub_menu ROOT UUID: creates grub.cfg with the guest's grub-mkconfig, which writes UUIDs only for devices in udev.
grub_menu() {
  mount --bind /dev "$1/dev"; mount -t proc proc "$1/proc"; mount -t sysfs sysfs "$1/sys"
  mkdir -p /dev/disk/by-uuid "$1/boot/grub"
  local links=()
  for uuid in "$2" "$BOOT_UUID"; do [ -e "/dev/disk/by-uuid/$uuid" ] || { ln -s ../../null "/dev/disk/by-uuid/$uuid"; links+=("/dev/disk/by-uuid/$uuid"); }; done
  chroot "$1" grub-mkconfig -o /boot/grub/grub.cfg 2>/dev/null
  rm -f "${links[@]}"
  umount "$1/dev" "$1/proc" "$1/sys"
}

facts() { # NAME BOOTMODE FINDINGS…
  local name=$1 mode=$2 version; shift 2
  version=$(. "$BASE/etc/os-release" && echo "${VERSION_ID:-${VERSION_CODENAME:-}}")
  expect "$name" made=real format="${FORMAT:-QCOW2}" architecture="$(arch_of)" bootMode="$mode" platform=Debian osVersion="$version" \
    kernelVersion="$KERNEL" cloudInitVersion="$(cloud_init_of)" nvmeSupport="${NVME-supported}" findings="$*"
}
arch_of() { case ${BASE##*-} in amd64*) echo x86_64 ;; arm64*) echo arm64 ;; esac; }
cloud_init_of() {
  case $BASE in
    *arm64) sed -n 's/^__VERSION__ = "\(.*\)"$/\1/p' "$BASE/usr/lib/python3/dist-packages/cloudinit/version.py" ;;
    *) chroot "$BASE" cloud-init --version 2>&1 | sed 's/.* //' ;;
  esac
}

installed_bios() { # BASE KIND
  base "$1"; root 2500 "$2"; fill
  printf 'UUID=%s / %s defaults 0 1\n' "$ROOT_UUID" "$2" >"$R/etc/fstab"
  grub_menu "$R" "$ROOT_UUID"
}
close_bios() {
  grub_core "$R" '(hd0,gpt2)/boot/grub' 2048 part_gpt ext2 xfs
  disk gpt 2600 "$BIOS_GUID:@1" "$LINUX_GUID:root@2"
  grub_write 2048
}

image_bullseye-bios-mbr-ext4.raw() {
  installed_bios bullseye-amd64 ext4
  grub_core "$R" '(hd0,msdos1)/boot/grub' 1 part_msdos ext2; disk dos 2600 '83*:root@2'; grub_write 1
  FORMAT=RAW facts "$1" BIOS; finish "$1" raw
}
image_bookworm-bios-gpt-ext4.qcow2() { installed_bios bookworm-amd64 ext4; close_bios; facts "$1" BIOS; finish "$1" qcow2; }
image_bookworm-bios-gpt-ext4.vhd() { installed_bios bookworm-amd64 ext4; close_bios; FORMAT=VHD facts "$1" BIOS; finish "$1" vpc; }
image_bookworm-bios-gpt-ext4.vmdk() {
  installed_bios bookworm-amd64 ext4; close_bios; FORMAT=VMDK facts "$1" BIOS warning:ECSIMPORT.VmdkByInvitation
  finish "$1" vmdk -o subformat=streamOptimized
}
image_trixie-bios-gpt-xfs.qcow2() { installed_bios trixie-amd64 xfs; close_bios; facts "$1" BIOS; finish "$1" qcow2; }

installed_uefi() { # BASE KIND FSTAB_OPTIONS [MOUNT_OPTIONS]
  base "$1"; root 2500 "$2" "${4:-}"; fill
  printf 'UUID=%s / %s %s 0 1\nUUID=%s /boot/efi vfat umask=0077 0 1\n' "$ROOT_UUID" "$2" "$3" "$ESP_UUID" >"$R/etc/fstab"
}
image_trixie-uefi-ext4.qcow2() {
  installed_uefi trixie-amd64 ext4 defaults; grub_menu "$R" "$ROOT_UUID"
  grub_efi "$R" x86_64-efi BOOTX64.EFI "$ROOT_UUID"
  disk gpt 2600 "$ESP_GUID:esp@1" "$LINUX_GUID:root@65"; facts "$1" UEFI; finish "$1" qcow2
}
# Debian's btrfs layout: the root is in a separate subvolume.
image_trixie-uefi-btrfs-subvolumes.qcow2() {
  base trixie-amd64; root 2500 btrfs
  btrfs -q subvolume create "$R/@rootfs"; btrfs -q subvolume create "$R/@home"; umount "$R"
  mount_file root "$R" subvol=@rootfs; fill
  printf 'UUID=%s / btrfs defaults,subvol=@rootfs 0 0\nUUID=%s /home btrfs defaults,subvol=@home 0 0\nUUID=%s /boot/efi vfat umask=0077 0 1\n' "$ROOT_UUID" "$ROOT_UUID" "$ESP_UUID" >"$R/etc/fstab"
  grub_menu "$R" "$ROOT_UUID"; grub_efi "$R" x86_64-efi BOOTX64.EFI "$ROOT_UUID" /@rootfs/boot/grub
  disk gpt 2600 "$ESP_GUID:esp@1" "$LINUX_GUID:root@65"; facts "$1" UEFI; finish "$1" qcow2
}
# A separate /boot; root, /usr and swap are logical volumes.
image_bookworm-bios-lvm-usr.qcow2() {
  base bookworm-amd64
  new_file boot 400 ext4 "$BOOT_UUID"; new_file usr 2200 ext4 b2a1c3d4-1111-4222-8333-1234567890ab; new_file swap 64 swap 5d3e2f1a-2222-4333-9444-abcdefabcdef
  root 700 ext4; mkdir -p "$R/boot" "$R/usr"; mount_file boot "$R/boot"; mount_file usr "$R/usr"; fill
  printf '/dev/mapper/vg0-root / ext4 defaults 0 1\nUUID=%s /boot ext4 defaults 0 2\n/dev/mapper/vg0-usr /usr ext4 defaults 0 2\n/dev/vg0/swap none swap sw 0 0\n' "$BOOT_UUID" >"$R/etc/fstab"
  grub_menu "$R" "$ROOT_UUID"
  sed -i "s#root=UUID=$ROOT_UUID#root=/dev/mapper/vg0-root#" "$R/boot/grub/grub.cfg"
  grub_core "$R" '(hd0,gpt2)/grub' 2048 part_gpt ext2 lvm; unmount_all
  python3 "$HERE/test/images/make/parts/lvm.py" "$WORK/pv" vg0 root="$WORK/root" usr="$WORK/usr" swap="$WORK/swap"
  disk gpt 3600 "$BIOS_GUID:@1" "$LINUX_GUID:boot@2" "$LVM_GUID:pv@402"
  grub_write 2048
  facts "$1" BIOS warning:GUESTOS.OnlineResizeFS; finish "$1" qcow2
}
# Its packages are not configured: it gets what their scripts would create and the boot needs.
image_bookworm-arm64-uefi-ext4.qcow2() {
  installed_uefi bookworm-arm64 ext4 defaults
  echo 'root:x:0:0:root:/root:/bin/bash' >"$R/etc/passwd"; echo 'root:*:20454:0:99999:7:::' >"$R/etc/shadow"
  printf '%s\n' root:x:0: adm:x:4: tty:x:5: disk:x:6: kmem:x:15: utmp:x:43: >"$R/etc/group"
  : >"$R/etc/machine-id"; ln -sf /usr/share/zoneinfo/Etc/UTC "$R/etc/localtime"
  mkdir -p "$R/boot/grub"
  printf "set timeout=1\nmenuentry 'Debian' {\n  linux /boot/vmlinuz-%s root=UUID=%s ro console=ttyAMA0\n  initrd /boot/initrd.img-%s\n}\n" \
    "$KERNEL" "$ROOT_UUID" "$KERNEL" >"$R/boot/grub/grub.cfg"
  new_file esp 64 vfat "$ESP_UUID"; mmd -i "$WORK/esp" ::/EFI ::/EFI/BOOT
  mcopy -i "$WORK/esp" "$R/usr/lib/grub/arm64-efi/monolithic/grubaa64.efi" ::/EFI/BOOT/BOOTAA64.EFI
  printf 'search.fs_uuid %s root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n' "$ROOT_UUID" >"$WORK/stub"
  mmd -i "$WORK/esp" ::/EFI/debian; mcopy -i "$WORK/esp" "$WORK/stub" ::/EFI/debian/grub.cfg
  disk gpt 2600 "$ESP_GUID:esp@1" "$LINUX_GUID:root@65"; facts "$1" UEFI; finish "$1" qcow2
}
# dracut, systemd-boot with BLS entry files on the EFI system partition, NetworkManager.
image_forky-uefi-systemd-boot-dracut.qcow2() {
  installed_uefi forky-amd64 ext4 defaults
  local id=0123456789abcdef0123456789abcdef esp=$WORK/esp-files
  mkdir -p "$esp/$id/$KERNEL" "$esp/EFI/BOOT" "$esp/loader/entries"
  cp "$R/usr/lib/systemd/boot/efi/systemd-bootx64.efi" "$esp/EFI/BOOT/BOOTX64.EFI"
  cp "$R/boot/vmlinuz-$KERNEL" "$esp/$id/$KERNEL/linux"; cp "$R/boot/initrd.img-$KERNEL" "$esp/$id/$KERNEL/initrd.img"
  printf 'default %s-*\ntimeout 1\n' "$id" >"$esp/loader/loader.conf"
  printf 'title Debian\nversion %s\nmachine-id %s\noptions root=UUID=%s ro console=ttyS0\nlinux /%s/%s/linux\ninitrd /%s/%s/initrd.img\n' \
    "$KERNEL" $id "$ROOT_UUID" $id "$KERNEL" $id "$KERNEL" >"$esp/loader/entries/$id-$KERNEL.conf"
  mkdir -p "$R/boot/efi"
  new_file esp 256 vfat "$ESP_UUID"; mcopy -s -i "$WORK/esp" "$esp"/* ::
  disk gpt 2900 "$ESP_GUID:esp@1" "$LINUX_GUID:root@257"; facts "$1" UEFI; finish "$1" qcow2
}
# The default is the saved entry, not the newest kernel.
image_trixie-bios-saved-default.qcow2() {
  base trixie-amd64; root 2500 ext4; fill
  local newest=$KERNEL old=6.1.0-1-amd64
  printf 'UUID=%s / ext4 defaults 0 1\n' "$ROOT_UUID" >"$R/etc/fstab"
  cp "$R/boot/vmlinuz-$newest" "$R/boot/vmlinuz-$old"; cp "$R/boot/config-$newest" "$R/boot/config-$old"
  cp -a "$R/usr/lib/modules/$newest" "$R/usr/lib/modules/$old"
  # The inspection reads the version string in the kernel image, so it is changed too.
  python3 - "$R/boot/vmlinuz-$old" "$newest" "$old" <<'PY'
import sys
path, new, old = sys.argv[1:]
data = bytearray(open(path, 'rb').read())
at = int.from_bytes(data[0x20e:0x210], 'little') + 0x200
assert data[at:at + len(new)] == new.encode()
data[at:at + len(new)] = (old + ' ').encode().ljust(len(new), b' ')
open(path, 'wb').write(data)
PY
  chroot "$R" mkinitramfs -o "/boot/initrd.img-$old" "$old" 2>/dev/null
  sed -i 's/^GRUB_DEFAULT=.*/GRUB_DEFAULT=saved/' "$R/etc/default/grub"
  grub_menu "$R" "$ROOT_UUID"
  printf '# GRUB Environment Block\nsaved_entry=gnulinux-advanced-%s>gnulinux-%s-advanced-%s\n' "$ROOT_UUID" "$old" "$ROOT_UUID" >"$R/boot/grub/grubenv"
  KERNEL=$old; close_bios; facts "$1" BIOS; finish "$1" qcow2
}
# Copied while mounted, like a hypervisor's snapshot: the latest changes are only in the journal.
image_bookworm-bios-running.qcow2() {
  installed_bios bookworm-amd64 ext4; grub_core "$R" '(hd0,gpt2)/boot/grub' 2048 part_gpt ext2; sync -f "$R"
  KEEP_MOUNTED=1 disk gpt 2600 "$BIOS_GUID:@1" "$LINUX_GUID:root@2"
  grub_write 2048; facts "$1" BIOS warning:ECSIMPORT.NotUnmounted; finish "$1" qcow2
}
