/** What the guest wrote to its serial console: the beginning and the end of it, however much it was. */
const HEAD = 512 * 1024;
const TAIL = 512 * 1024;
/** Enough to see how it stands now. */
const RECENT = 64 * 1024;

export interface ConsoleLog {
  add(chunk: Buffer): void;
  /** All bytes that were written, kept or not. */
  size(): number;
  recent(): Buffer;
  bytes(): Buffer;
}

export function consoleLog(): ConsoleLog {
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);
  let size = 0;
  return {
    add(chunk) {
      size += chunk.length;
      const room = Math.min(HEAD - head.length, chunk.length);
      if (room > 0) head = Buffer.concat([head, chunk.subarray(0, room)]);
      if (room < chunk.length) tail = Buffer.concat([tail, chunk.subarray(room)]).subarray(-TAIL);
    },
    size: () => size,
    recent: () => Buffer.concat([head.subarray(-RECENT), tail.subarray(-RECENT)]).subarray(-RECENT),
    bytes() {
      const left = size - head.length - tail.length;
      const gap = left > 0 ? Buffer.from(`\n[${left} bytes are left out here]\n`) : Buffer.alloc(0);
      return Buffer.concat([head, gap, tail]);
    },
  };
}
