/** ECS calls for the instance families that an image starts. */
import type Ecs from '@alicloud/ecs20140526';
import { DescribeImageSupportInstanceTypesRequest, DescribeInstanceTypeFamiliesRequest } from '@alicloud/ecs20140526';
import type { EcsApi } from './ecs-api.js';
import { ask, sdkCall } from './sdk-call.js';
import { unreadable } from './sdk-errors.js';

type Families = Pick<EcsApi, 'familiesOfImage' | 'describeFamilies'>;

export function createFamilies(region: string, client: () => Promise<Ecs.default>): Families {
  return {
    async familiesOfImage(imageId) {
      const action = 'DescribeImageSupportInstanceTypes';
      const request = ask(DescribeImageSupportInstanceTypesRequest, {
        regionId: region,
        imageId,
        actionType: 'CreateEcs',
      });
      const body = await sdkCall('ecs', action, client, (ecs) => ecs.describeImageSupportInstanceTypes(request));
      const types = body.instanceTypes?.instanceType;
      // The answer for an unknown image is not published: an empty list must not read as "starts on nothing".
      if (types === undefined) throw unreadable('ecs', action, 'contains no list', body.requestId);
      return sorted(
        types.map(({ instanceTypeFamily, instanceTypeId }) => instanceTypeFamily || familyOf(instanceTypeId)),
      );
    },

    async describeFamilies() {
      const action = 'DescribeInstanceTypeFamilies';
      const request = ask(DescribeInstanceTypeFamiliesRequest, { regionId: region });
      const body = await sdkCall('ecs', action, client, (ecs) => ecs.describeInstanceTypeFamilies(request));
      const families = body.instanceTypeFamilies?.instanceTypeFamily;
      if (families === undefined) throw unreadable('ecs', action, 'contains no list', body.requestId);
      return sorted(families.map(({ instanceTypeFamilyId }) => instanceTypeFamilyId));
    },
  };
}

/** `ecs.g7.large` → `ecs.g7` */
function familyOf(instanceType: string | undefined): string | undefined {
  return instanceType?.split('.').slice(0, 2).join('.');
}

function sorted(names: readonly (string | undefined)[]): readonly string[] {
  return [...new Set(names.flatMap((name) => name || []))].sort();
}
