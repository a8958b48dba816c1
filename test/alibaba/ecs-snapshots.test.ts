import { describe, expect, test } from 'vitest';
import { ecsSetup } from '../support/alibaba/ecs-setup.js';

const { server, ecs } = ecsSetup();

describe('snapshots', () => {
  const snapshot = (SnapshotId: string, more = {}) => ({ SnapshotId, SnapshotName: 'n', Usage: 'image', ...more });

  test('by ID → 100 per call, each an exact JSON list; size and tags are read', async () => {
    const ids = Array.from({ length: 101 }, (_, index) => `s-${index}`);
    const Tags = { Tag: [{ TagKey: 'ecs-image-import', TagValue: 'imp-1' }] };
    const more = { FullSnapshotSizeInBytes: 4096, CreationTime: '2026-11-24T12:50Z', Tags };
    server().answers.DescribeSnapshots = [
      {
        json: {
          TotalCount: 2,
          Snapshots: { Snapshot: [snapshot('s-0', more), snapshot('s-1', { SourceDiskSize: '2' })] },
        },
      },
      { json: { TotalCount: 0, Snapshots: { Snapshot: [] } } },
    ];
    expect(await ecs().describeSnapshots({ snapshotIds: ids })).toEqual([
      {
        ...{ snapshotId: 's-0', name: 'n', bytes: 4096, creationTime: '2026-11-24T12:50Z', usage: 'image' },
        tags: { 'ecs-image-import': 'imp-1' },
      },
      { snapshotId: 's-1', name: 'n', bytes: 2 * 1024 ** 3, creationTime: null, usage: 'image', tags: {} },
    ]);
    const asked = server()
      .asked('DescribeSnapshots')
      .map(({ SnapshotIds }) => JSON.parse(SnapshotIds ?? ''));
    expect(asked).toEqual([ids.slice(0, 100), ids.slice(100)]);
  });

  test('an empty list that TotalCount does not confirm → an error, never "no snapshot"', async () => {
    server().answers.DescribeSnapshots = { json: { Snapshots: {} } };
    await expect(ecs().describeSnapshots({ snapshotIds: ['s-1'] })).rejects.toMatchObject({
      failure: { outcomeUnknown: true },
    });
  });

  test('by tag → all pages of ListTagResources, then by ID', async () => {
    const page = (ids: readonly string[], NextToken: string) => ({
      json: {
        NextToken,
        TagResources: { TagResource: ids.map((ResourceId) => ({ ResourceId, ResourceType: 'snapshot' })) },
      },
    });
    server().answers.ListTagResources = [page(['s-1', 's-2'], 'more'), page(['s-2', 's-3'], '')];
    server().answers.DescribeSnapshots = { json: { TotalCount: 1, Snapshots: { Snapshot: [snapshot('s-3')] } } };
    const found = await ecs().describeSnapshots({ tagKey: 'ecs-image-import' });
    expect(found.map(({ snapshotId }) => snapshotId)).toEqual(['s-3']);
    expect(server().asked('ListTagResources')).toEqual([
      { RegionId: 'cn-beijing', ResourceType: 'snapshot', 'Tag.1.Key': 'ecs-image-import' },
      { RegionId: 'cn-beijing', ResourceType: 'snapshot', 'Tag.1.Key': 'ecs-image-import', NextToken: 'more' },
    ]);
    expect(server().asked('DescribeSnapshots')[0]?.SnapshotIds).toBe('["s-1","s-2","s-3"]');
  });

  test('a response of ListTagResources without a list → an error, never "no resource"', async () => {
    server().answers.ListTagResources = { json: { RequestId: 'r' } };
    await expect(ecs().describeSnapshots({ tagKey: 'k' })).rejects.toMatchObject({ failure: { outcomeUnknown: true } });
    await expect(ecs().describeImages({ tag: { key: 'k' } })).rejects.toMatchObject({
      failure: { outcomeUnknown: true },
    });
  });

  test('are deleted without Force, and tagged 50 per call', async () => {
    server().answers = { DeleteSnapshot: { json: { RequestId: 'r' } }, TagResources: { json: { RequestId: 'r' } } };
    await ecs().deleteSnapshot('s-1');
    expect(server().asked('DeleteSnapshot')).toEqual([{ SnapshotId: 's-1' }]);
    await ecs().tagSnapshots(
      Array.from({ length: 51 }, (_, index) => `s-${index}`),
      { team: 'web' },
    );
    const [first, second] = server().asked('TagResources');
    expect(first).toMatchObject({ ResourceType: 'snapshot', 'ResourceId.50': 's-49', 'Tag.1.Key': 'team' });
    expect(second).toMatchObject({ ResourceType: 'snapshot', 'ResourceId.1': 's-50' });
  });
});
