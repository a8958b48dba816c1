#!/usr/bin/env bash
# Creates test/images/fixtures/*.qcow2: the same small tree in every supported file system, a few KiB each.
# Needs e2fsprogs xfsprogs btrfs-progs dosfstools mtools ntfs-3g wimtools qemu-utils python3 (Debian's packages).
# Only ext4-journal, xfs-log and btrfs-lzo need root and a mount.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600
HERE=$(cd "$(dirname "$0")/../../.." && pwd)
TO=$HERE/test/images/fixtures
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
UUID=3f0c9a52-1111-4222-8333-444455556666
TREE=$WORK/tree
mkdir -p "$TREE"/etc "$TREE"/usr/lib "$TREE"/many "$TREE"/deep/a/b/c "$TO"
printf 'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian of the fixtures"\n' >"$TREE/usr/lib/os-release"
ln -s ../usr/lib/os-release "$TREE/etc/os-release"
ln -s "$(printf '/deep/%.0s' $(seq 60))../etc/os-release" "$TREE/long-link"
for n in $(seq 400); do : >"$TREE/many/a-file-with-a-rather-long-name-$n"; done
python3 - "$TREE" <<'PY'
import sys
tree = sys.argv[1]
open(tree + '/deep/a/b/c/pattern', 'wb').write(b''.join(b'%08d\n' % (n // 50) for n in range(40000)))
open(tree + '/deep/short', 'wb').write(b'inline\n')
with open(tree + '/deep/sparse', 'wb') as f:
    for n in range(0, 60, 2):
        f.seek(n * 65536); f.write(b'block %d' % n)
    f.truncate(60 * 65536)
PY
pack() { qemu-img convert -f raw -O qcow2 -c -o cluster_size=4k "$WORK/fs.raw" "$TO/$1.qcow2"; rm "$WORK/fs.raw"; ls -l "$TO/$1.qcow2"; }
ext() { local name=$1; shift; mke2fs -q -U $UUID -L fixture -d "$TREE" "$@" "$WORK/fs.raw" 24M; pack "$name"; }
ext ext2-1k -t ext2 -b 1024
ext ext3-4k -t ext3 -b 4096
ext ext4 -t ext4 -b 4096
ext ext4-inline -t ext4 -O inline_data -I 512
# Copied while mounted, so that the latest changes are only in the journal. Needs root and a loop device.
mke2fs -q -t ext4 -U $UUID -L fixture -b 4096 -J size=4 "$WORK/live.raw" 24M
mkdir "$WORK/live"; mount -o loop "$WORK/live.raw" "$WORK/live"
cp -a "$TREE/." "$WORK/live/"
python3 - "$WORK/live" <<'PY'
import os, sys
for folder, _, files in os.walk(sys.argv[1]):
    for path in (os.path.join(folder, name) for name in files):
        if not os.path.islink(path): os.fsync(os.open(path, os.O_RDONLY))
PY
cp --sparse=always "$WORK/live.raw" "$WORK/fs.raw"; umount "$WORK/live"
pack ext4-journal
# mkfs.xfs writes links that do not fit into an inode without the required header.
python3 - "$TREE" >"$WORK/proto" <<'PY'
import os, sys
def walk(path, indent):
    for name in sorted(os.listdir(path)):
        full = path + '/' + name
        if name == 'long-link': continue
        if os.path.islink(full): print('%s%s l--777 0 0 %s' % (' ' * indent, name, os.readlink(full)))
        elif os.path.isdir(full):
            print('%s%s d--755 0 0' % (' ' * indent, name)); walk(full, indent + 1); print(' ' * indent + '$')
        else: print('%s%s ---644 0 0 %s' % (' ' * indent, name, full))
print('/none\n0 0\nd--755 0 0'); walk(sys.argv[1], 1); print('$\n$')
PY
truncate -s 320M "$WORK/fs.raw"; mkfs.xfs -q -m uuid=$UUID -L fixture -p "$WORK/proto" "$WORK/fs.raw"; pack xfs-v5
truncate -s 320M "$WORK/fs.raw"; mkfs.xfs -q -m crc=0,uuid=$UUID -L fixture -n size=8192 -p "$WORK/proto" "$WORK/fs.raw"; pack xfs-v4
truncate -s 128M "$WORK/fs.raw"; mkfs.btrfs -q -U $UUID -L fixture --rootdir "$TREE" "$WORK/fs.raw"; pack btrfs
# As a machine that stopped leaves it: the tree is only in the log. Needs root and a loop device.
truncate -s 320M "$WORK/live.raw"; mkfs.xfs -q -m uuid=$UUID -L fixture -b size=1024 "$WORK/live.raw"; mount -o loop "$WORK/live.raw" "$WORK/live"
cp -a "$TREE/." "$WORK/live/"
sync -f "$WORK/live"; xfs_io -x -c 'shutdown -f' "$WORK/live"; umount "$WORK/live"; mv "$WORK/live.raw" "$WORK/fs.raw"; pack xfs-log
truncate -s 128M "$WORK/fs.raw"; mkfs.btrfs -q -U $UUID -L fixture "$WORK/fs.raw"; mount -o loop,compress-force=lzo "$WORK/fs.raw" "$WORK/live"
cp -a "$TREE/." "$WORK/live/"; umount "$WORK/live"; pack btrfs-lzo
fat() {
  truncate -s "$2M" "$WORK/fs.raw"; mkfs.vfat -F "$1" -i 12ABCDEF -n FIXTURE "$WORK/fs.raw" >/dev/null
  mcopy -s -i "$WORK/fs.raw" "$TREE/usr" "$TREE/many" "$TREE/deep" ::; pack "fat$1"
}
fat 12 8; fat 16 24; fat 32 64

# NTFS: wimlib writes a tree to an unmounted volume. The file `fragments` has too many runs for one record. On a volume
# with compression, files that ntfscp writes to the root are compressed.
ntfs_volume() { # MIB [OPTIONS…]
  truncate -s "${1}M" "$WORK/fs.raw"; shift
  mkntfs -q -F -L fixture -s 512 -p 0 -H 0 -S 0 "$@" "$WORK/fs.raw" 2>/dev/null >&2
}
serial() { # the volume's serial number is random; it lies in the first and in the last sector
  local last=$(($(stat -c %s "$WORK/fs.raw") - 512 + 72))
  for at in 72 $last; do printf '\xef\xcd\xab\x12\x78\x56\x34\x12' | dd of="$WORK/fs.raw" bs=1 seek="$at" conv=notrunc status=none; done
}
python3 - "$TREE" <<'PY'
import sys
with open(sys.argv[1] + '/deep/fragments', 'wb') as f:
    for n in range(250):
        f.seek(n * 131072); f.write(b'fragment %d' % n)
    f.truncate(250 * 131072)
PY
wimlib-imagex capture "$TREE" "$WORK/tree.wim" --compress=none --quiet 2>/dev/null
ntfs_volume 64; wimlib-imagex apply "$WORK/tree.wim" 1 "$WORK/fs.raw" --quiet 2>/dev/null; serial; pack ntfs
python3 -c 'import random; random.seed(1); open("'"$WORK"'/noise", "wb").write(bytes(random.randrange(256) for _ in range(36000)))'
ntfs_volume 24 -C -c 1024
for file in "$TREE/deep/a/b/c/pattern" "$TREE/deep/sparse" "$WORK/noise"; do ntfscp -q "$WORK/fs.raw" "$file" "$(basename "$file")"; done
serial; pack ntfs-compressed
