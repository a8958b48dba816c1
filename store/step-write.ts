/** The identity of a step's writes to an import's record, and the channel that publishes changes. */
import type { Phase } from '../domain/import.js';
import type { PendingNotes } from './step-notes.js';

/** The NOTIFY channel for changes. The payload is the import's id. */
export const CHANGES_CHANNEL = 'ecs_image_import_changes';
/** Notified with the ID of an import or batch whose cancel is recorded. */
export const CANCELS_CHANNEL = 'ecs_image_import_cancels';

/**
 * A version is the step of the workflow × this number + the attempt. Further attempts of one step share the last version, so
 * that versions of different steps never overlap.
 */
export const VERSIONS_PER_STEP = 1_000_000;

/** Identifies the writing step. A write is ignored if a newer version has been written. */
export interface StepWrite {
  readonly importId: string;
  readonly version: number;
  readonly phase: Phase;
  /** Called before a statement that confirms the step to be current; the returned function when it has succeeded. */
  readonly confirming?: () => () => void;
  /** What is written with the next entry of the ledger or at the end of the step; absent: everything is written immediately. */
  readonly pending?: PendingNotes;
}
