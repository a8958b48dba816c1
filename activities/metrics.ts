/** What the activities count. The worker process passes an implementation; other programs need none. */
import type { FailureClass } from '../domain/errors/failure.js';
import type { FinalState, ImportView, Phase } from '../domain/import.js';

/** Why bytes of a disk were not sent: `conversion` (compressed, or free blocks left out), or `shared` (the object was already there). */
export type SavedBy = 'conversion' | 'shared';

export interface ActivityMetrics {
  /** An attempt of a step has failed, and is repeated later. */
  retried(phase: Phase, failure: FailureClass): void;
  /** A step has stopped its import for attention. */
  stopped(phase: Phase): void;
  saved(by: SavedBy, bytes: number): void;
  /** An import has ended; called once for each. */
  ended(state: FinalState, times: Pick<ImportView, 'createdAt' | 'timeline'>): void;
}
