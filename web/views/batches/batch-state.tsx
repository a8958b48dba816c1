/** The state of a batch, and of an item. */
import type { BatchState, ItemState } from '../../../domain/batch/batch.js';
import type { Tone } from '../../components/note.js';
import { Badge } from '../../components/show.js';
import { t } from '../../i18n.js';

const TONES: Readonly<Record<BatchState | ItemState, Tone>> = {
  running: 'run',
  started: 'run',
  paused: 'idle',
  attention: 'warn',
  cancelling: 'idle',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'idle',
  waiting: 'idle',
  invalid: 'bad',
};

export function BatchStateBadge({ state }: { readonly state: BatchState | ItemState }) {
  return <Badge tone={TONES[state]}>{t(`batchState.${state}`)}</Badge>;
}
