/** What the use cases of an import need from outside: the record, the workflows, the clock. */
import type { CancelSignal, ImportWorkflowInput, ResumeSignal } from '../domain/process-names.js';
import type { ImportStore } from '../store/imports.js';

export interface ImportDependencies {
  readonly store: ImportStore;
  readonly workflows: ImportWorkflows;
  readonly clock: Clock;
}

export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** What became of one message to Temporal. */
export type Delivery =
  | { readonly kind: 'delivered' }
  /** No workflow of this import runs: it has ended, was terminated, or this server never had it. */
  | { readonly kind: 'notRunning' }
  /** The message may have arrived all the same. */
  | { readonly kind: 'unreachable'; readonly reason: string };

/** How the workflow of an import stands, as Temporal has it. */
export type WorkflowStanding =
  | { readonly kind: 'running' | 'completed' | 'unknown' }
  /** Closed without an end of its own. */
  | { readonly kind: 'broken'; readonly how: string; readonly closedAtMs: number }
  | { readonly kind: 'unreachable'; readonly reason: string };

/** A workflow to start. Times and patience are the implementation's own. */
export type WorkflowStart = Omit<ImportWorkflowInput, 'pace'>;

/** The workflows of imports. `temporal-workflows.ts` is the one for a real server. */
export interface ImportWorkflows {
  /** Namespace, for messages. */
  readonly namespace: string;
  /** `delivered` also where the workflow was started before, whether it still runs or not. */
  start(start: WorkflowStart, summary: string): Promise<Delivery>;
  cancel(importId: string, signal: CancelSignal): Promise<Delivery>;
  resume(importId: string, signal: ResumeSignal): Promise<Delivery>;
  /**
   * Starts a workflow that has the cancel before it does anything; one that runs gets the cancel.
   * @param after what may have closed before: `nothing` for a workflow that was never started, `broken` for one that was terminated
   */
  startCancelled(
    start: WorkflowStart,
    signal: CancelSignal,
    after: 'nothing' | 'broken',
    delayMs: number,
  ): Promise<Delivery>;
  standing(importId: string): Promise<WorkflowStanding>;
  /** After this time without a heartbeat, no activity of a closed workflow runs any more; ms. */
  readonly activitiesEndWithinMs: number;
}
