#!/usr/bin/env bash
# Makes disk images for the inspection's tests: real ones from Debian's suites, the same with one defect each, and
# constructed ones for families whose packages cannot be had here.
#
#   sudo test/images/make/test-images.sh [--to FOLDER] [NAME…]     default: all, into test/images/cache; kept when they exist
#   test/images/make/test-images.sh --list                         the names
#
# Needs mmdebstrap qemu-utils e2fsprogs xfsprogs btrfs-progs dosfstools mtools fdisk zstd xz-utils lz4 cpio python3, root
# and loop devices (the product needs none of them), and the machine's apt sources. Beside each image lies NAME.expected: what the guest's own tools say, and the findings that it must have.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600
HERE=$(cd "$(dirname "$0")/../../.." && pwd)
TO=$HERE/test/images/cache
for part in disk real broken constructed; do . "$HERE/test/images/make/parts/$part.sh"; done
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
