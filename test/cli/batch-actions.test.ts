/** The first line after a command for a batch: what it does, to how many imports, and what to do next. */
import { expect, test } from 'vitest';
import { cancelled, paused, resumed, retried, type Steered } from '../../cli/batch-actions.js';

const NONE = { total: 9, waiting: 0, running: 0, attention: 0, succeeded: 0, failed: 0, cancelled: 0, invalid: 0 };
const CAUSE = { code: 'Account.Arrearage', count: 3, message: 'overdue', remedy: 'Pay.', examples: ['imp-1'] };
const batch = (counts: Partial<typeof NONE>): Steered => ({
  id: 'bat-1',
  counts: { ...NONE, ...counts },
  attentions: [CAUSE],
});

test.each([
  [
    'pause',
    paused(batch({ waiting: 1, running: 2 })),
    'paused: no new imports start, running imports continue (waiting: 1, running: 2); to continue: ecs-image-import batch resume bat-1',
  ],
  ['resume', resumed(undefined)(batch({ waiting: 4 })), 'resumed: waiting items start as the policy allows (4)'],
  ['resume of a cause', resumed(CAUSE.code)(batch({})), 'resuming 3 stopped imports (Account.Arrearage)'],
  ['resume of another cause', resumed('NoSuchBucket')(batch({})), 'resuming 0 stopped imports (NoSuchBucket)'],
  ['resume of all', resumed('all')(batch({})), 'resuming 3 stopped imports'],
  [
    'cancel',
    cancelled(false)(batch({ running: 1, attention: 1 })),
    'cancelling: no new imports start, running imports are cancelled (2)',
  ],
  [
    'cancel that waits',
    cancelled(true)(batch({ running: 1 })),
    'cancelling: no new imports start, running imports finish (1)',
  ],
  [
    'retry',
    retried(false)(batch({}), '{"retried":2}'),
    'retrying 2 failed items: each starts a new import as the policy allows',
  ],
  [
    'retry of a batch without failed items',
    retried(false)(batch({ succeeded: 9 }), '{"retried":0}'),
    'nothing to retry: the batch has no failed item',
  ],
  [
    'retry of a batch with cancelled items only',
    retried(false)(batch({ cancelled: 2 }), '{"retried":0}'),
    'nothing to retry: the batch has no failed item; to retry its 2 cancelled items: ecs-image-import batch retry bat-1 --cancelled',
  ],
  [
    'retry through an API of an earlier version',
    retried(true)(batch({}), '{}'),
    'retrying the failed or cancelled items',
  ],
])('%s → says what it does', (_command, said, expected) => {
  expect(said).toBe(expected);
});
