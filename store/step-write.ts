/** What every write of a step to an import's record carries, and where changes are announced. */
import type { Phase } from '../domain/import.js';

/** Every change is announced here with the import's id as payload. */
export const CHANGES_CHANNEL = 'ecs_image_import_changes';

/** Identifies the step that writes; a write is ignored where a newer version has been written already. */
export interface StepWrite {
  readonly importId: string;
  readonly version: number;
  readonly phase: Phase;
}
