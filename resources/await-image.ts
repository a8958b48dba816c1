/** Waits until an image or a copy is available. */
import type { ImageView } from '../alibaba/ecs-api.js';
import type { OnRetry, RegionWatchers } from '../alibaba/region-watcher.js';
import type { ImageRef } from '../domain/import.js';
import { isBeingCreated, isDead, OBSERVATIONS_BEFORE_GONE } from './image-status.js';
import { isStalled, type Unchanged } from './patience.js';

export type ImageEnd =
  | { readonly kind: 'available'; readonly image: ImageView }
  /** The image can no longer become available. */
  | { readonly kind: 'dead'; readonly image: ImageView }
  /** Nothing has changed for longer than the patience. */
  | { readonly kind: 'stalled'; readonly image: ImageView | null }
  | { readonly kind: 'gone' };

export interface AwaitOptions {
  readonly signal: AbortSignal;
  readonly patienceMs: number;
  readonly unchangedMs: Unchanged;
  readonly onPercent?: (percent: number) => void;
  readonly onRetry?: OnRetry;
}

export async function awaitImage(
  watchers: RegionWatchers,
  { imageId, regionId }: Pick<ImageRef, 'imageId' | 'regionId'>,
  { signal, patienceMs, unchangedMs, onPercent, onRetry }: AwaitOptions,
): Promise<ImageEnd> {
  for (let absences = 0; ; ) {
    const { image } = await watchers.next(regionId, { imageId, taskId: null }, signal, onRetry);
    const unchanged = unchangedMs(imageId, image === null ? 'absent' : `${image.status} ${image.percent}`);
    if (image?.status === 'Available') return { kind: 'available', image };
    if (image !== null && isDead(image)) return { kind: 'dead', image };
    absences = image === null ? absences + 1 : 0;
    if (absences >= OBSERVATIONS_BEFORE_GONE) return { kind: 'gone' };
    if (isStalled(unchanged, patienceMs, image !== null && isBeingCreated(image))) return { kind: 'stalled', image };
    onPercent?.(image?.percent ?? 0);
  }
}
