#!/usr/bin/env bash
# Creates disk images for the inspection's tests: real ones from Debian's releases, the same with one defect each, and
# constructed ones for distributions whose packages are not available; and small guests with other storage and boot loaders.
#
#   sudo test/images/make/test-images.sh [--to FOLDER] [NAME…]     default: all, in test/images/cache; existing images are kept
#   test/images/make/test-images.sh --list                         the names
#
# Needs mmdebstrap qemu-utils cryptsetup-bin extlinux e2fsprogs xfsprogs btrfs-progs dosfstools mtools fdisk kmod binutils
# zstd xz-utils lz4 cpio python3, root and loop devices (the product needs none of them), and the machine's apt sources.
# Each image has a file NAME.expected with the facts from the guest's own tools and the expected findings.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600
HERE=$(cd "$(dirname "$0")/../../.." && pwd)
TO=$HERE/test/images/cache
for part in boot-files disk foreign real broken storage constructed; do . "$HERE/test/images/make/parts/$part.sh"; done
ALL=$(declare -F | sed -n 's/^declare -f image_//p')
if [ "${1:-}" = --list ]; then echo "$ALL"; exit; fi
[ "${1:-}" != --to ] || { TO=$(realpath -m "$2"); shift 2; }
ROOTS=${TEST_IMAGE_ROOTS:-$HERE/test/images/cache/roots}
mkdir -p "$TO" "$ROOTS"
WORK=$(mktemp -d -p "${TMPDIR:-/var/tmp}")
trap 'unmount_all; rm -rf --one-file-system "$WORK"' EXIT
for name in ${*:-$ALL}; do
  [ ! -e "$TO/$name" ] || { echo "kept $name"; continue; }
  rm -rf --one-file-system "$WORK"/*
  "image_$name" "$name"
done
