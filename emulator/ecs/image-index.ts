/** Indexes images by region, name, tag and copy source, so that a lookup does not scan all records. */
import type { Collection } from '../log.js';
import type { ImageRecord } from '../model.js';

export class ImageIndex {
  private readonly regions = new Map<string, Set<string>>();
  private readonly names = new Map<string, Set<string>>();
  private readonly tags = new Map<string, Set<string>>();
  private readonly copies = new Map<string, Set<string>>();

  constructor(private readonly images: Collection<ImageRecord>) {
    images.watch((before, after) => {
      if (before !== undefined) this.remove(before);
      if (after !== undefined) this.add(after);
    });
  }

  inRegion(regionId: string): readonly ImageRecord[] {
    return this.records(this.regions.get(regionId));
  }

  countInRegion(regionId: string): number {
    return this.regions.get(regionId)?.size ?? 0;
  }

  named(regionId: string, imageName: string): readonly ImageRecord[] {
    return this.records(this.names.get(`${regionId}\n${imageName}`));
  }

  tagged(regionId: string, key: string, value: string): readonly ImageRecord[] {
    return this.records(this.tags.get(`${regionId}\n${key}\n${value}`));
  }

  /** The copies of this image. */
  copiesOf(imageId: string): readonly ImageRecord[] {
    return this.records(this.copies.get(imageId));
  }

  private records(ids: ReadonlySet<string> | undefined): readonly ImageRecord[] {
    if (ids === undefined) return [];
    return [...ids].flatMap((id) => this.images.get(id) ?? []);
  }

  private add(image: ImageRecord): void {
    for (const [map, name] of this.entriesOf(image)) {
      const ids = map.get(name) ?? new Set();
      map.set(name, ids.add(image.imageId));
    }
  }

  private remove(image: ImageRecord): void {
    for (const [map, name] of this.entriesOf(image)) {
      const ids = map.get(name);
      ids?.delete(image.imageId);
      if (ids?.size === 0) map.delete(name);
    }
  }

  private entriesOf(image: ImageRecord): readonly (readonly [Map<string, Set<string>>, string])[] {
    return [
      [this.regions, image.regionId],
      [this.names, `${image.regionId}\n${image.imageName}`],
      ...(image.copiedFrom === null ? [] : [[this.copies, image.copiedFrom.imageId] as const]),
      ...Object.entries(image.tags).map(([key, value]) => [this.tags, `${image.regionId}\n${key}\n${value}`] as const),
    ];
  }
}
