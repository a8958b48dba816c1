# Disks of the guests in test/support/images/constructed-guests.ts, for distributions whose packages are not available.
# Sourced by test-images.sh; each becomes NAME-constructed.qcow2.

constructed() { # FILE GUEST
  local name=$1 guest=$2 kind firmware lvm
  (cd "$HERE" && npx --no-install tsx test/support/images/write-guest.ts "$guest" "$WORK/guest")
  fact() { sed -n "s/^$1=//p" "$WORK/guest/facts"; }
  kind=$(fact kind) firmware=$(fact firmware) lvm=$(fact lvm)
  populate root 340 "$kind" "$ROOT_UUID" "$WORK/guest/root"
  local parts=(root@400)
  [ ! -d "$WORK/guest/boot" ] || { populate boot 340 xfs "$BOOT_UUID" "$WORK/guest/boot"; parts=(boot@2 root@400); }
  if [ -n "$lvm" ]; then
    unmount_all; python3 "$HERE/test/images/make/parts/lvm.py" "$WORK/pv" ${lvm% *} ${lvm#* }="$WORK/root"; parts=(boot@2 pv@400)
  fi
  if [ "$firmware" = UEFI ]; then
    new_file esp 64 vfat "$ESP_UUID"; mmd -i "$WORK/esp" ::/EFI ::/EFI/BOOT
    mcopy -i "$WORK/esp" "$WORK/guest/loader.efi" ::/EFI/BOOT/BOOTX64.EFI
    disk gpt 800 "$ESP_GUID:esp@1" "${parts[@]/#/$LINUX_GUID:}"
  elif [ -e "$WORK/guest/root/boot/ldlinux.sys" ]; then
    # SYSLINUX: code in the MBR that starts the active partition's boot sector.
    printf '\xeb\x58\x90EXTLINUX' | dd of="$WORK/root" bs=1 conv=notrunc status=none
    printf '\x55\xaa' | dd of="$WORK/root" bs=1 seek=510 conv=notrunc status=none
    disk dos 800 "83*:root@400"
    printf '\xeb\x63 code' | dd of="$WORK/disk.raw" bs=1 conv=notrunc status=none
  else
    # GRUB's two stages, with modules without code.
    disk dos 800 "${parts[@]/#/83:}"
    dd if="$WORK/guest/grub-core" of="$WORK/disk.raw" bs=1 count=440 conv=notrunc status=none
    dd if="$WORK/guest/grub-core" of="$WORK/disk.raw" bs=512 skip=34 seek=34 count=2000 conv=notrunc status=none
  fi
  expect "$name" made=constructed format=QCOW2 architecture=x86_64 bootMode="$firmware" platform="$(fact platform)" \
    osVersion="$(fact osVersion)" kernelVersion="$(fact kernelVersion)" cloudInitVersion="$(fact cloudInitVersion)" \
    nvmeSupport="$(fact nvmeSupport)" findings="$(fact findings)"
  finish "$name" qcow2 -c -o cluster_size=4k
}
# populate NAME MIB KIND UUID FOLDER
populate() { new_file "$1" "$2" "$3" "$4"; mount_file "$1" "$WORK/fill"; cp -a "$5/." "$WORK/fill/"; umount "$WORK/fill"; }

for guest in rhel-9 rocky-8 almalinux-9 centos-stream-9 anolis-8 alinux-3 kylin-v10 uos-20 centos-7 sles-15-sp5 opensuse-leap-15 alpine-3 ubuntu-22; do
  eval "image_$guest-constructed.qcow2() { constructed \"\$1\" $guest; }"
done
