/** Compares an ended import with the emulated cloud: one image or none, according to the outcome, and no remaining resources. */
import { IMPORT_TAG_KEY } from '../../domain/ids.js';
import { type ImportView, isFinal, PHASES } from '../../domain/import.js';
import type { EmulatorState } from '../support/e2e/service.js';

export interface Judged {
  readonly view: ImportView;
  readonly cloud: EmulatorState;
  readonly events: readonly { readonly type: string; readonly message: string }[];
  /** How often the test saw the import stop for attention. */
  readonly stops: number;
}

/** One line for each violation. */
export function violations({ view, cloud, events, stops }: Judged): readonly string[] {
  if (!isFinal(view.state)) return [`has not ended: ${view.state} in ${view.phase}, ${view.attention?.message ?? ''}`];
  return [
    ...imageViolations(view, cloud),
    ...resourceViolations(view, cloud),
    ...snapshotViolations(view, cloud),
    ...ledgerViolations(view, cloud),
    ...recordViolations(view, events, stops),
  ];
}

function imageViolations(view: ImportView, cloud: EmulatorState): string[] {
  const { region, distribute } = view.request;
  const ours = cloud.images.filter((image) => image.tags[IMPORT_TAG_KEY] === view.id);
  const wanted = view.state === 'succeeded' ? [region, ...distribute.regions] : [];
  const found = ours.map((image) => image.regionId);
  const broken: string[] = [];
  if ([...found].sort().join() !== [...wanted].sort().join()) {
    broken.push(`${view.state} with images in [${found.join(', ')}], not in [${wanted.join(', ')}]`);
  }
  for (const image of ours) {
    if (image.status !== 'Available') broken.push(`image ${image.imageId} remains ${image.status}`);
  }
  const named = [view.image, ...view.copies].flatMap((ref) => (ref === null ? [] : [ref.imageId]));
  if (
    [...named].sort().join() !==
    ours
      .map((image) => image.imageId)
      .sort()
      .join()
  ) {
    broken.push(`the record names [${named.join(', ')}], the cloud has [${ours.map((one) => one.imageId).join(', ')}]`);
  }
  return broken;
}

function resourceViolations(view: ImportView, cloud: EmulatorState): string[] {
  const mine = ({ key }: { readonly key: string }) => key.includes(view.id);
  const tasks = new Set(view.ledger.filter(({ kind }) => kind === 'task').map(({ key }) => key));
  return [
    ...cloud.objects.filter(mine).map(({ bucket, key }) => `object ${bucket}/${key} remains`),
    ...cloud.versions.filter(mine).map(({ bucket, key, versionId, isMarker }) => {
      const what = isMarker ? 'delete marker' : 'version';
      return `${what} ${versionId} of ${bucket}/${key} remains`;
    }),
    ...cloud.uploads.filter(mine).map(({ key, uploadId }) => `upload ${uploadId} of ${key} remains`),
    ...cloud.tasks
      .filter(({ taskId, status }) => tasks.has(taskId) && status === 'Processing')
      .map(({ taskId }) => `task ${taskId} is still running`),
  ];
}

/** A snapshot stays with its image, and is gone without it. */
function snapshotViolations(view: ImportView, cloud: EmulatorState): string[] {
  const recorded = new Map(
    view.ledger.flatMap(({ kind, key, status }) => (kind === 'snapshot' ? [[key, status]] : [])),
  );
  const tasks = new Set(view.ledger.flatMap(({ kind, detail }) => (kind === 'task' ? [detail.imageId] : [])));
  const images = new Set(cloud.images.map(({ imageId }) => imageId));
  const mine = cloud.snapshots.filter(
    ({ snapshotId, imageId, tags }) =>
      recorded.has(snapshotId) || tags[IMPORT_TAG_KEY] === view.id || tasks.has(imageId),
  );
  const exists = new Set(mine.map(({ snapshotId }) => snapshotId));
  return [
    ...mine
      .filter(({ imageId }) => !images.has(imageId))
      .map(({ snapshotId, imageId }) => `snapshot ${snapshotId} of the deleted image ${imageId} remains`),
    ...mine
      .filter(({ snapshotId, imageId }) => images.has(imageId) && recorded.get(snapshotId) !== 'kept')
      .map(({ snapshotId }) => `snapshot ${snapshotId} of an image that stays is not kept in the ledger`),
    ...[...recorded]
      .filter(([key, status]) => status === 'kept' && !exists.has(key))
      .map(([key]) => `the ledger keeps snapshot ${key}, which does not exist`),
  ];
}

function ledgerViolations(view: ImportView, cloud: EmulatorState): string[] {
  const broken: string[] = [];
  for (const { kind, key, status, detail } of view.ledger) {
    if (status === 'intended' || status === 'created') broken.push(`the ledger leaves ${kind} ${key} ${status}`);
    const isImage = kind === 'image' || kind === 'copy';
    if (isImage && status === 'kept' && !cloud.images.some(({ imageId }) => imageId === detail.imageId)) {
      broken.push(`the ledger keeps ${kind} ${detail.imageId}, which does not exist`);
    }
  }
  return broken;
}

function recordViolations(view: ImportView, events: Judged['events'], stops: number): string[] {
  const broken: string[] = [];
  if (view.phase !== 'done') broken.push(`ended in phase ${view.phase}`);
  if (view.attention !== null) broken.push('ended, but still has attention');
  if (view.state === 'failed' && !view.error?.remedy) broken.push('failed without a remedy');
  if (view.state !== 'failed' && view.error !== null) broken.push(`${view.state} with error ${view.error.code}`);
  const open = view.timeline.filter(({ endedAt }) => endedAt === null).map(({ phase }) => phase);
  if (open.length > 0) broken.push(`the timeline leaves ${open.join(', ')} open`);
  const order = view.timeline.map(({ phase }) => PHASES.indexOf(phase));
  if (order.some((place, index) => index > 0 && place < (order[index - 1] ?? 0))) {
    broken.push(`the timeline runs ${view.timeline.map(({ phase }) => phase).join(' → ')}`);
  }
  const reported = events.filter(({ type }) => type === 'attention').length;
  if (reported < stops) broken.push(`stopped ${stops} times, but has ${reported} attention events`);
  return broken;
}
