/** The context of the upload of one disk. */
import type { DiskPlan, StepInput } from '../../domain/plan.js';
import type { ActivityDependencies } from '../dependencies.js';
import type { Step } from '../step.js';
import type { DiskProgress } from './work-progress.js';

export interface UploadContext {
  readonly deps: ActivityDependencies;
  readonly step: Step;
  readonly input: StepInput;
  readonly disk: DiskPlan;
  /** Aborted with the step's signal, and when another disk of the import has failed. */
  readonly signal: AbortSignal;
  readonly progress: DiskProgress;
}
