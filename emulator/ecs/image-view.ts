/** Formats an image as DescribeImages returns it. */
import type { DiskRecord, ImageRecord } from '../model.js';
import { isoTime } from '../rpc-call.js';
import type { Settings } from '../settings.js';
import { imageStatus, percentDone } from './lifecycle.js';

/** An imported image supports no change of CPUs and memory while an instance runs. */
const HOT_PLUG = {
  CpuOnlineUpgrade: 'unsupported',
  CpuOnlineDowngrade: 'unsupported',
  MemoryOnlineUpgrade: 'unsupported',
  MemoryOnlineDowngrade: 'unsupported',
};

/** @param snapshotIds the snapshots that exist, by disk */
export function describeImage(
  image: ImageRecord,
  snapshotIds: ReadonlyMap<DiskRecord, string>,
  settings: Settings,
  now: number,
) {
  const windows = image.osType === 'windows';
  const status = imageStatus(image, now);
  const percent = `${percentDone(image.startsAt, image.readyAt, now)}%`;
  return {
    ImageId: image.imageId,
    ImageName: image.imageName,
    Description: image.description,
    Status: status,
    Progress: percent,
    Size: image.sizeGiB,
    OSType: image.osType,
    OSName: image.platform,
    OSNameEn: image.platform,
    Platform: image.platform,
    Architecture: image.architecture,
    BootMode: image.bootMode,
    CreationTime: isoTime(image.createdAt),
    ImageOwnerAlias: 'self',
    ImageOwnerId: Number(image.ownerId),
    ImageFamily: image.imageFamily,
    ImageVersion: '',
    IsCopied: image.copiedFrom !== null,
    IsPublic: image.isPublic ?? false,
    IsSelfShared: String(image.sharedWith.length > 0),
    IsSubscribed: false,
    IsSupportCloudinit: !windows,
    IsSupportIoOptimized: true,
    LicenseType: image.licenseType,
    LoginAsNonRootSupported: false,
    ProductCode: '',
    ResourceGroupId: image.resourceGroupId,
    Usable: status === 'Available' || status === 'Deprecated',
    Usage: 'none',
    ...describeDetection(image.detection, settings.detection, now),
    DiskDeviceMappings: {
      DiskDeviceMapping: image.disks.map((disk) => ({
        Device: disk.device,
        Size: String(disk.sizeGiB),
        Type: disk.type,
        Format: disk.format,
        ImportOSSBucket: disk.bucket,
        ImportOSSObject: disk.object,
        SnapshotId: snapshotIds.get(disk) ?? '',
        Encrypted: image.encryption !== null,
        // Progress and RemainTime of a disk are set for copies, not for imports.
        ...(image.copiedFrom === null
          ? {}
          : { Progress: percent, RemainTime: Math.max(0, Math.ceil((image.readyAt - now) / 1000)) }),
      })),
    },
    Features: {
      NvmeSupport: image.features.nvmeSupport,
      ImdsSupport: image.features.imdsSupport,
      ...HOT_PLUG,
    },
    SecureBootOptions: { SecureBootSupport: 'unsupported' },
    SupplierName: '',
    Tags: {
      Tag: Object.entries({ ...image.tags, ...tagsOfDetection(image, settings.detection, now) }).map(
        ([key, value]) => ({ TagKey: key, TagValue: value }),
      ),
    },
  };
}

/** "Images that pass check are automatically assigned an Operating System version tag and a Kernel Version tag." */
function tagsOfDetection({ detection, platform }: ImageRecord, mode: Settings['detection'], now: number) {
  const isFinished = detection !== null && mode !== 'absent' && mode !== 'never' && now >= detection.finishedAt;
  if (!isFinished || detection.items.some(({ riskLevel }) => riskLevel !== undefined)) return {};
  // The emulator reads no version from the image.
  return { 'acs:ecs:image:osVersion': platform, 'acs:ecs:image:kernelVersion': 'emulated' };
}

function describeDetection(detection: ImageRecord['detection'], mode: Settings['detection'], now: number) {
  if (detection === null || mode === 'absent') return {};
  if (mode === 'never' || now < detection.finishedAt) {
    return mode === 'late' ? {} : { DetectionOptions: { Status: 'Processing', Items: { Item: [] } } };
  }
  const items = detection.items.map((item) => ({
    Name: item.name,
    Value: item.value,
    ...(item.riskLevel === undefined ? {} : { RiskLevel: item.riskLevel }),
    ...(item.riskCode === undefined ? {} : { RiskCode: item.riskCode }),
  }));
  return { DetectionOptions: { Status: 'Finished', Items: { Item: items } } };
}
