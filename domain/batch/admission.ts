/** Decides how many imports of a batch may start now, and gives the reason if none may. Pure: the caller passes counts and time. */
import type { BatchCounts, BatchHold } from './batch.js';
import { type BatchPolicy, failuresAllowed } from './policy.js';
import { isOpen, opensAt, parseSchedule } from './schedule.js';

export type Admission =
  /** Up to `room` may start, including up to `fresh` items that have never started. */
  | { readonly kind: 'start'; readonly room: number; readonly fresh: number }
  /** No import may start now. The batch continues automatically. `reason` is null if the concurrency limit is reached. */
  | { readonly kind: 'wait'; readonly reason: BatchHold | null }
  /** No import may start until `resume`. */
  | { readonly kind: 'hold'; readonly reason: BatchHold }
  | { readonly kind: 'done' };

/** @param forgiven failures that a `resume` has accepted and that no longer count */
export function admit(policy: BatchPolicy, counts: BatchCounts, forgiven: number, atMs: number): Admission {
  const open = counts.running + counts.attention;
  if (counts.waiting === 0) return open === 0 ? { kind: 'done' } : { kind: 'wait', reason: null };

  const failures = Math.max(0, counts.failed - forgiven);
  const allowed = failuresAllowed(policy, counts.total - counts.invalid);
  const ended = counts.succeeded + counts.failed + counts.cancelled;
  // Policies of earlier versions have no `errorBudgetAfter`.
  if (failures > allowed && ended >= (policy.errorBudgetAfter ?? 0))
    return { kind: 'hold', reason: errorBudgetSpent(policy, failures) };

  const wave = waveOf(policy, counts, failures);
  if (wave.kind === 'hold') return wave;
  if (wave.fresh === 0 && counts.fresh === counts.waiting) return { kind: 'wait', reason: wave.reason };

  const attentionBudget = policy.attentionBudget ?? policy.concurrency;
  if (counts.attention >= attentionBudget) return { kind: 'wait', reason: attentionBudgetSpent(counts.attention) };

  const closed = closedSchedule(policy, atMs);
  if (closed !== null) return { kind: 'wait', reason: closed };

  const room = policy.concurrency - counts.running;
  return room > 0 ? { kind: 'start', room, fresh: wave.fresh } : { kind: 'wait', reason: null };
}

type Wave =
  | { readonly kind: 'open'; readonly fresh: number; readonly reason: BatchHold | null }
  | { readonly kind: 'hold'; readonly reason: BatchHold };

/** A wave ends when all of its imports are final. It succeeds if none of them failed. */
function waveOf({ canary }: BatchPolicy, counts: BatchCounts, failures: number): Wave {
  const tried = counts.total - counts.invalid - counts.fresh;
  const open = counts.running + counts.attention;
  let end = 0;
  for (const [index, size] of canary.entries()) {
    end += size;
    if (tried < end) return { kind: 'open', fresh: end - tried, reason: null };
    if (tried > end) continue;
    const number = index + 1;
    if (failures > 0 && open === 0) {
      return {
        kind: 'hold',
        reason: {
          code: 'Batch.CanaryFailed',
          message: `${failures} of the first ${tried} imports failed (wave ${number} of ${canary.length + 1}): the remaining items are not started`,
          remedy:
            'Check the failures and fix their cause. Then retry the failed items, or resume to start the remaining items anyway.',
        },
      };
    }
    if (open > 0) {
      return {
        kind: 'open',
        fresh: 0,
        reason: {
          code: 'Batch.Wave',
          message: `wave ${number} of ${canary.length + 1} is running: ${open} of ${tried} imports are not final`,
          remedy: 'The next wave starts automatically when all of them have succeeded.',
        },
      };
    }
  }
  return { kind: 'open', fresh: Number.MAX_SAFE_INTEGER, reason: null };
}

function errorBudgetSpent(policy: BatchPolicy, failures: number): BatchHold {
  return {
    code: 'Batch.ErrorBudgetSpent',
    message: `${failures} imports failed, more than the error budget of ${policy.errorBudget} allows: no new imports start`,
    remedy:
      'Check the failures and fix their cause. Then resume the batch (failures up to then no longer count) or cancel it.',
  };
}

function attentionBudgetSpent(attention: number): BatchHold {
  return {
    code: 'Batch.AttentionBudgetSpent',
    message: `${attention} imports are in attention, the attention budget of the batch: no new imports start until fewer are`,
    remedy: 'Check why they stopped and fix the cause. Then resume all imports with that cause.',
  };
}

function closedSchedule(policy: BatchPolicy, atMs: number): BatchHold | null {
  const read = policy.schedule === null ? null : parseSchedule(policy.schedule);
  if (read === null || !read.ok || isOpen(read.schedule, atMs)) return null;
  return {
    code: 'Batch.ScheduleClosed',
    message: `imports start only in the schedule ${policy.schedule}; running imports continue`,
    remedy: `The next imports start at ${opensAt(read.schedule)} (${read.schedule.timeZone}). To start them sooner, change the policy's schedule.`,
  };
}
