/** Notices a source that sends so slowly that its upload needs no share of the link: it gives its permit to another upload. */
import type { SourceReader } from '../../sources/source.js';

/** Below this rate, a source is slow. */
export interface SlowLimits {
  readonly bytesPerSecond: number;
  /** The rate is measured over this time of waiting for the source, in ms. */
  readonly windowMs: number;
}

export const SLOW_LIMITS: SlowLimits = { bytesPerSecond: 128 * 1024, windowMs: 10_000 };
const CHECKS_PER_WINDOW = 10;

/** The same source. Calls `onSlow` once, when the source is slow. */
export function watchRate(source: SourceReader, onSlow: () => void, limits: SlowLimits): SourceReader {
  if (!source.remote) return source;
  const { bytesPerSecond, windowMs } = limits;
  let waiting = 0;
  let since = 0;
  let waitedMs = 0;
  let bytes = 0;
  let timer: NodeJS.Timeout | null = null;
  let isSlow = false;

  const account = () => {
    const now = performance.now();
    if (waiting > 0) waitedMs += now - since;
    since = now;
  };
  const check = () => {
    account();
    if (waitedMs < windowMs) return;
    isSlow = (bytes * 1000) / waitedMs < bytesPerSecond;
    waitedMs = 0;
    bytes = 0;
    if (!isSlow) return;
    stop();
    onSlow();
  };
  const stop = () => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  const begin = () => {
    account();
    waiting += 1;
    if (timer === null && !isSlow) timer = setInterval(check, windowMs / CHECKS_PER_WINDOW).unref();
  };
  const end = () => {
    account();
    waiting -= 1;
    if (waiting === 0) stop();
  };

  return {
    ...source,
    async *read(offset, length, buffers, signal) {
      const chunks = source.read(offset, length, buffers, signal)[Symbol.asyncIterator]();
      try {
        for (;;) {
          begin();
          const next = await chunks.next().finally(end);
          if (next.done === true) return;
          bytes += next.value.byteLength;
          yield next.value;
        }
      } finally {
        await chunks.return?.();
      }
    },
  };
}
