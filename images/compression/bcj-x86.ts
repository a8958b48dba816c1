/** The x86 filter of xz: compressors make the targets of jumps absolute; this makes them relative again. */

export interface StreamFilter {
  /** The bytes of the content that are complete. */
  push(piece: Buffer): Buffer;
  /** The last bytes, which have no jump. */
  end(): Buffer;
}

/** A jump is one byte (E8 or E9) and an address of four bytes. */
const ADDRESS = 4;
/** By the bits of `mask`, which has one for each of the three bytes before that looks like a jump. */
const ALLOWED = [true, true, true, false, true, false, false, false];
const BYTE_OF = [0, 1, 2, 2, 3, 3, 3, 3];

export function x86Filter(startOffset: number): StreamFilter {
  let position = startOffset | 0;
  let mask = 0;
  let pending: Buffer = Buffer.alloc(0);

  /** Converts in place. Returns how many bytes are complete. */
  const convert = (bytes: Buffer): number => {
    const end = bytes.length - ADDRESS;
    let before = -1;
    let at = 0;
    for (; at < end; at += 1) {
      if (((bytes[at] ?? 0) & 0xfe) !== 0xe8) continue;
      const distance = at - before;
      before = at;
      mask = distance > 3 ? 0 : (mask << (distance - 1)) & 7;
      if (mask !== 0 && (!ALLOWED[mask] || isSign(bytes[at + ADDRESS - (BYTE_OF[mask] ?? 0)]))) {
        mask = ((mask << 1) | 1) & 7;
        continue;
      }
      if (!isSign(bytes[at + ADDRESS])) {
        mask = ((mask << 1) | 1) & 7;
        continue;
      }
      const target = relative(bytes.readInt32LE(at + 1), (position + at + 1 + ADDRESS) | 0, mask);
      // Bit 24 is the sign.
      bytes.writeInt32LE((target << 7) >> 7, at + 1);
      at += ADDRESS;
    }
    if (at <= 0) return 0;
    const distance = at - before;
    mask = distance > 3 ? 0 : mask << (distance - 1);
    position = (position + at) | 0;
    return at;
  };

  return {
    push(piece) {
      const bytes = Buffer.concat([pending, piece]);
      const complete = convert(bytes);
      pending = bytes.subarray(complete);
      return bytes.subarray(0, complete);
    },
    end: () => pending,
  };
}

function relative(absolute: number, next: number, mask: number): number {
  let source = absolute;
  for (;;) {
    const target = (source - next) | 0;
    if (mask === 0) return target;
    const shift = (BYTE_OF[mask] ?? 0) * 8;
    if (!isSign((target >> (24 - shift)) & 0xff)) return target;
    source = target ^ ((1 << (32 - shift)) - 1);
  }
}

function isSign(byte: number | undefined): boolean {
  return byte === 0 || byte === 0xff;
}
