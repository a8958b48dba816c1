/**
 * What a step writes to the record later: with its next entry of the ledger, at its end, or after a second. Most steps take
 * less, so that all of it is one statement.
 */
import type { ChangeCall } from '../alibaba/change-lease.js';
import type { ImportStore } from '../store/imports.js';
import { PendingNotes } from '../store/step-notes.js';
import type { StepWrite } from '../store/step-write.js';

const WRITE_WITHIN_MS = 1_000;

export class LaterWrites {
  readonly pending = new PendingNotes(() => this.schedule());
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly store: Pick<ImportStore, 'flush'>,
    private readonly step: Pick<StepWrite, 'importId' | 'version' | 'phase'>,
  ) {}

  /** Records a call that has changed the cloud, for audits. */
  readonly called = (call: ChangeCall): void => {
    const made = { at: new Date().toISOString(), phase: this.step.phase, ...call };
    this.pending.add({ kind: 'calls', calls: [made] });
  };

  /** Throws if a newer step or attempt has begun. */
  async write(step: StepWrite): Promise<void> {
    this.stop();
    await this.store.flush(step);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => {
      this.timer = null;
      const step = { ...this.step, pending: this.pending };
      // After an error, the step's next write includes it. A superseded step fails at its next write.
      this.store.flush(step).catch(() => undefined);
    }, WRITE_WITHIN_MS);
  }
}
