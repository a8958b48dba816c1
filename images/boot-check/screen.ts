/** The emulated screen: screenshots as PNG, and text from the VGA text buffer. */
import { crc32, deflateSync } from 'node:zlib';
import { UnreadableError } from '../bytes.js';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** RGB, three bytes per pixel. */
  readonly pixels: Buffer;
}

const MAX_SIDE = 8192;

/** Parses QEMU's screendump, a binary PPM. */
export function parsePpm(bytes: Buffer): Picture {
  const header = /^P6\s(\d{1,5})\s(\d{1,5})\s255\s/.exec(bytes.toString('latin1', 0, 32));
  const width = Number(header?.[1]);
  const height = Number(header?.[2]);
  if (header === null || !(width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE)) {
    throw new UnreadableError('the screen dump is not a PPM image');
  }
  const pixels = bytes.subarray(header[0].length);
  if (pixels.length < width * height * 3) throw new UnreadableError('the screen dump is truncated');
  return { width, height, pixels: pixels.subarray(0, width * height * 3) };
}

export function png({ width, height, pixels }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // Bit depth 8, colour type 2 (RGB).
  header.writeUInt8(8, 8);
  header.writeUInt8(2, 9);
  const rows = Buffer.alloc((width * 3 + 1) * height);
  for (let row = 0; row < height; row += 1) {
    pixels.copy(rows, row * (width * 3 + 1) + 1, row * width * 3, (row + 1) * width * 3);
  }
  return Buffer.concat([
    Buffer.from('89504e470d0a1a0a', 'hex'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}

export const TEXT_SCREEN = { address: 0xb8000, bytes: 80 * 25 * 2 } as const;
/** Resolution of the 80 × 25 text mode. In other modes the text buffer has no text. */
const TEXT_MODE = { width: 720, height: 400 };

export function isTextMode({ width, height }: Picture): boolean {
  return width === TEXT_MODE.width && height === TEXT_MODE.height;
}

/** Decodes the text buffer: 25 lines of 80 cells, each a character and its attributes. */
export function screenText(memory: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at + 160 <= memory.length; at += 160) {
    const characters = Array.from({ length: 80 }, (_, column) => {
      const code = memory[at + column * 2] ?? 0;
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ' ';
    });
    lines.push(characters.join('').trimEnd());
  }
  return lines.join('\n').trimEnd();
}
