/** The dependencies of all resource modules; the step of a phase and the dependencies of the activities provide them. */
import type { Cloud } from '../alibaba/cloud.js';
import type { ImportStore } from '../store/imports.js';
import type { StepWrite } from '../store/step-write.js';

export interface ResourceSettings {
  /** How long a resource may show no change before a wait for it ends; ms. */
  readonly patienceMs: number;
  /** Interval between two polls of a resource that is being removed, or that may have been created; ms. */
  readonly pollIntervalMs: number;
  /** Number of polls without a result after which a resource whose creating call got no response counts as not created. */
  readonly pollsForLostImage: number;
}

export interface ResourceDependencies {
  readonly cloud: Cloud;
  readonly store: Pick<
    ImportStore,
    'ledger' | 'record' | 'recordSoon' | 'later' | 'recordImage' | 'recordCopy' | 'recordFact'
  >;
  readonly settings: ResourceSettings;
}

/** The part of the work that waiting and removing need. */
export interface Pausing {
  /** Resolves after `ms`, rejects when the work is cancelled. */
  sleep(ms: number): Promise<void>;
  log(message: string, attributes?: Readonly<Record<string, unknown>>): void;
}

/** The step of an import on whose behalf a resource is created or removed. */
export interface Work extends StepWrite, Pausing {}
