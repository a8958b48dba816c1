/** The dependencies of the use cases of imports: records, workflows, clock. */
import type { CancelSignal, ImportOutcome, ImportWorkflowInput, ResumeSignal } from '../domain/process-names.js';
import type { SealSource } from '../domain/request/source-secrets.js';
import type { SearchValues } from '../domain/search-attributes.js';
import type { ImportStore } from '../store/imports.js';
import type { TemporalServerReader } from './temporal-server.js';

export interface ImportDependencies {
  readonly store: ImportStore;
  readonly workflows: ImportWorkflows;
  readonly clock: Clock;
  /** Encrypts the query of a web source before anything is stored. Absent: requests are stored as they are. */
  readonly sealSource?: SealSource;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** The result of sending a message to Temporal. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** No workflow of this import runs: it has ended, was terminated, or this server does not know it. */
  | { readonly kind: 'notRunning' }
  /** The message may have been delivered nevertheless. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** The status of an import's workflow in Temporal. */
export type WorkflowStatus =
  /** `pinnedTo`: the version of the worker that alone continues it, as DEPLOYMENT:BUILD. Absent: any. */
  | { readonly kind: 'running'; readonly pinnedTo?: string }
  | { readonly kind: 'completed' | 'unknown' }
  /** Closed without an end of its own. */
  | { readonly kind: 'broken'; readonly how: string; readonly closedAtMs: number }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** A workflow to start. The implementation adds the timing, and whether it has search attributes. */
export type WorkflowStart = Omit<ImportWorkflowInput, 'pace' | 'search' | 'recorded'>;

/** What Temporal shows of a workflow. */
export interface ShownWorkflow {
  readonly search: SearchValues;
  readonly summary: string;
  /** Markdown. */
  readonly details: string;
}

/** How workflows share the task queues with others, by Temporal's names. */
export interface WorkflowPriority {
  readonly priorityKey: number;
  readonly fairnessKey: string;
  readonly fairnessWeight: number;
}

/** The workflows of imports. `temporal-workflows.ts` implements them on a Temporal server. */
export interface ImportWorkflows {
  /** The Temporal namespace, for messages. */
  readonly namespace: string;
  readonly server: TemporalServerReader;
  /** Also `delivered` if the workflow was started before, whether it still runs or not. */
  start(start: WorkflowStart, shown: ShownWorkflow, priority?: WorkflowPriority): Promise<Delivery>;
  cancel(importId: string, signal: CancelSignal): Promise<Delivery>;
  resume(importId: string, signal: ResumeSignal): Promise<Delivery>;
  /**
   * Starts a workflow with the cancel as its first signal; a running workflow is signalled.
   * @param after the previous workflow: `nothing` if it was never started, `broken` if it was terminated or failed
   */
  startCancelled(
    start: WorkflowStart,
    signal: CancelSignal,
    after: 'nothing' | 'broken',
    delayMs: number,
  ): Promise<Delivery>;
  /** Starts a run of the late checks that are due. `notRunning`: one runs already, for this or another API process. */
  startLateChecks(): Promise<Delivery>;
  status(importId: string): Promise<WorkflowStatus>;
  /** The result of a completed workflow; null: it cannot be read. */
  outcome(importId: string): Promise<ImportOutcome | null>;
  /** The time after which no activity of a closed workflow runs; ms. */
  readonly activitiesEndWithinMs: number;
}
