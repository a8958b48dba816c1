"""Writes a member of a Linux RAID 1 that holds a file: md.py TARGET VERSION UUID NAME DEVICE MEMBERS FILE.

VERSION is 0.90, 1.0, 1.1 or 1.2; DEVICE is the member's number of MEMBERS. The layout is that of mdadm --create: the
superblock of 1.1 and 1.2 is before the content, which starts at 1 MiB; that of 0.90 and 1.0 is after it.
"""
import os
import struct
import sys

MIB = 1024 * 1024
MAGIC = 0xA92B4EFC
TIME = 1767225600


def words_sum(data: bytes) -> int:
    total = sum(struct.unpack(f"<{len(data) // 4}I", data))
    return ((total & 0xFFFFFFFF) + (total >> 32)) & 0xFFFFFFFF


def version_1(uuid: bytes, name: str, device: int, members: int, size: int, data: int, at: int) -> bytes:
    roles = struct.pack("<128H", *range(members), *[0xFFFF] * (128 - members))
    block = struct.pack("<IIII", MAGIC, 1, 0, 0) + uuid + name.encode().ljust(32, b"\0")
    block += struct.pack("<QiIQII", TIME, 1, 0, size // 512, 0, members) + struct.pack("<I", 0)
    block = block.ljust(128, b"\0") + struct.pack("<QQQQII", data // 512, size // 512, at // 512, 0, device, 0)
    block += bytes([device + 1]) * 16 + b"\0" * 8
    block += struct.pack("<QQQII", TIME, 10, 2**64 - 1, 0, 128)
    block = block.ljust(256, b"\0") + roles
    return block[:216] + struct.pack("<I", words_sum(block)) + block[220:]


def version_0(uuid: bytes, device: int, members: int, size: int) -> bytes:
    set_uuid = struct.unpack(">4I", uuid)
    words = [0] * 1024
    words[0:12] = [MAGIC, 0, 90, 0, 0, set_uuid[0], TIME, 1, size // 1024, members, members, 0]
    words[13:16] = set_uuid[1:]
    # Clean; every member is active and in step.
    words[32:38] = [TIME, 1, members, members, 0, 0]
    words[39] = 10
    for number in range(members):
        words[128 + 32 * number : 133 + 32 * number] = [number, 0, 0, number, 6]
    words[992:997] = [device, 0, 0, device, 6]
    block = struct.pack("<1024I", *words)
    return block[:152] + struct.pack("<I", words_sum(block)) + block[156:]


def main() -> None:
    target, version, digits, name, device, members, file = sys.argv[1:]
    uuid, number, count = bytes.fromhex(digits.replace(":", "")), int(device), int(members)
    size = os.path.getsize(file)
    data = 0 if version in ("0.90", "1.0") else MIB
    at = {"0.90": size, "1.0": size + 56 * 1024, "1.1": 0, "1.2": 4096}[version]
    total = size + (64 * 1024 if data == 0 else MIB)
    block = version_0(uuid, number, count, size) if version == "0.90" else version_1(uuid, name, number, count, size, data, at)
    with open(target, "wb") as out:
        out.truncate(total)
        out.seek(at)
        out.write(block)
    os.system(f"dd if='{file}' of='{target}' bs=1M seek={data // MIB} conv=sparse,notrunc status=none")


main()
