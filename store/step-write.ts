/** The identity of a step's writes to an import's record, and the channel that publishes changes. */
import type { Phase } from '../domain/import.js';

/** The NOTIFY channel for changes. The payload is the import's id. */
export const CHANGES_CHANNEL = 'ecs_image_import_changes';

/** Identifies the writing step. A write is ignored if a newer version has been written. */
export interface StepWrite {
  readonly importId: string;
  readonly version: number;
  readonly phase: Phase;
}
