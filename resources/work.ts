/** What every kind of resource works with; the step of a phase and the dependencies of the activities provide it. */
import type { Cloud } from '../alibaba/cloud.js';
import type { ImportStore } from '../store/imports.js';
import type { StepWrite } from '../store/step-write.js';

export interface ResourceSettings {
  /** For this long a resource may show no change before a wait for it ends; ms. */
  readonly patienceMs: number;
  /** Between two checks of a resource that is being removed, or that may have been created; ms. */
  readonly lookEveryMs: number;
  /** Checks without a result after which a resource whose creating call got no answer counts as not created. */
  readonly looksForLostImage: number;
}

export interface ResourceDependencies {
  readonly cloud: Cloud;
  readonly store: Pick<ImportStore, 'record' | 'recordImage' | 'recordCopy'>;
  readonly settings: ResourceSettings;
}

/** Everything that waiting and removing take of the work at hand. */
export interface Pausing {
  /** Resolves after `ms`, rejects when the work is cancelled. */
  sleep(ms: number): Promise<void>;
  log(message: string, attributes?: Readonly<Record<string, unknown>>): void;
}

/** The step of an import on whose behalf a resource is created or removed. */
export interface Work extends StepWrite, Pausing {}
