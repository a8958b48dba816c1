/**
 * Makes a copy equal to its source: CopyImage ignores the features of an image, and perhaps more. A copy without NVMe support
 * does not start on current instance types.
 */
import type { EcsApi, ImageChange, ImageView } from '../alibaba/ecs-api.js';
import type { AttributeDifference, CopyFacts } from '../domain/import-facts.js';
import { isCloudTag } from '../domain/request/tag-rules.js';
import { isRefusal } from './refusal.js';
import type { Pausing, ResourceSettings } from './work.js';

export interface Alignment {
  readonly ecs: EcsApi;
  readonly source: ImageView;
  readonly copy: ImageView;
  /** Of the copy, beside those of its source. */
  readonly tags: Readonly<Record<string, string>>;
  /** Called before the first change, and again if differences remain. */
  readonly report: (facts: CopyFacts) => Promise<void>;
}

/** The attributes that ModifyImageAttribute sets, by the vendor's names. */
const ATTRIBUTES = {
  bootMode: 'BootMode',
  nvmeSupport: 'Features.NvmeSupport',
  imdsSupport: 'Features.ImdsSupport',
} as const;
type Attribute = keyof typeof ATTRIBUTES;

const RESOURCE_GROUP = 'ResourceGroupId';

/** Resolves also if differences remain: the copy is usable, and the report has them. */
export async function alignCopy(
  { ecs, source, copy, tags, report }: Alignment,
  work: Pausing,
  regionId: string,
  { pollIntervalMs, pollsForLostImage }: Pick<ResourceSettings, 'pollIntervalMs' | 'pollsForLostImage'>,
): Promise<void> {
  const { imageId } = copy;
  const missingTags = differentTags(source, copy, tags);
  if (Object.keys(missingTags).length > 0) await ecs.tagImage(imageId, missingTags);
  const set = differences(source, copy);
  if (set.length === 0) return;
  await report({ regionId, imageId, set, remaining: [], refusal: null });
  work.log('the copy differs from its source', { imageId, set });
  const refusal = await change();
  const remaining = await untilEqual();
  if (remaining.length > 0 || refusal !== null) {
    await report({ regionId, imageId, set: without(set, remaining), remaining, refusal });
  }

  /** Null: accepted. A refusal for which a user must act is thrown. */
  async function change(): Promise<string | null> {
    const wanted = changeOf(set);
    const group = set.find(({ name }) => name === RESOURCE_GROUP);
    const refusals: string[] = [];
    const attempt = async (call: () => Promise<void>) => {
      try {
        await call();
      } catch (error) {
        if (!isRefusal(error) || error.failure.class === 'attention') throw error;
        refusals.push(`${error.failure.code}: ${error.failure.message}`);
      }
    };
    if (Object.keys(wanted).length > 0) await attempt(() => ecs.modifyImage(imageId, wanted));
    if (group !== undefined) await attempt(() => ecs.moveImageToGroup(imageId, group.source));
    return refusals.length === 0 ? null : refusals.join('; ');
  }

  async function untilEqual(): Promise<readonly AttributeDifference[]> {
    for (let polls = 1; ; polls += 1) {
      const [now] = await ecs.describeImages({ imageIds: [imageId] });
      // A copy that was just deleted has nothing to compare; sharing it reports its absence.
      const remaining = now === undefined ? [] : differences(source, now);
      if (remaining.length === 0 || refusal !== null || polls >= pollsForLostImage) return remaining;
      await work.sleep(pollIntervalMs);
    }
  }
}

/** What the source has and the copy does not, except tags. */
function differences(source: ImageView, copy: ImageView): readonly AttributeDifference[] {
  const pairs = [
    ...(Object.keys(ATTRIBUTES) as Attribute[]).map((name) => ({
      ...{ name: ATTRIBUTES[name], source: source.attributes[name], copy: copy.attributes[name] },
    })),
    { name: RESOURCE_GROUP, source: source.resourceGroupId, copy: copy.resourceGroupId },
  ];
  return pairs.flatMap(({ name, source: wanted, copy: found }) =>
    wanted === null || wanted === found ? [] : [{ name, source: wanted, copy: found }],
  );
}

/** The vendor does not set ImdsSupport back from v2 to v1. */
function changeOf(set: readonly AttributeDifference[]): ImageChange {
  const names = (Object.keys(ATTRIBUTES) as Attribute[]).filter((name) => name !== 'imdsSupport' || !isDowngrade(set));
  return Object.fromEntries(
    names.flatMap((name) => {
      const found = set.find((difference) => difference.name === ATTRIBUTES[name]);
      return found === undefined ? [] : [[name, found.source]];
    }),
  );
}

function isDowngrade(set: readonly AttributeDifference[]): boolean {
  const imds = set.find(({ name }) => name === ATTRIBUTES.imdsSupport);
  return imds?.source === 'v1' && imds.copy === 'v2';
}

function without(set: readonly AttributeDifference[], remaining: readonly AttributeDifference[]) {
  return set.filter(({ name }) => !remaining.some((other) => other.name === name));
}

function differentTags(source: ImageView, copy: ImageView, tags: Readonly<Record<string, string>>) {
  const ofSource = Object.entries(source.tags).filter(([key]) => !isCloudTag(key));
  const wanted = Object.entries({ ...Object.fromEntries(ofSource), ...tags });
  return Object.fromEntries(wanted.filter(([key, value]) => copy.tags[key] !== value));
}
