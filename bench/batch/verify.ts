/** Whether a batch kept its promise: every item ended once, with an image of its own, and nothing else is left. */
import type { BatchItemView } from '../../domain/batch/batch.js';
import type { ImportView } from '../../domain/import.js';
import type { Service } from '../../test/support/e2e/service.js';

const PREFIX = 'fleet-';

/** @param number 1 is the first item's */
export function nameOf(number: number): string {
  return `${PREFIX}${String(number).padStart(5, '0')}`;
}

/** Throws, with everything that is not as promised, and says what was found. */
export async function verify(on: Service, batchId: string, items: readonly BatchItemView[], count: number) {
  const cloud = await on.state();
  const images = cloud.images.filter(({ imageName }) => imageName.startsWith(PREFIX));
  const nameOfImage = new Map(images.map(({ imageId, imageName }) => [imageId, imageName]));
  const imports = await importsOf(on, batchId);
  const endedOnce = imports.filter(({ state, timeline }) => state === 'succeeded' && phasesOnce(timeline));
  const wanted = Array.from({ length: count }, (_, index) => nameOf(index + 1));
  const promises: readonly (readonly [string, boolean])[] = [
    [`${count} items, not ${items.length}`, items.length === count],
    ['every item succeeds at its first attempt', items.every((one) => one.state === 'succeeded' && one.attempt === 1)],
    [`one import an item, not ${imports.length}`, imports.length === count],
    [`each import goes through its life once, not ${endedOnce.length}`, endedOnce.length === count],
    [
      `${count} images by the names of the items, not ${images.length}`,
      JSON.stringify(images.map(({ imageName }) => imageName).sort()) === JSON.stringify(wanted),
    ],
    [
      "each item's image is the one of its name",
      items.every((one) => one.imageId !== null && nameOfImage.get(one.imageId) === one.imageName),
    ],
    ['no image that is not available', cloud.images.every(({ status }) => status === 'Available')],
    [`no object, not ${cloud.objects.length}`, cloud.objects.length === 0],
    [`no unfinished upload, not ${cloud.uploads.length}`, cloud.uploads.length === 0],
    ['no task under way', cloud.tasks.every(({ status }) => status === 'Finished')],
    [`one task an image, not ${cloud.tasks.length}`, cloud.tasks.length === cloud.images.length],
  ];
  const broken = promises.flatMap(([promise, kept]) => (kept ? [] : [promise]));
  if (broken.length > 0) throw new Error(`the batch is not as promised: ${broken.join('; ')}`);
  console.log(`${count} items ended once each: ${images.length} images; no object, upload or task is left`);
}

async function importsOf(on: Service, batchId: string): Promise<readonly ImportView[]> {
  const imports: ImportView[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await on.request('GET', `/v1/imports?batch=${batchId}&limit=100${cursor && `&cursor=${cursor}`}`);
    imports.push(...body.imports);
    cursor = body.nextCursor;
  }
  return imports;
}

function phasesOnce(timeline: ImportView['timeline']): boolean {
  return new Set(timeline.map(({ phase }) => phase)).size === timeline.length && timeline.at(-1)?.phase === 'done';
}
