/** Reads the names in an initramfs in every compression; damaged data result in a problem, not in a crash. */
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bufferSource } from '../../images/bytes.js';
import { readInitramfs } from '../../images/compression/cpio.js';
import { lzmaPieces, xzExtent, xzPieces } from '../../images/compression/xz.js';

function cpio(names: readonly string[], size = 100): Buffer {
  const hex = (value: number) => value.toString(16).padStart(8, '0');
  const entry = (name: string, length: number) => {
    const fields = [0, 0o100644, 0, 0, 1, 0, length, 0, 0, 0, 0, name.length + 1, 0].map(hex).join('');
    const head = Buffer.from(`070701${fields}${name}\0`);
    return Buffer.concat([
      head,
      Buffer.alloc((4 - (head.length % 4)) % 4),
      Buffer.alloc(Math.ceil(length / 4) * 4, 'x'),
    ]);
  };
  return Buffer.concat([...names.map((name) => entry(name, size)), entry('TRAILER!!!', 0), Buffer.alloc(512)]);
}

const NAMES = ['usr/lib/modules/6.1/kernel/drivers/block/virtio_blk.ko', 'init'];

test('reads uncompressed microcode, then a compressed archive', () => {
  const image = Buffer.concat([cpio(['kernel/x86/microcode/GenuineIntel.bin']), gzipSync(cpio(NAMES))]);
  expect(readInitramfs(image)).toMatchObject({
    names: ['kernel/x86/microcode/GenuineIntel.bin', ...NAMES],
    compression: 'gzip',
    problem: null,
  });
});

test('reads an uncompressed archive', () => {
  expect(readInitramfs(cpio(NAMES))).toMatchObject({ names: NAMES, compression: 'none', problem: null });
});

/** `cpio(NAMES)` as `xz --check=crc32 --lzma2=dict=1MiB` and `xz --format=lzma` pack it. */
const XZ: Readonly<Record<string, string>> = {
  xz: [
    '/Td6WFoAAAFpIt42AgAhARAAAACocI6G4ARfAHRdABgN3QRjnRHbQZJa/5KhTYwLKcPTZyO523ziAKWZVQH740XTcf5eq/RF4B0kV3DkvrcI',
    '7/ybjcCN/zroTITBYCBXqlrnA/1jEUGWBS1DYrAVefahtFSPI4AWzIOVHoNc5V2pzj0/u9hXZmk5jM+yL1XhbZ0AAGOO22wAAYwB4AgAAE45',
    'K08+MA2LAgAAAAABWVo=',
  ].join(''),
  lzma: [
    'XQAAgAD//////////wAYDd0EY50R20GSWv+SoU2MCynD02cjudt84gClmVUB++NF03H+Xqv0ReAdJFdw5L63CO/8m43Ajf866EyEwWAgV6pa',
    '5wP9YxFBlgUtQ2KwFXn2obRUjyOAFsyDlR6DXOVdqc49P7vYV2ZpOYzPsi9WSrDA///OsVvV',
  ].join(''),
};

test.each(Object.entries(XZ))(
  'reads an archive compressed with %s, alone and after microcode',
  (compression, compressed) => {
    const bytes = Buffer.from(compressed, 'base64');
    expect(readInitramfs(bytes)).toMatchObject({ names: NAMES, compression, problem: null });
    const second = readInitramfs(Buffer.concat([cpio(['early']), bytes]));
    expect(second).toMatchObject({ names: ['early', ...NAMES], compression, problem: null });
  },
);

/** Text that repeats at all distances up to its size, with some bytes that do not. */
function mixed(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let seed = 1;
  for (let at = 0; at < length; at += 1) {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    const isCopy = (seed >>> 8) % 100 < 90 && at > 0;
    bytes[at] = isCopy ? (bytes[at - 1 - ((seed >>> 16) % Math.min(at, 9_000))] ?? 0) : seed >>> 24;
  }
  return bytes;
}
/** Bytes that the x86 filter converts, and many that it must not. */
function jumps(length: number): Buffer {
  const kinds = [0xe8, 0xe9, 0x00, 0xff, 0x12];
  const bytes = mixed(length);
  for (let at = 0; at < length; at += 1) bytes[at] = (bytes[at] ?? 0) < 200 ? (kinds[(bytes[at] ?? 0) % 5] ?? 0) : 7;
  return bytes;
}
const hasXz = spawnSync('xz', ['--version']).status === 0;

