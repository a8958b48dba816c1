# The same guest with one defect each. Sourced by test-images.sh.

# broken NAME FINDINGS: finishes the image after commands have changed $R.
broken() { close_bios; facts "$1" BIOS "${@:2}"; finish "$1" qcow2; }
whole() { installed_bios bookworm-amd64 ext4; }

image_broken-fstab-device.qcow2() { whole; echo '/dev/sda2 /srv ext4 defaults 0 2' >>"$R/etc/fstab"; broken "$1" blocking:GUESTOS.Fstab; }
# The root is mounted before fstab is read: systemd boots, and Alibaba Cloud's image check warns.
image_broken-fstab-root-device.qcow2() { whole; echo '/dev/sda2 / ext4 defaults 0 1' >"$R/etc/fstab"; broken "$1" warning:GUESTOS.Fstab; }
image_broken-fstab-uuid.qcow2() { whole; echo 'UUID=00000000-1111-4222-8333-444444444444 /data ext4 defaults 0 2' >>"$R/etc/fstab"; broken "$1" blocking:GUESTOS.Fstab; }
image_broken-grub-device.qcow2() { whole; sed -i "s#root=UUID=$ROOT_UUID#root=/dev/sda2#" "$R/boot/grub/grub.cfg"; broken "$1" blocking:GUESTOS.Grub; }
image_broken-grub-uuid.qcow2() { whole; sed -i "s#root=UUID=$ROOT_UUID#root=UUID=00000000-1111-4222-8333-444444444444#" "$R/boot/grub/grub.cfg"; broken "$1" blocking:GUESTOS.Grub; }
image_broken-no-kernel.qcow2() { whole; rm "$R/boot/vmlinuz-$KERNEL"; KERNEL= NVME= broken "$1" blocking:GUESTOS.Grub warning:GUESTOS.KernelVersion; }
# The initramfs has only the source machine's drivers, as with dracut's host-only mode and MODULES=dep.
image_broken-no-virtio.qcow2() {
  whole
  # The guest's own program, because this machine may not have initramfs-tools.
  chroot "$R" unmkinitramfs "/boot/initrd.img-$KERNEL" /tmp/ram; mv "$R/tmp/ram" "$WORK/ram"
  find "$WORK/ram" \( -name 'virtio*.ko*' -o -name 'nvme*.ko*' \) -delete
  (cd "$(dirname "$(find "$WORK/ram" -maxdepth 2 -name init | head -1)")" && find . | cpio -o -H newc --quiet | xz -T2 -1 --check=crc32) >"$R/boot/initrd.img-$KERNEL"
  rm -rf "$WORK/ram"; NVME=unsupported broken "$1" blocking:GUESTOS.Virtio warning:GUESTOS.Nvme
}
image_broken-grub-core.qcow2() {
  whole; close_bios; dd if=/dev/zero of="$WORK/disk.raw" bs=512 seek=2048 count=64 conv=notrunc status=none
  facts "$1" BIOS blocking:GUESTOS.BootMode; finish "$1" qcow2
}
# As after an installation without --removable: only the source machine's firmware has a boot entry for the loader.
image_broken-uefi-vendor-path.qcow2() {
  installed_uefi trixie-amd64 ext4 defaults; grub_menu "$R" "$ROOT_UUID"
  grub_efi "$R" x86_64-efi BOOTX64.EFI "$ROOT_UUID"
  mmd -i "$WORK/esp" ::/EFI/debian; mcopy -i "$WORK/esp" ::/EFI/BOOT/BOOTX64.EFI "$WORK/loader"
  mcopy -i "$WORK/esp" "$WORK/loader" ::/EFI/debian/grubx64.efi; mdeltree -i "$WORK/esp" ::/EFI/BOOT
  disk gpt 2600 "$ESP_GUID:esp@1" "$LINUX_GUID:root@65"; facts "$1" UEFI blocking:GUESTOS.BootMode; finish "$1" qcow2
}
image_broken-no-cloud-init.qcow2() {
  whole; chroot "$R" dpkg --purge cloud-init >/dev/null 2>&1
  close_bios; facts "$1" BIOS warning:GUESTOS.CloudInit warning:GUESTOS.OnlineResizeFS warning:GUESTOS.Dhcp \
    warning:ECSIMPORT.RootLocked warning:ECSIMPORT.SshHostKeys
  sed -i 's/^cloudInitVersion=.*/cloudInitVersion=/' "$TO/$1.expected"; finish "$1" qcow2
}
image_broken-static-address.qcow2() {
  whole; printf 'auto eth0\niface eth0 inet static\n  address 10.1.2.3/24\n' >>"$R/etc/network/interfaces"; broken "$1" warning:GUESTOS.Dhcp
}
image_broken-persistent-net.qcow2() {
  whole; echo 'SUBSYSTEM=="net", ACTION=="add", ATTR{address}=="00:50:56:aa:bb:cc", NAME="eth0"' >"$R/etc/udev/rules.d/70-persistent-net.rules"
  broken "$1" warning:ECSIMPORT.PersistentNet
}
image_broken-local-clock.qcow2() { whole; printf '0.0 0 0.0\n0\nLOCAL\n' >"$R/etc/adjtime"; broken "$1" warning:GUESTOS.RtcTimeMode; }
image_broken-truncated.qcow2() {
  whole; close_bios; FORMAT=QCOW2 facts "$1" BIOS; finish "$1" qcow2; truncate -s "$(($(stat -c %s "$TO/$1") * 2 / 3))" "$TO/$1"
  expect "$1" made=real format=QCOW2 findings=blocking:ECSIMPORT.Truncated
}
