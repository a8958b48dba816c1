/** Decides how many imports of a batch may start now, and says why when none may. Pure: counts and the clock come in. */
import type { BatchCounts, BatchHold } from './batch.js';
import { type BatchPolicy, failuresAllowed } from './policy.js';
import { isOpen, opensAt, parseSchedule } from './schedule.js';

export type Admission =
  /** Up to `room` may start, of them up to `fresh` that were never tried before. */
  | { readonly kind: 'start'; readonly room: number; readonly fresh: number }
  /** Nothing may start now; goes on by itself. `reason` is null when the batch is simply busy. */
  | { readonly kind: 'wait'; readonly reason: BatchHold | null }
  /** Nothing may start until a person says `resume`. */
  | { readonly kind: 'hold'; readonly reason: BatchHold }
  | { readonly kind: 'done' };

/** @param forgiven failures that a `resume` has accepted */
export function admit(policy: BatchPolicy, counts: BatchCounts, forgiven: number, atMs: number): Admission {
  const open = counts.running + counts.attention;
  if (counts.waiting === 0) return open === 0 ? { kind: 'done' } : { kind: 'wait', reason: null };

  const failures = Math.max(0, counts.failed - forgiven);
  const allowed = failuresAllowed(policy, counts.total - counts.invalid);
  if (failures > allowed) return { kind: 'hold', reason: budgetSpent(policy, failures) };

  const wave = waveOf(policy, counts, failures);
  if (wave.kind === 'hold') return wave;
  if (wave.fresh === 0 && counts.fresh === counts.waiting) return { kind: 'wait', reason: wave.reason };

  const attentionBudget = policy.attentionBudget ?? policy.concurrency;
  if (counts.attention >= attentionBudget) return { kind: 'wait', reason: tooManyStopped(counts.attention) };

  const closed = closedSchedule(policy, atMs);
  if (closed !== null) return { kind: 'wait', reason: closed };

  const room = policy.concurrency - counts.running;
  return room > 0 ? { kind: 'start', room, fresh: wave.fresh } : { kind: 'wait', reason: null };
}

type Wave =
  | { readonly kind: 'go'; readonly fresh: number; readonly reason: BatchHold | null }
  | { readonly kind: 'hold'; readonly reason: BatchHold };

/** A wave is over when everything that has been started is final; it has succeeded when nothing of that failed. */
function waveOf({ canary }: BatchPolicy, counts: BatchCounts, failures: number): Wave {
  const tried = counts.total - counts.invalid - counts.fresh;
  const open = counts.running + counts.attention;
  let end = 0;
  for (const [index, size] of canary.entries()) {
    end += size;
    if (tried < end) return { kind: 'go', fresh: end - tried, reason: null };
    if (tried > end) continue;
    const number = index + 1;
    if (failures > 0 && open === 0) {
      return {
        kind: 'hold',
        reason: {
          code: 'Batch.CanaryFailed',
          message: `${failures} of the first ${tried} imports failed (wave ${number} of ${canary.length + 1}): the rest was not started`,
          remedy: 'See the failures; mend their cause, then retry the failed ones, or resume to start the rest anyway.',
        },
      };
    }
    if (open > 0) {
      return {
        kind: 'go',
        fresh: 0,
        reason: {
          code: 'Batch.Wave',
          message: `wave ${number} of ${canary.length + 1} is under way: ${open} of ${tried} imports have not ended`,
          remedy: 'The next wave starts by itself when all of them have succeeded.',
        },
      };
    }
  }
  return { kind: 'go', fresh: Number.MAX_SAFE_INTEGER, reason: null };
}

function budgetSpent(policy: BatchPolicy, failures: number): BatchHold {
  return {
    code: 'Batch.ErrorBudgetSpent',
    message: `${failures} imports failed, more than the error budget of ${policy.errorBudget} allows: no new ones start`,
    remedy: 'See the failures; mend their cause, then resume (the failures so far are then forgiven) or cancel.',
  };
}

function tooManyStopped(attention: number): BatchHold {
  return {
    code: 'Batch.AttentionBudgetSpent',
    message: `${attention} imports wait for a person: no new ones start until fewer do`,
    remedy: 'See what they stopped for; mend it, then resume all imports of the cause.',
  };
}

function closedSchedule(policy: BatchPolicy, atMs: number): BatchHold | null {
  const read = policy.schedule === null ? null : parseSchedule(policy.schedule);
  if (read === null || !read.ok || isOpen(read.schedule, atMs)) return null;
  return {
    code: 'Batch.ScheduleClosed',
    message: `imports start only ${policy.schedule}; imports under way go on`,
    remedy: `The next ones start at ${opensAt(read.schedule)} (${read.schedule.timeZone}); change the policy's schedule to start them sooner.`,
  };
}
