/** Kernels and initramfs of all compressions, whole, cut off and damaged, as the programs make them. */
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { bzip2Pieces } from '../../images/compression/bzip2.js';
import { readInitramfs } from '../../images/compression/cpio.js';
import { kernelFormatOf } from '../../images/compression/kernel-formats.js';
import { kernelState } from '../../images/guest/boot/kernel-image.js';
import { guestTree } from '../../images/guest/tree.js';
import { cpioOf, kernelImage, memoryFileSystem } from '../support/images/guest-files.js';
import { efiProgram } from '../support/images/made-efi.js';

/** The commands of the kernel's build (scripts/Makefile.lib) and of mkinitramfs. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  gzip: ['gzip', '-n', '-f', '-9'],
  bzip2: ['bzip2', '-9'],
  lzma: ['lzma', '-9'],
  lzo: ['lzop', '-9'],
  lz4: ['lz4', '-l', '-9'],
  xz: ['xz', '--check=crc32', '--lzma2=dict=1MiB'],
  zstd: ['zstd', '-19'],
};

function compress(name: string, input: Buffer): Buffer {
  const [program = '', ...args] = PROGRAMS[name] ?? [];
  return execFileSync(program, [...args, '-c'], { input, stdio: ['pipe', 'pipe', 'ignore'], maxBuffer: 2 ** 28 });
}

/** Repeats itself in part, as programs do. */
function code(length: number, start: string): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 12_345;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = at > 4_096 && (state & 0x70000) !== 0 ? (bytes[at - 4_000] ?? 0) : state >>> 24;
  }
  bytes.write(start, 0, 'latin1');
  return bytes;
}

function flipped(bytes: Buffer, at = bytes.length >> 1): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
  return copy;
}

function decompressed(bytes: Buffer): { readonly content: Buffer; readonly end: number } {
  const pieces = kernelFormatOf(bytes)?.decompress(bytes, { maxBytes: 2 ** 26 });
  if (pieces === undefined) throw new Error('no known format');
  const content: Buffer[] = [];
  for (;;) {
    const { done, value } = pieces.next();
    if (done === true) return { content: Buffer.concat(content), end: value };
    content.push(Buffer.from(value));
  }
}

describe.each(Object.keys(PROGRAMS))('%s', (name) => {
  test.each([
    ['nothing', Buffer.alloc(0)],
    ['one byte', Buffer.from('x')],
    ['bytes that repeat', Buffer.alloc(1_200_000, 'aaaaaaaab')],
    ['zeros', Buffer.alloc(2_000_000)],
    ['code', code(1_000_000, '')],
  ])('%s → the same bytes, and where other data follow', (_, input) => {
    const bytes = compress(name, input);
    const more = name === 'lz4' ? Buffer.alloc(8) : Buffer.concat([Buffer.alloc(8), Buffer.from('070701')]);
    const { content, end } = decompressed(Buffer.concat([bytes, more]));
    expect(content.equals(input)).toBe(true);
    // Padding of an xz stream belongs to it.
    expect(name === 'xz' ? end - 8 : end).toBe(bytes.length);
  });

  test('an initramfs after microcode and before another archive → all names', () => {
    const main = compress(name, cpioOf(['init', 'bin/sh'], { init: code(300_000, '') }));
    const image = Buffer.concat([cpioOf(['early']), main, Buffer.alloc(-main.length & 511), cpioOf(['late'])]);
    expect(readInitramfs(image)).toMatchObject({
      ...{ names: ['early', 'init', 'bin/sh', 'late'], compression: name, problem: null, content: 'read' },
    });
  });

  test.each([0.3, 0.9])('an initramfs that is cut off after %f of its bytes → a problem', (part) => {
    const main = compress(name, cpioOf(['a', 'init', 'b'], { a: code(300_000, ''), b: code(300_000, '') }));
    for (const early of [Buffer.alloc(0), cpioOf(['early'])]) {
      const { problem, content } = readInitramfs(Buffer.concat([early, main.subarray(0, main.length * part)]));
      expect(problem).not.toBeNull();
      expect(content).toMatch(/^(ends early|not read)$/);
    }
  });

  const kernels = {
    bzImage: () => bzImage(name, code(400_000, '\x7fELF')),
    'EFI zboot': () => zboot(name, arm64Image()),
  };
  test.each(Object.entries(kernels))('%s: whole → whole; cut off → damaged; changed → not whole', (kind, make) => {
    const image = make();
    const architecture = kind === 'bzImage' ? 'x86_64' : 'arm64';
    const state = (bytes: Buffer) =>
      kernelState(
        guestTree([{ at: '/', fileSystem: memoryFileSystem({ '/k': bytes }, null) }]),
        '/k',
        architecture,
        true,
      );
    expect(state(image).kind).toBe('whole');
    expect(state(image.subarray(0, image.length >> 1)).kind).toBe('damaged');
    // LZ4 has no checksum.
    if (name !== 'lz4') expect(state(flipped(image)).kind).toBe('damaged');
    const random = Buffer.concat([image.subarray(0, 4_096), code(image.length - 4_096, '')]);
    expect(state(random).kind).not.toBe('whole');
    const wrongSize = Buffer.from(image);
    wrongSize.writeUInt32LE(7, payloadEnd(image, kind) - 4);
    expect(state(wrongSize).kind).toBe('damaged');
  });
});

