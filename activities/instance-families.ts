/**
 * Reports which instance families start the image, so that a wrong feature shows before someone needs an instance. The import
 * never depends on it: the check is bounded, and where it does not succeed, the finding says that.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { EcsApi, ImageAttributes, ImageView } from '../alibaba/ecs-api.js';
import { INSTANCE_FAMILIES } from '../domain/cloud-findings.js';
import { FailureError } from '../domain/errors/failure.js';
import type { Finding } from '../domain/import.js';
import { currentFamilies } from '../domain/instance-families.js';
import { inRegion } from '../resources/shell-command.js';
import type { ActivityDependencies } from './dependencies.js';
import type { Step } from './step.js';

const ATTEMPTS = 3;
/** At most; a short patience is shorter. */
const MAX_LIMIT_MS = 30_000;
/** Names in one finding. */
const SHOWN = 60;

export async function reportFamilies(
  deps: ActivityDependencies,
  step: Step,
  regionId: string,
  image: ImageView,
): Promise<void> {
  const finding = await findingFor(deps, step, regionId, image);
  step.signal.throwIfAborted();
  await deps.store.replaceFindings(step, { source: 'cloud', codes: [INSTANCE_FAMILIES] }, [finding]);
}

async function findingFor(
  deps: ActivityDependencies,
  step: Step,
  regionId: string,
  image: ImageView,
): Promise<Finding> {
  const ecs = deps.cloud.ecs(regionId);
  const ended = new AbortController();
  const limitMs = Math.min(MAX_LIMIT_MS, deps.settings.patienceMs);
  const limit = delay(limitMs, null, { signal: ended.signal }).then(() => {
    throw new FamiliesUnknown(`no answer within ${limitMs / 1_000} s`);
  });
  try {
    return await Promise.race([ask(), limit]);
  } catch (error) {
    if (step.signal.aborted) throw error;
    return notVerified(image.imageId, regionId, reasonOf(error));
  } finally {
    ended.abort();
    limit.catch(() => undefined);
  }

  async function ask(): Promise<Finding> {
    const families = await retried(() => ecs.familiesOfImage(image.imageId));
    // Without the families of the region, the finding has those of the image only.
    const offered = await retried(() => ecs.describeFamilies()).catch((error: unknown) => {
      if (error instanceof FailureError) return null;
      throw error;
    });
    return verified(regionId, image, families, offered);
  }

  async function retried<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call();
      } catch (error) {
        if (!isTemporary(error) || attempt >= ATTEMPTS || ended.signal.aborted) throw error;
        await step.sleep(deps.settings.pollIntervalMs);
      }
    }
  }
}

class FamiliesUnknown extends Error {}

function isTemporary(error: unknown): boolean {
  return error instanceof FailureError && ['transient', 'throttled'].includes(error.failure.class);
}

function reasonOf(error: unknown): string {
  if (error instanceof FailureError) return `${error.failure.code}: ${error.failure.message}`;
  return error instanceof Error ? error.message : String(error);
}

/** @param offered the families of the region; null: not known */
function verified(
  regionId: string,
  { imageId, attributes }: ImageView,
  families: Awaited<ReturnType<EcsApi['familiesOfImage']>>,
  offered: readonly string[] | null,
): Finding {
  const { architecture } = attributes;
  const missing = currentFamilies(offered ?? [], architecture).filter((family) => !families.includes(family));
  const base = { code: INSTANCE_FAMILIES, source: 'cloud' } as const;
  const evidence = [
    `architecture ${architecture}, boot mode ${attributes.bootMode}, NvmeSupport ${attributes.nvmeSupport}`,
    `it starts on ${families.length === 0 ? 'none' : shown(families)}`,
    ...(offered === null ? [`the families of ${regionId} are not known, so current ones are not compared`] : []),
  ].join('; ');
  if (families.length === 0 || missing.length > 0) {
    const message =
      families.length === 0
        ? `Image ${imageId} starts on no instance family in ${regionId}`
        : `Image ${imageId} does not start on current instance families in ${regionId}: ${shown(missing)}`;
    return { ...base, severity: 'warning', message, evidence, remedy: remedyFor(regionId, imageId, attributes) };
  }
  const message = `Image ${imageId} starts on ${families.length} instance famil${families.length === 1 ? 'y' : 'ies'} in ${regionId}`;
  return { ...base, severity: 'info', message, evidence, remedy: '' };
}

function remedyFor(regionId: string, imageId: string, { nvmeSupport, bootMode }: ImageAttributes): string {
  const modify = (...change: readonly string[]) =>
    inRegion(regionId, 'ModifyImageAttribute', '--ImageId', imageId, ...change);
  if (nvmeSupport !== 'supported') {
    return `Current families attach disks by NVMe. If the guest has the NVMe driver, run ${modify('--Features.NvmeSupport', 'supported')}. If not, install it (https://www.alibabacloud.com/help/en/ecs/adapt-linux-custom-images-to-nvme-based-system-disks), and import again with features.nvmeSupport=supported.`;
  }
  const uefi =
    bootMode === 'BIOS'
      ? ` If the disk also boots by UEFI, run ${modify('--BootMode', 'UEFI-Preferred')}.`
      : ' Check the version of the operating system and its kernel against the families (https://www.alibabacloud.com/help/en/ecs/user-guide/overview-of-instance-families).';
  return `Use one of the families that start the image.${uefi}`;
}

function notVerified(imageId: string, regionId: string, reason: string): Finding {
  return {
    ...{ code: INSTANCE_FAMILIES, severity: 'info', source: 'cloud' },
    message: `Which instance families start image ${imageId} in ${regionId} is not verified`,
    evidence: reason,
    remedy: `Run ${inRegion(regionId, 'DescribeImageSupportInstanceTypes', '--ImageId', imageId)}, or allow ecs:DescribeImageSupportInstanceTypes (ecs-image-import policy prints the policy).`,
  };
}

function shown(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return `${names.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
