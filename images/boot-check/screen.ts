/** The emulated screen: its picture as PNG, and the letters in the VGA's text memory. */
import { crc32, deflateSync } from 'node:zlib';
import { UnreadableError } from '../bytes.js';

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel. */
  readonly pixels: Buffer;
}

const MAX_SIDE = 8192;

/** QEMU's screendump: a binary PPM. */
export function parsePpm(bytes: Buffer): Picture {
  const header = /^P6\s(\d{1,5})\s(\d{1,5})\s255\s/.exec(bytes.toString('latin1', 0, 32));
  const width = Number(header?.[1]);
  const height = Number(header?.[2]);
  if (header === null || !(width > 0 && height > 0 && width <= MAX_SIDE && height <= MAX_SIDE)) {
    throw new UnreadableError('a screen dump is no PPM');
  }
  const pixels = bytes.subarray(header[0].length);
  if (pixels.length < width * height * 3) throw new UnreadableError('a screen dump ends before its picture');
  return { width, height, pixels: pixels.subarray(0, width * height * 3) };
}

export function png({ width, height, pixels }: Picture): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bits a channel, red, green and blue.
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
/** What a text mode of 80 × 25 looks like as a picture; in other modes that memory holds no letters. */
const TEXT_MODE = { width: 720, height: 400 };

export function isTextMode({ width, height }: Picture): boolean {
  return width === TEXT_MODE.width && height === TEXT_MODE.height;
}

/** A letter and its colour by turns, 25 lines of 80. */
export function screenText(memory: Buffer): string {
  const lines: string[] = [];
  for (let at = 0; at + 160 <= memory.length; at += 160) {
    const letters = Array.from({ length: 80 }, (_, column) => {
      const code = memory[at + column * 2] ?? 0;
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : ' ';
    });
    lines.push(letters.join('').trimEnd());
  }
  return lines.join('\n').trimEnd();
}
