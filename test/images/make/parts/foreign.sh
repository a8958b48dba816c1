# An initramfs for another architecture: BusyBox and modules, without running a program of that architecture. Sourced.

# busybox_initramfs ROOT KERNEL BUSYBOX OUTPUT: with the modules of ROOT that the boot needs. The program is static.
busybox_initramfs() {
  local root=$1 kernel=$2 folder=lib/modules/$2 work module
  [ -d "$root/$folder" ] || folder=usr/$folder
  work=$(mktemp -d)
  mkdir -p "$work/ram"/{bin,dev,proc,sys,root,lib/modules/"$kernel"}
  cp "$3" "$work/ram/bin/busybox"
  (
    cd "$root/$folder"
    file_of() { find . -name "$1.ko*" -o -name "${1//_/-}.ko*" | head -1; }
    # The module's dependencies first.
    need() {
      local file dep
      file=$(file_of "$1"); [ -n "$file" ] || return 0
      for dep in $(strings "$file" | sed -n 's/^depends=//p' | tr ',' ' '); do need "$dep"; done
      echo "$file"
    }
    for module in crc32c_generic virtio_pci virtio_blk virtio_net nvme ext4; do need "$module"; done
  ) | awk '!seen[$0]++' >"$work/load"
  (cd "$root/$folder" && xargs cp --parents -t "$work/ram/lib/modules/$kernel" <"$work/load")
  sed "s#^\./#/lib/modules/$kernel/#" "$work/load" >"$work/ram/load"
  busybox_init "$work/ram/init"
  (cd "$work/ram" && find . | sort | cpio -o -H newc --quiet | gzip -9n) >"$4"
  cat "$work/load"
  rm -rf --one-file-system "$work"
}
