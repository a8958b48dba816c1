/** A step for functions that only write to the record. */
import type { Step } from '../../../../activities/step.js';
import type { StepWrite } from '../../../../store/step-write.js';

export function quietStep(write: StepWrite): Step {
  return {
    ...write,
    signal: new AbortController().signal,
    sleep: async () => undefined,
    report: () => undefined,
    unchangedMs: () => 0,
    onRetry: () => undefined,
    started: null,
    repeated: false,
    requireCurrent: async () => undefined,
    log: () => undefined,
  };
}
