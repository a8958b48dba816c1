/** Signals and the policy update of a batch, and the state that they change. */
import { defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';
import type { BatchHold, BatchState } from '../domain/batch/batch.js';
import {
  BATCH_CANCEL_SIGNAL,
  BATCH_PAUSE_SIGNAL,
  BATCH_POLICY_UPDATE,
  BATCH_RESUME_IMPORTS_SIGNAL,
  BATCH_RESUME_SIGNAL,
  BATCH_RETRY_SIGNAL,
  type BatchCancelSignal,
  type BatchMemory,
  type BatchResumeImportsSignal,
} from '../domain/batch/names.js';
import { type BatchPolicy, readPolicy } from '../domain/batch/policy.js';

const pauseSignal = defineSignal(BATCH_PAUSE_SIGNAL);
const resumeSignal = defineSignal(BATCH_RESUME_SIGNAL);
const cancelSignal = defineSignal<[BatchCancelSignal]>(BATCH_CANCEL_SIGNAL);
const retrySignal = defineSignal(BATCH_RETRY_SIGNAL);
const resumeImportsSignal = defineSignal<[BatchResumeImportsSignal]>(BATCH_RESUME_IMPORTS_SIGNAL);
const policyUpdate = defineUpdate<BatchPolicy, [unknown]>(BATCH_POLICY_UPDATE);

/** Changed by the handlers and by the workflow. */
export interface BatchControl {
  policy: BatchPolicy;
  paused: boolean;
  forgiven: number;
  /** Why the batch stopped starting new imports; its own attention, not an import's. */
  attention: BatchHold | null;
  cancel: BatchCancelSignal | null;
  /** Items were put back for a retry and have not been requested yet. */
  retried: boolean;
  /** Failed items, as of the last page request. */
  failed: number;
  readonly toResume: BatchResumeImportsSignal[];
}

/**
 * @param onChange called after each change
 * @param note writes the batch's state and policy to the record
 */
export function openControl(
  { policy, paused, forgiven }: BatchMemory,
  onChange: () => void,
  note: () => Promise<void>,
): BatchControl {
  const control: BatchControl = {
    policy,
    paused,
    forgiven,
    attention: null,
    cancel: null,
    retried: false,
    failed: 0,
    toResume: [],
  };
  setHandler(pauseSignal, () => {
    control.paused = true;
    onChange();
  });
  setHandler(resumeSignal, () => {
    control.paused = false;
    if (control.attention !== null) control.forgiven = control.failed;
    control.attention = null;
    onChange();
  });
  setHandler(cancelSignal, (signal) => {
    control.cancel = signal;
    onChange();
  });
  setHandler(retrySignal, () => {
    control.retried = true;
    // Failures that are retried no longer count: whether the batch stops is decided anew.
    control.attention = null;
    control.forgiven = 0;
    onChange();
  });
  setHandler(resumeImportsSignal, (signal) => {
    control.toResume.push(signal);
    onChange();
  });
  setHandler(
    policyUpdate,
    async (change) => {
      control.policy = changedPolicy(control.policy, change);
      // The new policy decides anew whether the batch stops.
      control.attention = null;
      onChange();
      await note();
      return control.policy;
    },
    { validator: (change) => void changedPolicy(control.policy, change) },
  );
  return control;
}

export function stateOf({ cancel, paused, attention }: BatchControl): BatchState {
  if (cancel !== null) return 'cancelling';
  if (paused) return 'paused';
  return attention === null ? 'running' : 'attention';
}

/** Throws where the change is invalid: Temporal then rejects the update and writes no event. */
function changedPolicy(policy: BatchPolicy, change: unknown): BatchPolicy {
  const read = readPolicy(change, policy);
  if (read.ok) return read.policy;
  throw new Error(read.problems.map((problem) => `${problem.path}: ${problem.message}`).join('; '));
}
