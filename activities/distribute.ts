/**
 * distribution: copies in the regions asked for, each with its own token, ledger entry and watch; then the accounts that
 * may use the image and its copies. What a request got wrong here stops for a person: the image itself took hours.
 */

import { type Failure, FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { ImageRef } from '../domain/import.js';
import type { StepInput } from '../domain/plan.js';
import { copyImage, copyKey } from './copy-image.js';
import type { ActivityDependencies } from './dependencies.js';
import { runStep, type Step } from './step.js';

export function createDistribute(deps: ActivityDependencies) {
  return async function distribute(input: StepInput, image: ImageRef): Promise<void> {
    await runStep(deps, 'distribution', input, async (step) => {
      const { imageName, distribute: wanted } = input.request;
      const regions = wanted.regions.filter((region) => region !== image.regionId);
      if (regions.length > 0) await untilAvailable(deps, step, image);
      const ledger = await deps.store.ledger(step.importId);
      const percents = new Map(regions.map((region) => [region, 0]));
      const copies = await together(
        step.signal,
        regions.map((toRegion) => async (signal: AbortSignal) => {
          const key = copyKey(toRegion, imageName);
          const known = ledger.find((entry) => entry.kind === 'copy' && entry.key === key);
          const onPercent = (percent: number) => {
            percents.set(toRegion, percent);
            step.report({ percent: average(percents), bytesDone: null, bytesTotal: null });
          };
          try {
            const copy = await copyImage(deps, step, { input, source: image, toRegion, known, signal, onPercent });
            onPercent(100);
            return copy;
          } catch (error) {
            const others = wanted.regions.filter((region) => region !== toRegion);
            throw askAPerson(error, `copy to ${toRegion}`, `distribute.regions=${JSON.stringify(others)}`);
          }
        }),
      );
      for (const one of [image, ...copies]) await share(deps, one, wanted.shareWith);
    });
  };
}

/** A copy of an image that is not whole would be refused, or worse. */
async function untilAvailable(deps: ActivityDependencies, step: Step, image: ImageRef): Promise<void> {
  for (;;) {
    const sighting = await deps.watchers.next(image.regionId, { imageId: image.imageId, taskId: null }, step.signal);
    if (sighting.image?.status === 'Available') return;
    if (sighting.image !== null) continue;
    throw fail('Import.ImageGone', `image ${image.imageId} was deleted from ${image.regionId} before it was copied`);
  }
}

/** Only the accounts that lack: what is shared already is not asked for again. */
async function share(deps: ActivityDependencies, image: ImageRef, accounts: readonly string[]): Promise<void> {
  if (accounts.length === 0) return;
  const ecs = deps.cloud.ecs(image.regionId);
  const known = new Set(await ecs.describeSharing(image.imageId));
  try {
    await ecs.shareImage(
      image.imageId,
      accounts.filter((account) => !known.has(account)),
    );
  } catch (error) {
    throw askAPerson(error, `sharing ${image.imageId} in ${image.regionId}`, 'distribute.shareWith=[…]');
  }
}

/** Runs all at once. The first failure ends the waiting of the others: their copies go on in the cloud, and are found again. */
async function together<T>(
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

function askAPerson(error: unknown, what: string, set: string): unknown {
  if (!(error instanceof FailureError)) return error;
  const { failure } = error;
  if (failure.class !== 'request' && failure.class !== 'attention') return error;
  const asked: Failure = {
    ...failure,
    class: 'attention',
    message: `${what}: ${failure.message}`,
    remedy: `${failure.remedy} Or go on without it: resume with --set '${set}'.`,
  };
  return new FailureError(asked);
}

function average(percents: ReadonlyMap<string, number>): number {
  const values = [...percents.values()];
  return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
}
