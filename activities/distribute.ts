/**
 * distribution: copies the image to the requested regions, each copy with its own token, ledger entry and watch; then shares
 * the image and its copies. A wrong request stops for attention instead of failing: the image itself took hours.
 */

import { type Failure, FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../domain/ids.js';
import type { ImageRef } from '../domain/import.js';
import type { LedgerEntry } from '../domain/ledger.js';
import type { StepInput } from '../domain/plan.js';
import type { ImportRequest } from '../domain/request/request.js';
import { awaitImage } from '../resources/await-image.js';
import { copyKey, createCopy } from '../resources/copy.js';
import { shareImage } from '../resources/sharing.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

export function createDistribute(deps: ActivityDependencies) {
  return async function distribute(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'distribution', input, async (step) => {
      const { imageName, distribute: wanted } = input.request;
      const regions = wanted.regions.filter((region) => region !== image.regionId);
      if (regions.length > 0) await requireAvailable(deps, step, image);
      const ledger = await deps.store.ledger(step.importId);
      const percents = new Map(regions.map((region) => [region, 0]));
      const copies = await runConcurrently(
        step.signal,
        regions.map((toRegion) => async (signal: AbortSignal) => {
          const key = copyKey(toRegion, imageName);
          const onPercent = (percent: number) => {
            percents.set(toRegion, percent);
            step.report({ percent: average(percents), bytesDone: null, bytesTotal: null });
          };
          try {
            const copy = await createCopy(deps, step, {
              ...{
                source: image,
                attempt: input.attempt,
                signal,
                onPercent,
                unchangedMs: step.unchangedMs,
                onRetry: step.onRetry,
              },
              copy: copyOf(input.request, step.importId, toRegion),
              known: ledger.find((entry): entry is LedgerEntry<'copy'> => entry.kind === 'copy' && entry.key === key),
            });
            onPercent(100);
            return copy;
          } catch (error) {
            const others = wanted.regions.filter((region) => region !== toRegion);
            throw askForAction(error, `copy to ${toRegion}`, `distribute.regions=${JSON.stringify(others)}`);
          }
        }),
      );
      for (const one of [image, ...copies]) await share(deps, step, one, wanted.shareWith);
    });
  };
}

function copyOf({ imageName, description, resourceGroupId, tags }: ImportRequest, importId: string, toRegion: string) {
  return {
    ...{ toRegion, imageName, description: description ?? null, resourceGroupId: resourceGroupId ?? null },
    tags: { ...tags, [IMPORT_TAG_KEY]: importId },
  };
}

/** ECS refuses to copy an image that is not available. */
async function requireAvailable(deps: ActivityDependencies, step: Step, image: ImageRef): Promise<void> {
  const { signal, unchangedMs, onRetry } = step;
  const { patienceMs } = deps.settings;
  const end = await awaitImage(deps.watchers, image, { signal, unchangedMs, patienceMs, onRetry });
  if (end.kind === 'available') return;
  const { imageId, regionId } = image;
  if (end.kind === 'gone')
    throw fail('Import.ImageGone', `image ${imageId} was deleted from ${regionId} before it was copied`);
  throw fail('Import.ImageUnavailable', `image ${imageId} in ${regionId} is ${end.image?.status} and cannot be copied`);
}

async function share(
  deps: ActivityDependencies,
  step: Step,
  image: ImageRef,
  accounts: readonly string[],
): Promise<void> {
  if (accounts.length === 0) return;
  try {
    await shareImage(deps.cloud.ecs(image.regionId), image.imageId, accounts);
    await deps.store.recordFact(step, { kind: 'shares', regionId: image.regionId, imageId: image.imageId, accounts });
  } catch (error) {
    throw askForAction(error, `sharing ${image.imageId} in ${image.regionId}`, 'distribute.shareWith=[…]');
  }
}

/** Runs all jobs concurrently. The first failure aborts the others; their copies continue in the cloud and are adopted by the next attempt. */
async function runConcurrently<T>(
  signal: AbortSignal,
  jobs: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<readonly T[]> {
  const stop = new AbortController();
  const failed: unknown[] = [];
  const both = AbortSignal.any([signal, stop.signal]);
  const results = await Promise.allSettled(
    jobs.map(async (job) => {
      try {
        return await job(both);
      } catch (error) {
        failed.push(error);
        stop.abort(error);
        throw error;
      }
    }),
  );
  if (failed.length > 0) throw failed[0];
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}

function askForAction(error: unknown, what: string, set: string): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  if (failure.class !== 'request' && failure.class !== 'attention') return error;
  const asked: Failure = {
    ...failure,
    class: 'attention',
    message: `${what}: ${failure.message}`,
    remedy: `${failure.remedy} To continue without it, resume with --set '${set}'.`,
  };
  return new FailureError(asked);
}

function average(percents: ReadonlyMap<string, number>): number {
  const values = [...percents.values()];
  return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
}
