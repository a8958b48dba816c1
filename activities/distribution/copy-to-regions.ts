/** Copies the image to the requested regions concurrently, each copy with its own token, ledger entry and watch. */
import type { ImageView } from '../../alibaba/ecs-api.js';
import { COPY_ATTRIBUTES } from '../../domain/cloud-findings.js';
import { fail } from '../../domain/errors/index.js';
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import type { Finding, ImageRef } from '../../domain/import.js';
import type { CopyFacts } from '../../domain/import-facts.js';
import { type LedgerEntry, openEntries } from '../../domain/ledger.js';
import type { StepInput } from '../../domain/plan.js';
import { encryptionOf, type ImportRequest } from '../../domain/request/request.js';
import { awaitImage } from '../../resources/await-image.js';
import { copyKey, createCopy } from '../../resources/copy.js';
import type { ActivityDependencies } from '../dependencies.js';
import type { Step } from '../step.js';
import { askForAction } from './ask-for-action.js';
import { copyFinding } from './copy-finding.js';
import { requireShareableCopy, requireShareableImage } from './shareable.js';

export async function copyToRegions(
  deps: ActivityDependencies,
  step: Step,
  input: StepInput,
  image: ImageRef,
  regions: readonly string[],
): Promise<readonly ImageRef[]> {
  const { request } = input;
  const { imageName, distribute } = request;
  const described = await requireAvailable(deps, step, image);
  const ledger = await deps.store.ledger(step.importId);
  const knownIn = (region: string) =>
    openEntries(ledger, 'copy').find(({ key }) => key === copyKey(region, imageName)) ?? null;
  const isComplete = regions.every((region) => (knownIn(region)?.detail.imageId ?? null) !== null);
  if (!isComplete) await requireShareableImage(deps.cloud, image, distribute.shareWith);
  const found = new Map<string, CopyFacts>();
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
        if (knownIn(toRegion) === null) await requireShareableCopy(deps.cloud, request, toRegion);
        const copy = await createCopy(deps, step, {
          ...{
            source: image,
            described,
            attempt: input.attempt,
            signal,
            onPercent,
            unchangedMs: step.unchangedMs,
            onRetry: step.onRetry,
            onDifference: (facts: CopyFacts) => void found.set(facts.imageId, facts),
          },
          copy: copyOf(request, step.importId, toRegion),
          known: ledger.find((entry): entry is LedgerEntry<'copy'> => entry.kind === 'copy' && entry.key === key),
        });
        onPercent(100);
        return copy;
      } catch (error) {
        const others = distribute.regions.filter((region) => region !== toRegion);
        throw askForAction(error, `copy to ${toRegion}`, `distribute.regions=${JSON.stringify(others)}`);
      }
    }),
  );
  await reportCopies(deps, step, copies, found, openEntries(ledger, 'copy').length > 0);
  return copies;
}

function copyOf(request: ImportRequest, importId: string, toRegion: string) {
  const { imageName, description, resourceGroupId, tags } = request;
  return {
    ...{ toRegion, imageName, description: description ?? null, resourceGroupId: resourceGroupId ?? null },
    ...encryptionOf(request, toRegion),
    tags: { ...tags, [IMPORT_TAG_KEY]: importId },
  };
}

/**
 * @param found in this attempt
 * @param isContinued an earlier attempt has created copies, and may have set attributes that are equal now: the record has them
 */
async function reportCopies(
  deps: ActivityDependencies,
  step: Step,
  copies: readonly ImageRef[],
  found: ReadonlyMap<string, CopyFacts>,
  isContinued: boolean,
): Promise<void> {
  const earlier = isContinued ? (await deps.store.facts(step.importId)).copies : [];
  const findings = copies.flatMap(({ imageId }): Finding[] => {
    const facts = found.get(imageId) ?? earlier.find((one) => one.imageId === imageId);
    return facts === undefined ? [] : [copyFinding(facts)];
  });
  await deps.store.replaceFindings(step, { source: 'cloud', codes: [COPY_ATTRIBUTES] }, findings);
}

/** ECS refuses to copy an image that is not available. */
async function requireAvailable(deps: ActivityDependencies, step: Step, image: ImageRef): Promise<ImageView> {
  const { signal, unchangedMs, onRetry } = step;
  const { patienceMs } = deps.settings;
  const end = await awaitImage(deps.watchers, image, { signal, unchangedMs, patienceMs, onRetry });
  if (end.kind === 'available') return end.image;
  const { imageId, regionId } = image;
  if (end.kind === 'gone')
    throw fail('Import.ImageGone', `image ${imageId} was deleted from ${regionId} before it was copied`);
  throw fail('Import.ImageUnavailable', `image ${imageId} in ${regionId} is ${end.image?.status} and cannot be copied`);
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

function average(percents: ReadonlyMap<string, number>): number {
  const values = [...percents.values()];
  return Math.floor(values.reduce((sum, value) => sum + value, 0) / values.length);
}
