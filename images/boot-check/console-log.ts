/** The guest's serial console output: its beginning and its end, in bounded memory. */
const HEAD = 512 * 1024;
const TAIL = 512 * 1024;
/** Enough to detect the current state of the boot. */
const RECENT = 64 * 1024;

export interface ConsoleLog {
  add(chunk: Buffer): void;
  /** Bytes written, including those dropped. */
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
      const omitted = size - head.length - tail.length;
      const gap = omitted > 0 ? Buffer.from(`\n[${omitted} bytes omitted]\n`) : Buffer.alloc(0);
      return Buffer.concat([head, gap, tail]);
    },
  };
}
