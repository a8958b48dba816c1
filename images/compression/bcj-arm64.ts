/** The ARM64 filter of xz: compressors make the targets of BL and ADRP instructions absolute; this makes them relative again. */
import type { StreamFilter } from './bcj-x86.js';

const INSTRUCTION = 4;

export function arm64Filter(startOffset: number): StreamFilter {
  let position = startOffset | 0;
  let pending: Buffer = Buffer.alloc(0);
  return {
    push(piece) {
      const bytes = Buffer.concat([pending, piece]);
      const complete = bytes.length - (bytes.length % INSTRUCTION);
      for (let at = 0; at < complete; at += INSTRUCTION) {
        const instruction = bytes.readInt32LE(at);
        const converted = relative(instruction, (position + at) | 0);
        if (converted !== instruction) bytes.writeInt32LE(converted, at);
      }
      position = (position + complete) | 0;
      pending = bytes.subarray(complete);
      return bytes.subarray(0, complete);
    },
    end: () => pending,
  };
}

function relative(instruction: number, position: number): number {
  if (instruction >>> 26 === 0x25) return 0x94000000 | ((instruction - (position >>> 2)) & 0x03ffffff) | 0;
  if ((instruction & 0x9f000000) >>> 0 !== 0x90000000) return instruction;
  const source = ((instruction >>> 29) & 3) | ((instruction >>> 3) & 0x001ffffc);
  // The filter converts only targets within 512 MiB.
  if (((source + 0x00020000) & 0x001c0000) !== 0) return instruction;
  const target = source - (position >>> 12);
  const sign = -(target & 0x00020000) & 0x00e00000;
  return (instruction & 0x9000001f) | ((target & 3) << 29) | ((target & 0x0003fffc) << 3) | sign;
}
