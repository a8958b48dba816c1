/** What everything that belongs to the upload of one disk works with. */
import type { DiskPlan, StepInput } from '../../domain/plan.js';
import type { ActivityDependencies } from '../dependencies.js';
import type { Step } from '../step.js';
import type { DiskProgress } from './work-progress.js';

export interface Sending {
  readonly deps: ActivityDependencies;
  readonly step: Step;
  readonly input: StepInput;
  readonly disk: DiskPlan;
  /** Aborted with the step's, and when another disk of the import has failed. */
  readonly signal: AbortSignal;
  readonly progress: DiskProgress;
}
