/** The resources of a region that have a tag, whatever its value. A filter by tag in Describe… works for up to 1,000 resources only. */
import type Ecs from '@alicloud/ecs20140526';
import { ListTagResourcesRequest } from '@alicloud/ecs20140526';
import { ask, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

/** IDs from all pages. */
export async function idsWithTag(
  region: string,
  client: () => Promise<Ecs.default>,
  resourceType: 'image' | 'snapshot',
  key: string,
): Promise<readonly string[]> {
  const ids = new Set<string>();
  for (let nextToken: string | undefined; ; ) {
    const request = ask(ListTagResourcesRequest, { regionId: region, resourceType, tag: [{ key }], nextToken });
    const body = await sdkCall('ecs', 'ListTagResources', client, (ecs) => ecs.listTagResources(request));
    const page = body.tagResources?.tagResource;
    if (page === undefined) throw unreadable('ecs', 'ListTagResources', 'contains no list', body.requestId);
    for (const { resourceId } of page) if (resourceId) ids.add(resourceId);
    if (!body.nextToken) return [...ids];
    nextToken = body.nextToken;
  }
}
