/**
 * After a restore from a backup, an import can be older than its image. It adopts the image, which carries its tag, and does not
 * upload or import again.
 */
import { clientToken } from '../domain/client-token.js';
import { isImportId, timesOfIdPrefix } from '../domain/ids.js';
import type { ImageRef } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { adoptForgottenImage } from '../resources/image.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

/** The cloud remembers client tokens for longer: ImportImage of a younger import returns the image that exists. */
const OLD_MS = 600_000;

/** Whether a step that costs much checks first: a restored import is old, or its step was interrupted. */
export function mayHaveImage({ settings }: Pick<ActivityDependencies, 'settings'>, step: Step): boolean {
  const madeAt = isImportId(step.importId) ? timesOfIdPrefix(step.importId)?.from : undefined;
  return step.repeated || (madeAt !== undefined && Date.now() - madeAt > (settings.oldImportMs ?? OLD_MS));
}

/** Null: the import has no image yet, or the ledger has it. A dry run never has one. */
export async function forgottenImage(
  deps: ActivityDependencies,
  step: Step,
  { importId, request, attempt }: StepInput,
): Promise<ImageRef | null> {
  if (request.dryRun) return null;
  const { region, imageName } = request;
  return await adoptForgottenImage(deps, step, { region, imageName, clientToken: clientToken(importId, attempt) });
}
