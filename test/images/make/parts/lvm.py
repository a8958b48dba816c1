"""Writes an LVM2 physical volume that holds files as logical volumes: lvm.py TARGET GROUP SPEC…

SPEC is NAME=FILE (linear), NAME=raid1:FILE (both copies are here), NAME=half:FILE (the second copy is on a physical volume
that is missing) or NAME=thin:FILE:METADATA (the only volume of the thin pool `pool`; METADATA is written by thin_restore,
with blocks of 64 KiB). The layout is that of pvcreate and vgcreate: label in sector 1, one metadata area from 4 KiB to
1 MiB, extents of 4 MiB.
"""
import os
import struct
import sys
import zlib

EXTENT = 4 * 1024 * 1024
START = 1024 * 1024
AREA = 4096, START - 4096
PV_ID = "PVtestimage0000000000000000000A1"
MISSING_ID = "PVtestimage0000000000000000000A2"


def crc(data: bytes) -> int:
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def dashed(uuid: str) -> str:
    at = [0, 6, 10, 14, 18, 22, 26, 32]
    return "-".join(uuid[a:b] for a, b in zip(at, at[1:]))


class Group:
    """The metadata of the volumes, and what is copied where."""

    def __init__(self) -> None:
        self.sections: list[str] = []
        self.copies: list[tuple[str, int]] = []
        self.extent = 0
        self.missing = 0

    def add(self, name: str, visible: bool, segment: str) -> None:
        status = '"READ", "WRITE"' + (', "VISIBLE"' if visible else "")
        uuid = dashed(f"LVtestimage{len(self.sections):021d}")
        self.sections.append(
            f'{name} {{\nid = "{uuid}"\nstatus = [{status}]\nflags = []\nsegment_count = 1\n'
            f"segment1 {{\nstart_extent = 0\n{segment}\n}}\n}}\n"
        )

    def linear(self, name: str, count: int, visible: bool, file: str | None, missing: bool = False) -> None:
        first = self.missing if missing else self.extent
        physical = "pv1" if missing else "pv0"
        stripes = f'type = "striped"\nstripe_count = 1\nstripes = [\n"{physical}", {first}\n]'
        self.add(name, visible, f"extent_count = {count}\n{stripes}")
        if file is not None and not missing:
            self.copies.append((file, START + first * EXTENT))
        if missing:
            self.missing += count
        else:
            self.extent += count

    def mirrored(self, name: str, file: str, count: int, half: bool) -> None:
        parts = ", ".join(f'"{name}_rmeta_{leg}", "{name}_rimage_{leg}"' for leg in (0, 1))
        self.add(name, True, f'extent_count = {count}\ntype = "raid1"\ndevice_count = 2\nregion_size = 4096\nraids = [\n{parts}\n]')
        for leg in (0, 1):
            self.linear(f"{name}_rmeta_{leg}", 1, False, None, half and leg == 1)
            self.linear(f"{name}_rimage_{leg}", count, False, file, half and leg == 1)

    def thin(self, name: str, file: str, metadata: str, count: int) -> None:
        pool = 'type = "thin-pool"\nmetadata = "pool_tmeta"\npool = "pool_tdata"\ntransaction_id = 1\nchunk_size = 128\ndiscards = "passdown"\nzero_new_blocks = 1'
        self.add("pool", True, f"extent_count = {count}\n{pool}")
        thin = 'type = "thin"\nthin_pool = "pool"\ntransaction_id = 0\ndevice_id = 1'
        self.add(name, True, f"extent_count = {count}\n{thin}")
        self.linear("pool_tmeta", 1, False, metadata)
        self.linear("pool_tdata", count, False, file)


def physical(name: str, uuid: str, extents: int) -> str:
    return f"""{name} {{
id = "{dashed(uuid)}"
device = "/dev/sda3"
status = ["ALLOCATABLE"]
flags = []
dev_size = {(START + extents * EXTENT) // 512}
pe_start = {START // 512}
pe_count = {extents}
}}
"""


def main() -> None:
    target, name, *volumes = sys.argv[1:]
    group = Group()
    for spec in volumes:
        volume, value = spec.split("=", 1)
        kind, _, rest = value.partition(":") if ":" in value else ("linear", "", value)
        file, _, metadata = rest.partition(":")
        count = -(-os.path.getsize(file) // EXTENT)
        if kind == "linear":
            group.linear(volume, count, True, file)
        elif kind == "thin":
            group.thin(volume, file, metadata, count)
        else:
            group.mirrored(volume, file, count, kind == "half")
    size = START + group.extent * EXTENT
    others = physical("pv1", MISSING_ID, group.missing) if group.missing > 0 else ""
    text = f"""{name} {{
id = "{dashed('VGtestimage000000000000000000001')}"
seqno = 2
format = "lvm2"
status = ["RESIZEABLE", "READ", "WRITE"]
flags = []
extent_size = {EXTENT // 512}
max_lv = 0
max_pv = 0
metadata_copies = 0
physical_volumes {{
{physical('pv0', PV_ID, group.extent)}{others}}}
logical_volumes {{
{''.join(group.sections)}}}
}}
# Generated for a test image
contents = "Text Format Volume Group"
version = 1
""".encode() + b"\0"
    pv = PV_ID.encode() + struct.pack("<Q", size)
    pv += struct.pack("<QQQQ", START, 0, 0, 0) + struct.pack("<QQQQ", *AREA, 0, 0)
    pv += struct.pack("<IIQQ", 2, 1, 0, 0)
    tail = (struct.pack("<I", 32) + b"LVM2 001" + pv).ljust(512 - 20, b"\0")
    label = b"LABELONE" + struct.pack("<QI", 1, crc(tail)) + tail
    location = struct.pack("<QQII", 512, len(text), crc(text), 0)
    head = (b" LVM2 x[5A%r0N*>" + struct.pack("<IQQ", 1, *AREA) + location).ljust(512 - 4, b"\0")
    with open(target, "wb") as out:
        out.truncate(size)
        out.seek(512)
        out.write(label)
        out.seek(AREA[0])
        out.write(struct.pack("<I", crc(head)) + head + text)
    for file, at in group.copies:
        os.system(f"dd if='{file}' of='{target}' bs=1M seek={at // 1048576} conv=sparse,notrunc status=none")


main()
