#!/usr/bin/env bash
# Makes test/images/fixtures/*.qcow2: one small tree in every file system that the inspection reads, a few KiB each.
# Needs e2fsprogs xfsprogs btrfs-progs dosfstools mtools qemu-utils python3 (Debian's packages). No mount, no root.
set -euo pipefail
export LC_ALL=C SOURCE_DATE_EPOCH=1767225600
HERE=$(cd "$(dirname "$0")/.." && pwd)
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
# mkfs.xfs writes links that are longer than an inode without their header.
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
fat() {
  truncate -s "$2M" "$WORK/fs.raw"; mkfs.vfat -F "$1" -i 12ABCDEF -n FIXTURE "$WORK/fs.raw" >/dev/null
  mcopy -s -i "$WORK/fs.raw" "$TREE/usr" "$TREE/many" "$TREE/deep" ::; pack "fat$1"
}
fat 12 8; fat 16 24; fat 32 64
