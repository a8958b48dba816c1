/** A pool of inspection processes, one for each processor. Waiting inspections are served in FIFO order. */
import { availableParallelism } from 'node:os';
import { ReaderProcess, type Reading, type ReadingEnd, type ReadingLimits } from './reader-process.js';

/** Idle time after which a process is stopped: each takes about 60 MiB. */
const IDLE_TIMEOUT_MS = 10_000;

export class ReaderPool {
  private readonly idle: { readonly reader: ReaderProcess; readonly timer: NodeJS.Timeout }[] = [];
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(
    private readonly limits: ReadingLimits,
    private readonly concurrency = Math.max(2, availableParallelism()),
  ) {}

  async read(reading: Reading): Promise<ReadingEnd> {
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
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  private async waitForTurn(signal: AbortSignal | undefined): Promise<void> {
    while (this.busy >= this.concurrency) {
      await new Promise<void>((resolve, reject) => {
        const settled = () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = () => {
          this.waiting.splice(this.waiting.indexOf(settled), 1);
          reject(signal?.reason);
        };
        signal?.addEventListener('abort', onAbort, { once: true });
        this.waiting.push(settled);
      });
    }
    this.busy += 1;
  }

  private acquire(): { readonly reader: ReaderProcess; readonly isReused: boolean } {
    for (let next = this.idle.pop(); next !== undefined; next = this.idle.pop()) {
      clearTimeout(next.timer);
      if (!next.reader.reusable) continue;
      next.reader.ref();
      return { reader: next.reader, isReused: true };
    }
    return { reader: new ReaderProcess(this.limits), isReused: false };
  }

  private release(reader: ReaderProcess): void {
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
