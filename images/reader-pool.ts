/** A pool of inspection processes, at most one for each processor. Waiting inspections are served in FIFO order. */
import { availableParallelism } from 'node:os';
import { ReaderProcess, type Reading, type ReadingEnd, type ReadingLimits } from './reader-process.js';

/** Idle time after which a process is stopped: each takes about 60 MiB. */
const IDLE_TIMEOUT_MS = 10_000;
/**
 * When an image has waited this long, another process is started, unless those that run reach it soon. The start of one, and its
 * first hundred images, cost the processor time of several hundred small images.
 */
const START_AFTER_MS = 500;
/** An image waits further if it is reached within this many of those times, by the number of images since it began to wait. */
const MAX_FURTHER_WAITS = 4;

type Reader = Pick<ReaderProcess, 'read' | 'reusable' | 'kill' | 'ref' | 'unref'>;

export class ReaderPool {
  private readonly idle: { readonly reader: Reader; readonly timer: NodeJS.Timeout }[] = [];
  private readonly waiting: (() => void)[] = [];
  private busy = 0;
  /** Images that were read. */
  private completed = 0;

  constructor(
    private readonly limits: ReadingLimits,
    private readonly concurrency = Math.max(2, availableParallelism()),
    private readonly startAfterMs = START_AFTER_MS,
    private readonly start: (limits: ReadingLimits) => Reader = (given) => new ReaderProcess(given),
  ) {}

  async read(reading: Reading): Promise<ReadingEnd> {
    reading.signal?.throwIfAborted();
    await this.waitForTurn(reading.signal);
    try {
      for (;;) {
        const { reader, isReused } = this.acquire();
        try {
          const end = await reader.read(reading);
          // An idle process may have ended, or be killed, just before its next image: that says nothing of the image.
          const mayRepeat = isReused && end.reason === 'exited' && !end.begun && reading.signal?.aborted !== true;
          if (!mayRepeat) return end;
        } finally {
          this.release(reader);
        }
      }
    } finally {
      this.completed += 1;
      // The next image takes over this turn.
      const next = this.waiting.shift();
      if (next === undefined) this.busy -= 1;
      else next();
    }
  }

  private async waitForTurn(signal: AbortSignal | undefined): Promise<void> {
    const mayStart = () => this.busy < this.concurrency;
    if (mayStart() && (this.busy === 0 || this.idle.length > 0)) {
      this.busy += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const takeOver = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const leave = () => this.waiting.splice(this.waiting.indexOf(takeOver), 1);
      const onAbort = () => {
        clearTimeout(timer);
        leave();
        reject(signal?.reason);
      };
      let before = this.completed;
      const tryToStart = () => {
        // All processes are in use: the next one that is free takes it.
        if (!mayStart()) return;
        const inOneWait = this.completed - before;
        before = this.completed;
        if (this.waiting.indexOf(takeOver) < inOneWait * MAX_FURTHER_WAITS) {
          timer = setTimeout(tryToStart, this.startAfterMs);
          return;
        }
        this.busy += 1;
        // Not to this image, before which others wait.
        const first = this.waiting.shift();
        if (first !== takeOver) timer = setTimeout(tryToStart, this.startAfterMs);
        first?.();
      };
      let timer = setTimeout(tryToStart, this.startAfterMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(takeOver);
    });
  }

  private acquire(): { readonly reader: Reader; readonly isReused: boolean } {
    for (let next = this.idle.pop(); next !== undefined; next = this.idle.pop()) {
      clearTimeout(next.timer);
      if (!next.reader.reusable) continue;
      next.reader.ref();
      return { reader: next.reader, isReused: true };
    }
    return { reader: this.start(this.limits), isReused: false };
  }

  private release(reader: Reader): void {
    if (!reader.reusable) {
      reader.kill();
      return;
    }
    reader.unref();
    const timer = setTimeout(() => {
      this.idle.splice(
        this.idle.findIndex((entry) => entry.reader === reader),
        1,
      );
      reader.kill();
    }, IDLE_TIMEOUT_MS);
    timer.unref();
    this.idle.push({ reader, timer });
  }
}
