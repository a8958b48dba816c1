/** DescribeInstanceTypeFamilies and DescribeImageSupportInstanceTypes, with a small selection of the vendor's families. */
import type { ImageRecord } from '../model.js';
import { type ApiAction, type ApiCall, given, invalidParameter } from '../rpc-call.js';
import { imageOf } from './change-image.js';
import { regionOf } from './regions.js';

interface Family {
  readonly name: string;
  readonly generation: string;
  readonly architectures: readonly string[];
  /** Its instances attach disks by NVMe only: an image without NVMe support does not start. */
  readonly needsNvme?: true;
}

const X86 = ['x86_64', 'i386'];
const FAMILIES: readonly Family[] = [
  ...x86('ecs-5', ['ecs.c6', 'ecs.g6', 'ecs.r6']),
  ...x86('ecs-6', ['ecs.c7', 'ecs.g7', 'ecs.r7']),
  { name: 'ecs.g7se', generation: 'ecs-6', architectures: X86, needsNvme: true },
  ...x86('ecs-7', ['ecs.c8i', 'ecs.g8i', 'ecs.r8i']),
  ...['ecs.c9i', 'ecs.g9i', 'ecs.r9i'].map((name): Family => {
    return { name, generation: 'ecs-8', architectures: X86, needsNvme: true };
  }),
  ...['ecs.c8y', 'ecs.g8y', 'ecs.r8y'].map((name): Family => {
    return { name, generation: 'ecs-7', architectures: ['arm64'] };
  }),
];

/** Of each family, the emulator has these two. */
const SIZES = [
  { size: 'large', cores: 2 },
  { size: 'xlarge', cores: 4 },
];

function x86(generation: string, names: readonly string[]): readonly Family[] {
  return names.map((name) => ({ name, generation, architectures: X86 }));
}

export const familyActions: Readonly<Record<string, ApiAction>> = {
  DescribeInstanceTypeFamilies: {
    run: describeFamilies,
    limits: 'the same selection of families in every region',
  },
  DescribeImageSupportInstanceTypes: {
    run: describeSupported,
    resource: () => '*',
    limits: 'a selection of families, by architecture and NVMe support only',
  },
};

function describeFamilies(call: ApiCall) {
  regionOf(call);
  const generation = given(call, 'Generation');
  const found = FAMILIES.filter((family) => generation === undefined || family.generation === generation);
  return {
    InstanceTypeFamilies: {
      InstanceTypeFamily: found.map(({ name, generation: of }) => ({ InstanceTypeFamilyId: name, Generation: of })),
    },
  };
}

function describeSupported(call: ApiCall) {
  const action = given(call, 'ActionType') ?? 'CreateEcs';
  if (!['CreateEcs', 'ChangeOS'].includes(action)) throw invalidParameter('ActionType');
  const image = imageOf(call);
  return {
    RegionId: image.regionId,
    ImageId: image.imageId,
    InstanceTypes: { InstanceType: FAMILIES.filter((family) => starts(family, image)).flatMap(typesOf) },
  };
}

function starts({ architectures, needsNvme }: Family, { architecture, features }: ImageRecord): boolean {
  return architectures.includes(architecture) && (needsNvme !== true || features.nvmeSupport === 'supported');
}

function typesOf({ name }: Family) {
  return SIZES.map(({ size, cores }) => ({
    InstanceTypeId: `${name}.${size}`,
    InstanceTypeFamily: name,
    CpuCoreCount: cores,
    MemorySize: 4 * cores,
  }));
}
