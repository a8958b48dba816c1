/** Records the calls with which a step has changed the cloud, for audits. */
import type { ChangeCall } from '../alibaba/change-lease.js';
import type { CallFacts } from '../domain/import-facts.js';
import type { ImportStore } from '../store/imports.js';
import type { StepWrite } from '../store/step-write.js';

export class CallRecorder {
  private unwritten: CallFacts[] = [];

  constructor(
    private readonly store: Pick<ImportStore, 'recordCalls'>,
    private readonly step: StepWrite,
  ) {}

  readonly add = (call: ChangeCall): void => {
    this.unwritten.push({ at: new Date().toISOString(), phase: this.step.phase, ...call });
  };

  /** Never fails the step: its effect matters more than its trace, and the log of the cloud has the calls too. */
  async write(): Promise<void> {
    const calls = this.unwritten.splice(0);
    if (calls.length === 0) return;
    await this.store.recordCalls(this.step.importId, calls).catch(() => undefined);
  }
}
