/**
 * Fields of the vendor's typed models that the emulator's responses do not have, by action and path, each with the reason.
 * A path that ends in `[]` is a list that is always empty.
 */
const COPIES_ONLY = 'the progress of a copy; absent for an import';
const NO_INSTANCES = 'describes instances and disks, which do not exist';
const NO_TAGS = 'RAM resources have no tags';

export const ABSENT_FIELDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DescribeImages: {
    'Images.Image.DiskDeviceMappings.DiskDeviceMapping.Progress': COPIES_ONLY,
    'Images.Image.DiskDeviceMappings.DiskDeviceMapping.RemainTime': COPIES_ONLY,
  },
  DescribeImageSharePermission: { 'ShareGroups.ShareGroup[]': 'images are shared with accounts only' },
  DescribeAccountAttributes: Object.fromEntries(
    ['Count', 'DiskCategory', 'ExpiredTime', 'InstanceChargeType', 'InstanceType', 'ZoneId'].map((field) => [
      `AccountAttributeItems.AccountAttributeItem.AttributeValues.ValueItem.${field}`,
      NO_INSTANCES,
    ]),
  ),
  ListRoles: { 'Roles.Role.Tags.Tag[]': NO_TAGS },
  ListPolicies: { 'Policies.Policy.Tags.Tag[]': NO_TAGS },
};
