/** Records a cancel that came through Temporal's own interface as the service records its own: the import can then not succeed. */
import type { CancelSignal } from '../domain/process-names.js';
import type { ActivityDependencies } from './dependencies.js';

/** The version of a stop that this cancel ended is unknown: a stop of the cleanup stays visible until its next attempt. */
const NO_STOP = null;

export function createNoteCancel({ store }: Pick<ActivityDependencies, 'store'>) {
  /** Has no effect on an import that has ended. */
  return async function noteCancel(importId: string, { keepImage }: CancelSignal): Promise<void> {
    if (!(await store.recordCancel(importId, NO_STOP, null))) return;
    await store.note(importId, 'cancel requested', {
      keepImage,
      by: { client: 'Temporal', user: null, identity: null },
    });
  };
}
