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
    printf 'MZ constructed' >"$WORK/loader"; mcopy -i "$WORK/esp" "$WORK/loader" ::/EFI/BOOT/BOOTX64.EFI
    disk gpt 800 "$ESP_GUID:esp@1" "${parts[@]/#/$LINUX_GUID:}"
  else
    # A placeholder for GRUB's first stage: its name, and the sector of the next stage.
    disk dos 800 "${parts[@]/#/83:}"
    printf '\xeb\x63' | dd of="$WORK/disk.raw" bs=1 conv=notrunc status=none
    printf '\x01' | dd of="$WORK/disk.raw" bs=1 seek=$((0x5c)) conv=notrunc status=none
    printf 'GRUB ' | dd of="$WORK/disk.raw" bs=1 seek=$((0x180)) conv=notrunc status=none
    printf 'constructed' | dd of="$WORK/disk.raw" bs=512 seek=1 conv=notrunc status=none
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