/** As the kernel's build adds it to every compression but gzip, which has it. */
const withSize = (name: string, compressed: Buffer, size: number): Buffer => {
  const end = Buffer.alloc(4);
  end.writeUInt32LE(size);
  return name === 'gzip' ? compressed : Buffer.concat([compressed, end]);
};

function bzImage(name: string, content: Buffer): Buffer {
  const payload = withSize(name, compress(name, content), content.length);
  const head = kernelImage('6.1.0');
  const image = Buffer.concat([head, payload, Buffer.alloc(-payload.length & 15)]);
  image.writeUInt32LE((image.length - 1024) / 16, 0x1f4);
  image.writeUInt32LE(head.length - 1024, 0x248);
  image.writeUInt32LE(payload.length, 0x24c);
  return image;
}

function arm64Image(): Buffer {
  const image = code(400_000, 'MZ');
  image.write('ARM\x64', 56, 'latin1');
  return image;
}

const ZBOOT_TYPES: Readonly<Record<string, string>> = { xz: 'xzkern', zstd: 'zstd22' };

function zboot(name: string, content: Buffer): Buffer {
  const compressed = compress(name, content);
  const image = efiProgram({ '.gzdata': withSize(name, compressed, content.length), '.text': code(4_096, '') }, 0xaa64);
  const at = image.indexOf(compressed);
  image.write('zimg', 4, 'latin1');
  image.writeUInt32LE(at, 8);
  image.writeUInt32LE(compressed.length, 12);
  image.write(`${ZBOOT_TYPES[name] ?? name}\0`, 24, 'latin1');
  return image;
}

function payloadEnd(image: Buffer, kind: string): number {
  if (kind === 'bzImage') return 1024 + image.readUInt32LE(0x248) + image.readUInt32LE(0x24c);
  const isGzip = image.toString('latin1', 24, 28) === 'gzip';
  return image.readUInt32LE(8) + image.readUInt32LE(12) + (isGzip ? 0 : 4);
}

test('a bzip2 block of every level, and one with a wrong checksum → the content, or damage', () => {
  const input = code(250_000, '');
  for (const level of [1, 5, 9]) {
    const bytes = execFileSync('bzip2', [`-${level}`, '-c'], { input, maxBuffer: 2 ** 26 });
    expect(Buffer.concat([...bzip2Pieces(bytes)].map((piece) => Buffer.from(piece))).length).toBeGreaterThan(0);
    expect(() => [...bzip2Pieces(flipped(bytes, 12))]).toThrow('checksum');
  }
});
