/** What an accepted command for a batch does, as its first line on the terminal. */
import type { BatchView } from '../domain/batch/batch.js';
import { isObject } from '../domain/json-value.js';

/** What the messages need. */
export type Steered = Pick<BatchView, 'id' | 'counts' | 'attentions'>;

const imports = (count: number, how: string) => `${count} ${how} ${count === 1 ? 'import' : 'imports'}`;
const items = (count: number, how: string) => `${count} ${how} ${count === 1 ? 'item' : 'items'}`;

export function paused({ id, counts }: Steered): string {
  return `paused: no new imports start, running imports continue (waiting: ${counts.waiting}, running: ${counts.running}); to continue: ecs-image-import batch resume ${id}`;
}

/** @param cause code of the stopped imports that continue; undefined: the batch itself does */
export function resumed(cause: string | undefined): (view: Steered) => string {
  return ({ counts, attentions }) => {
    if (cause === undefined) return `resumed: waiting items start as the policy allows (${counts.waiting})`;
    const stopped = attentions.filter(({ code }) => cause === 'all' || code === cause);
    const count = stopped.reduce((sum, one) => sum + one.count, 0);
    return `resuming ${imports(count, 'stopped')}${cause === 'all' ? '' : ` (${cause})`}`;
  };
}

export function cancelled(finishRunning: boolean): (view: Steered) => string {
  return ({ counts }) =>
    `cancelling: no new imports start, running imports ${finishRunning ? 'finish' : 'are cancelled'} (${counts.running + counts.attention})`;
}

/** @param withCancelled whether cancelled items are retried too */
export function retried(withCancelled: boolean): (view: Steered, text: string) => string {
  return ({ id, counts }, text) => {
    const which = withCancelled ? 'failed or cancelled' : 'failed';
    const answer: unknown = JSON.parse(text);
    const count = isObject(answer) && typeof answer.retried === 'number' ? answer.retried : null;
    if (count === null) return `retrying the ${which} items`;
    if (count > 0) return `retrying ${items(count, which)}: each starts a new import as the policy allows`;
    const hint =
      withCancelled || counts.cancelled === 0
        ? ''
        : `; to retry its ${items(counts.cancelled, 'cancelled')}: ecs-image-import batch retry ${id} --cancelled`;
    return `nothing to retry: the batch has no ${which} item${hint}`;
  };
}
