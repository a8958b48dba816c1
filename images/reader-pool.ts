/** Readers for as many images at once as there are processors; those that wait for a free one wait in turn. */
import { availableParallelism } from 'node:os';
import { ReaderProcess, type Reading, type ReadingEnd, type ReadingLimits } from './reader-process.js';

/** A reader that nobody needs for so long is let go: it holds some 60 MiB. */
const IDLE_MS = 10_000;

export class ReaderPool {
  private readonly idle: { readonly reader: ReaderProcess; readonly timer: NodeJS.Timeout }[] = [];
  private readonly waiting: (() => void)[] = [];
  private busy = 0;

  constructor(
    private readonly limits: ReadingLimits,
    private readonly atOnce = Math.max(2, availableParallelism()),
  ) {}

  async read(reading: Reading): Promise<ReadingEnd> {
    await this.turn(reading.signal);
    const reader = this.take();
    try {
      return await reader.read(reading);
    } finally {
      this.putBack(reader);
      this.busy -= 1;
      this.waiting.shift()?.();
    }
  }

  private async turn(signal: AbortSignal | undefined): Promise<void> {
    while (this.busy >= this.atOnce) {
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

  private take(): ReaderProcess {
    for (let next = this.idle.pop(); next !== undefined; next = this.idle.pop()) {
      clearTimeout(next.timer);
      if (!next.reader.reusable) continue;
      next.reader.wake();
      return next.reader;
    }
    return new ReaderProcess(this.limits);
  }

  private putBack(reader: ReaderProcess): void {
    if (!reader.reusable) {
      reader.end();
      return;
    }
    reader.rest();
    const timer = setTimeout(() => {
      this.idle.splice(
        this.idle.findIndex((one) => one.reader === reader),
        1,
      );
      reader.end();
    }, IDLE_MS);
    timer.unref();
    this.idle.push({ reader, timer });
  }
}