describe.skipIf(!hasXz)('decompresses what xz compressed to the same bytes', () => {
  test.each([
    [xzPieces, '-0 --check=crc32'],
    [xzPieces, '-6 --check=crc64 --block-size=100000 -T1'],
    [xzPieces, '--check=none --lzma2=preset=1,lc=0,lp=4,pb=0'],
    [xzPieces, '--lzma2=preset=1,lc=4,lp=0,pb=4,dict=4KiB'],
    [xzPieces, '--check=crc32 --x86 --lzma2=preset=1'],
    [xzPieces, '--check=crc32 --x86=start=4096 --lzma2=preset=1'],
    [lzmaPieces, '--format=lzma -9'],
    [lzmaPieces, '--format=lzma --lzma1=preset=1,lc=1,lp=3,pb=2,dict=64KiB'],
  ])('%o %s', (pieces, args) => {
    for (const content of [
      mixed(1_500_000),
      jumps(1_000_000),
      Buffer.alloc(3_000_000),
      Buffer.from('x'),
      Buffer.alloc(0),
    ]) {
      const compressed = execFileSync('xz', ['-c', ...args.split(' ')], { input: content, maxBuffer: 8_000_000 });
      const digest = createHash('md5');
      for (const piece of pieces(compressed)) digest.update(piece);
      expect(digest.digest('hex')).toBe(createHash('md5').update(content).digest('hex'));
    }
  });
});

describe('the content size of an xz file', () => {
  const stream = Buffer.from(XZ.xz ?? '', 'base64');
  const size = cpio(NAMES).length;
  test.each([
    ['one stream', [stream], size],
    ['two streams', [stream, stream], 2 * size],
    [
      'three streams with padding',
      [stream, Buffer.alloc(4), stream, Buffer.alloc(512), stream, Buffer.alloc(8)],
      3 * size,
    ],
    ['other bytes after the streams', [stream, stream, Buffer.from('trailing YZ.')], 2 * size],
    ['other bytes before the stream', [Buffer.from('leading.'), stream], null],
  ])('%s', (_name, parts, expected) => {
    expect(xzExtent(bufferSource(Buffer.concat(parts)))?.contentSize ?? null).toBe(expected);
  });
});

test('returns the same names or a problem when one byte of xz data is changed', () => {
  const compressed = Buffer.from(XZ.xz ?? '', 'base64');
  for (let at = 6; at < compressed.length; at += 1) {
    const changed = Buffer.from(compressed);
    changed.writeUInt8((changed[at] ?? 0) ^ 0x55, at);
    const { names, problem } = readInitramfs(changed);
    if (problem === null) expect(names).toEqual(NAMES);
  }
});

test.each([
  ['an empty stream', 'fd377a585a0000', 'xz'],
  ['an empty lzop file', '894c5a4f000d0a1a0a', 'lzo'],
  ['an empty bzip2 file', '425a6839', 'bzip2'],
  ['an unknown format', 'deadbeef', 'unknown'],
])('%s → no names and a problem', (_name, magic, compression) => {
  const result = readInitramfs(Buffer.concat([Buffer.from(magic, 'hex'), Buffer.alloc(99)]));
  expect(result).toMatchObject({ names: [], compression, problem: expect.stringMatching(/./) });
});

test('reports drivers in a nested image as a problem', () => {
  const result = readInitramfs(gzipSync(cpio(['init', 'squash-root.img'])));
  expect(result.problem).toContain('squash-root.img');
});

test('reports an archive that is cut off', () => {
  const compressed = gzipSync(cpio(NAMES));
  expect(readInitramfs(compressed.subarray(0, compressed.length - 20)).problem).not.toBeNull();
});
