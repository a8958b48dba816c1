/** Verifies a batch: every item ended exactly once with its own image, and no other resources remain. */
import type { BatchItemView } from '../../domain/batch/batch.js';
import type { ImportView } from '../../domain/import.js';
import type { Service } from '../../test/support/e2e/service.js';

const PREFIX = 'fleet-';

/** @param number starts at 1 */
export function nameOf(number: number): string {
  return `${PREFIX}${String(number).padStart(5, '0')}`;
}

/** Throws an error that lists all violated expectations. */
export async function verify(on: Service, batchId: string, items: readonly BatchItemView[], count: number) {
  const cloud = await on.state();
  const images = cloud.images.filter(({ imageName }) => imageName.startsWith(PREFIX));
  const nameOfImage = new Map(images.map(({ imageId, imageName }) => [imageId, imageName]));
  const imports = await importsOf(on, batchId);
  const endedOnce = imports.filter(({ state, timeline }) => state === 'succeeded' && phasesOnce(timeline));
  const expectedNames = Array.from({ length: count }, (_, index) => nameOf(index + 1));
  const expectations: readonly (readonly [string, boolean])[] = [
    [`${count} items, not ${items.length}`, items.length === count],
    [
      'every item succeeds at its first attempt',
      items.every((item) => item.state === 'succeeded' && item.attempt === 1),
    ],
    [`one import per item, not ${imports.length}`, imports.length === count],
    [`each import runs every phase once, not ${endedOnce.length}`, endedOnce.length === count],
    [
      `${count} images with the names of the items, not ${images.length}`,
      JSON.stringify(images.map(({ imageName }) => imageName).sort()) === JSON.stringify(expectedNames),
    ],
    [
      'each item has the image with its name',
      items.every((item) => item.imageId !== null && nameOfImage.get(item.imageId) === item.imageName),
    ],
    ['only available images', cloud.images.every(({ status }) => status === 'Available')],
    [`no object, not ${cloud.objects.length}`, cloud.objects.length === 0],
    [`no unfinished upload, not ${cloud.uploads.length}`, cloud.uploads.length === 0],
    ['only finished tasks', cloud.tasks.every(({ status }) => status === 'Finished')],
    [`one task per image, not ${cloud.tasks.length}`, cloud.tasks.length === cloud.images.length],
  ];
  const violated = expectations.flatMap(([expectation, isMet]) => (isMet ? [] : [expectation]));
  if (violated.length > 0) throw new Error(`the batch violates these expectations: ${violated.join('; ')}`);
  console.log(`${count} items ended exactly once: ${images.length} images; no object, upload or task remains`);
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
