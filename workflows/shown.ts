/** What Temporal shows of a running workflow: search attributes for lists, current details for its page in the UI. */
import { setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { BatchHold, BatchState } from '../domain/batch/batch.js';
import type { Attention, ImportError, Phase, State } from '../domain/import.js';
import type { ImportOutcome } from '../domain/process-names.js';
import { changedValues, type SearchValues, searchChanges } from '../domain/search-attributes.js';

export interface Shown {
  /** Writes an event if a value changes. */
  search(values: SearchValues): void;
}

/**
 * @param has false: the workflow has no search attributes, so that Temporal would reject the workflow task
 * @param atStart the values with which it was started
 */
export function openShown(has: boolean, atStart: SearchValues): Shown {
  let now = atStart;
  return {
    search(values) {
      const changed = changedValues(now, values);
      if (!has || changed === null) return;
      upsertSearchAttributes(searchChanges(changed));
      now = { ...now, ...changed };
    },
  };
}

export function showPhase(phase: Phase, state: State): void {
  setCurrentDetails(`Phase **${phase}**, ${state}`);
}

export function showAttention(
  shown: Shown,
  importId: string,
  phase: Phase,
  { code, message, remedy, since }: Attention,
): void {
  shown.search({ state: 'attention', code });
  setCurrentDetails(
    [
      `Stopped in phase **${phase}** since ${since}: \`${code}\``,
      message,
      `**Fix:** ${remedy}`,
      `Then continue: \`ecs-image-import resume ${importId}\``,
    ].join('\n\n'),
  );
}

export function showEnd(shown: Shown, { state, imageId, error }: ImportOutcome): void {
  shown.search({ state, code: error?.code ?? null });
  setCurrentDetails(
    [`Ended as **${state}**`, ...(imageId === null ? [] : [`Image \`${imageId}\``]), ...why(error)].join('\n\n'),
  );
}

function why(error: ImportError | null): readonly string[] {
  if (error === null) return [];
  const { phase, code, message, remedy } = error;
  return [`Failed in phase **${phase}**: \`${code}\``, message, `**Fix:** ${remedy}`];
}

export function showBatch(shown: Shown, state: BatchState, attention: BatchHold | null): void {
  shown.search({ state, code: attention?.code ?? null });
  const { code, message, remedy } = attention ?? {};
  setCurrentDetails(
    [`Batch **${state}**`, ...(attention === null ? [] : [`\`${code}\``, message, `**Fix:** ${remedy}`])].join('\n\n'),
  );
}
