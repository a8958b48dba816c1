/** Progress of a phase: bytes, speed and ETA. Written to the record at most once a second. */
import type { Phase, Progress } from '../domain/import.js';

const WRITE_EVERY_MS = 1_000;
/** A phase that ends sooner writes no progress. */
const FIRST_WRITE_MS = 250;
/** Weight of the newest second in the smoothed speed. */
const NEWEST = 0.3;

type Measured = Omit<Progress, 'phase' | 'bytesPerSecond' | 'etaSeconds'>;

export class ProgressReporter {
  private last: { readonly at: number; readonly bytes: number } | null = null;
  private bytesPerSecond: number | null = null;
  private pending: Measured | null = null;
  private timer: NodeJS.Timeout | null = null;
  private writing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly phase: Phase,
    private readonly write: (progress: Progress) => Promise<unknown>,
  ) {}

  /** @returns the progress with the speed as last measured */
  report(measured: Measured): Measured & Pick<Progress, 'bytesPerSecond'> {
    this.pending = measured;
    this.timer ??= setTimeout(() => this.send(), this.last === null ? FIRST_WRITE_MS : WRITE_EVERY_MS);
    return { ...measured, bytesPerSecond: this.bytesPerSecond === null ? null : Math.round(this.bytesPerSecond) };
  }

  /** Writes the pending progress, so that a stopped phase shows how far it got. */
  async flush(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.send();
    await this.writing;
  }

  /** Discards the pending progress: the next phase starts immediately. */
  async drop(): Promise<void> {
    if (this.timer !== null) clearTimeout(this.timer);
    this.pending = null;
    await this.writing;
  }

  private send(): void {
    this.timer = null;
    const measured = this.pending;
    if (measured === null) return;
    this.pending = null;
    const now = Date.now();
    const bytes = measured.bytesDone ?? 0;
    if (this.last !== null && now > this.last.at) {
      const speed = ((bytes - this.last.bytes) * 1_000) / (now - this.last.at);
      this.bytesPerSecond =
        this.bytesPerSecond === null ? speed : this.bytesPerSecond * (1 - NEWEST) + Math.max(0, speed) * NEWEST;
    }
    this.last = { at: now, bytes };
    const speed = measured.bytesDone === null ? null : this.bytesPerSecond;
    const remaining =
      measured.bytesTotal === null || measured.bytesDone === null ? null : measured.bytesTotal - measured.bytesDone;
    const progress: Progress = {
      ...measured,
      phase: this.phase,
      bytesPerSecond: speed === null ? null : Math.round(speed),
      etaSeconds: speed === null || speed <= 0 || remaining === null ? null : Math.ceil(remaining / speed),
    };
    // A failed progress write is ignored: the next write includes the same progress.
    this.writing = this.writing.then(() => this.write(progress)).catch(() => undefined);
  }
}
