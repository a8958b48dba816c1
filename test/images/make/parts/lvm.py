"""Writes an LVM2 physical volume that holds files as linear logical volumes: lvm.py TARGET GROUP NAME=FILE…

The layout is that of pvcreate and vgcreate: label in sector 1, one metadata area from 4 KiB to 1 MiB, extents of 4 MiB.
"""
import os
import struct
import sys
import zlib

EXTENT = 4 * 1024 * 1024
START = 1024 * 1024
AREA = 4096, START - 4096


def crc(data: bytes) -> int:
    return zlib.crc32(data, 0xF597A6CF ^ 0xFFFFFFFF) ^ 0xFFFFFFFF


def dashed(uuid: str) -> str:
    at = [0, 6, 10, 14, 18, 22, 26, 32]
    return "-".join(uuid[a:b] for a, b in zip(at, at[1:]))


def main() -> None:
    target, group, *volumes = sys.argv[1:]
    pv_id = "PVtestimage0000000000000000000A1"
    lvs, copies, extent = [], [], 0
    for index, spec in enumerate(volumes):
        name, file = spec.split("=", 1)
        count = -(-os.path.getsize(file) // EXTENT)
        lvs.append(
            f"""{name} {{
id = "{dashed(f'LVtestimage{index:021d}')}"
status = ["READ", "WRITE", "VISIBLE"]
flags = []
segment_count = 1
segment1 {{
start_extent = 0
extent_count = {count}
type = "striped"
stripe_count = 1
stripes = [
"pv0", {extent}
]
}}
}}
"""
        )
        copies.append((file, START + extent * EXTENT))
        extent += count
    size = START + extent * EXTENT
    text = f"""{group} {{
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
pv0 {{
id = "{dashed(pv_id)}"
device = "/dev/sda3"
status = ["ALLOCATABLE"]
flags = []
dev_size = {size // 512}
pe_start = {START // 512}
pe_count = {extent}
}}
}}
logical_volumes {{
{''.join(lvs)}}}
}}
# Generated for a test image
contents = "Text Format Volume Group"
version = 1
""".encode() + b"\0"
    pv = pv_id.encode() + struct.pack("<Q", size)
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
    for file, at in copies:
        os.system(f"dd if='{file}' of='{target}' bs=1M seek={at // 1048576} conv=sparse,notrunc status=none")


main()
