/** ECS calls for the snapshots of images. */
import type Ecs from '@alicloud/ecs20140526';
import {
  DeleteSnapshotRequest,
  DescribeSnapshotsRequest,
  type DescribeSnapshotsResponseBodySnapshotsSnapshot,
  TagResourcesRequest,
} from '@alicloud/ecs20140526';
import type { EcsApi, SnapshotView } from './ecs-api.js';
import { everyPage, PAGE } from './pages.js';
import { ask, chunks, sdkCall } from './sdk-call.js';

/** The vendor's limit of resources per call of TagResources. */
const TAGGED_PER_CALL = 50;
const GIB = 1024 ** 3;

type Snapshots = Pick<EcsApi, 'describeSnapshots' | 'deleteSnapshot' | 'tagSnapshots'>;

/** @param idsWithTag the IDs of all snapshots that have the tag */
export function createSnapshots(
  region: string,
  client: () => Promise<Ecs.default>,
  idsWithTag: (key: string) => Promise<readonly string[]>,
): Snapshots {
  return {
    async describeSnapshots(filter) {
      const ids = 'tagKey' in filter ? await idsWithTag(filter.tagKey) : filter.snapshotIds;
      const snapshots = new Map<string, SnapshotView>();
      for (const some of chunks(ids, PAGE)) {
        const snapshotIds = JSON.stringify(some);
        // Paging by NextToken, which replaces this one, has no TotalCount that confirms an empty list.
        await everyPage('DescribeSnapshots', async (pageNumber) => {
          const request = ask(DescribeSnapshotsRequest, { regionId: region, snapshotIds, pageNumber, pageSize: PAGE });
          const body = await sdkCall('ecs', 'DescribeSnapshots', client, (ecs) => ecs.describeSnapshots(request));
          const page = body.snapshots?.snapshot ?? [];
          for (const snapshot of page.flatMap(snapshotView)) snapshots.set(snapshot.snapshotId, snapshot);
          return { length: page.length, totalCount: body.totalCount };
        });
      }
      return [...snapshots.values()];
    },

    async deleteSnapshot(snapshotId) {
      // Without Force: a disk that was created from the snapshot must stay usable.
      const request = ask(DeleteSnapshotRequest, { snapshotId });
      await sdkCall('ecs', 'DeleteSnapshot', client, (ecs) => ecs.deleteSnapshot(request));
    },

    async tagSnapshots(snapshotIds, tags) {
      const tag = Object.entries(tags).map(([key, value]) => ({ key, value }));
      for (const resourceId of chunks(snapshotIds, TAGGED_PER_CALL)) {
        const request = ask(TagResourcesRequest, { regionId: region, resourceType: 'snapshot', resourceId, tag });
        await sdkCall('ecs', 'TagResources', client, (ecs) => ecs.tagResources(request));
      }
    },
  };
}

/** Empty for an entry without an ID. */
function snapshotView(snapshot: DescribeSnapshotsResponseBodySnapshotsSnapshot): SnapshotView[] {
  const { snapshotId, fullSnapshotSizeInBytes, sourceDiskSize } = snapshot;
  if (!snapshotId) return [];
  const tags = (snapshot.tags?.tag ?? []).flatMap(({ tagKey, tagValue }): [string, string][] =>
    tagKey ? [[tagKey, tagValue ?? '']] : [],
  );
  const diskGiB = Number(sourceDiskSize);
  return [
    {
      snapshotId,
      name: snapshot.snapshotName ?? '',
      bytes: fullSnapshotSizeInBytes || (Number.isFinite(diskGiB) ? diskGiB * GIB : 0),
      creationTime: snapshot.creationTime || null,
      usage: snapshot.usage ?? '',
      tags: Object.fromEntries(tags),
    },
  ];
}
