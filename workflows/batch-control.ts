/** What people tell a batch, and how it stands for that: the signals and the update, and the state that they change. */
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
  /** The batch's own: why it stopped starting new imports. */
  attention: BatchHold | null;
  cancel: BatchCancelSignal | null;
  /** Items were put back to be tried again, and nobody has looked for them yet. */
  retried: boolean;
  /** Failed items at the last look. */
  failed: number;
  readonly toResume: BatchResumeImportsSignal[];
}

/**
 * @param told called after each change
 * @param note writes the batch's state and policy to the record
 */
export function openControl(
  { policy, paused, forgiven }: BatchMemory,
  told: () => void,
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
    told();
  });
  setHandler(resumeSignal, () => {
    control.paused = false;
    if (control.attention !== null) control.forgiven = control.failed;
    control.attention = null;
    told();
  });
  setHandler(cancelSignal, (signal) => {
    control.cancel = signal;
    told();
  });
  setHandler(retrySignal, () => {
    control.retried = true;
    // Failures that are tried again are none any more: a stop because of them is looked at anew.
    control.attention = null;
    control.forgiven = 0;
    told();
  });
  setHandler(resumeImportsSignal, (signal) => {
    control.toResume.push(signal);
    told();
  });
  setHandler(
    policyUpdate,
    async (change) => {
      control.policy = changed(control.policy, change);
      // Whether it must still stop, the new policy says.
      control.attention = null;
      told();
      await note();
      return control.policy;
    },
    { validator: (change) => void changed(control.policy, change) },
  );
  return control;
}

export function stateOf({ cancel, paused, attention }: BatchControl): BatchState {
  if (cancel !== null) return 'cancelling';
  if (paused) return 'paused';
  return attention === null ? 'running' : 'attention';
}

/** Throws where the change is wrong: the update is then refused and leaves no event. */
function changed(policy: BatchPolicy, change: unknown): BatchPolicy {
  const read = readPolicy(change, policy);
  if (read.ok) return read.policy;
  throw new Error(read.problems.map((problem) => `${problem.path}: ${problem.message}`).join('; '));
}
