/** The rules of ImportImage that the parameters alone decide, in the order in which they are checked. */
import { ApiError } from '../errors.js';
import { type ApiCall, given, recordsOf } from '../rpc-call.js';
import { type ImportErrorCode, importError } from './import-errors.js';

export interface DiskParams {
  readonly number: number;
  readonly bucket: string;
  readonly object: string;
  /** Upper case; null: the service finds out. */
  readonly format: string | null;
  readonly sizeGiB: number | null;
  readonly device: string;
}

export interface ImportParams {
  readonly imageName: string | null;
  readonly description: string;
  readonly architecture: string;
  readonly osType: string;
  readonly platform: string;
  readonly bootMode: string;
  readonly licenseType: string;
  readonly disks: readonly DiskParams[];
  readonly tags: Readonly<Record<string, string>>;
  readonly features: { readonly nvmeSupport: string; readonly imdsSupport: string };
  readonly detection: boolean;
}

const WINDOWS = ['2022', '2019', '2016', '2012', '2008', '2003'].map((year) => `Windows Server ${year}`);
const LINUX =
  'Aliyun|Anolis|CentOS|Ubuntu|CoreOS|SUSE|Debian|OpenSUSE|FreeBSD|RedHat|Kylin|UOS|Fedora|Fedora CoreOS|' +
  'CentOS Stream|AlmaLinux|Rocky Linux|Gentoo|Customized Linux|Others Linux';
const PLATFORMS = new Set([...LINUX.split('|'), ...WINDOWS, 'Other Windows']);
/** The vendor does not publish the list; an unnamed edition is one it sells no licence for. */
const BYOL_ONLY = new Set(['Other Windows']);
/** Likewise: systems that never came for 64-bit ARM. */
const NO_ARM = new Set([...WINDOWS, 'Other Windows', 'CoreOS']);
const SUFFIXES = new Set(['raw', 'img', 'vhd', 'qcow2', 'vmdk']);
const FORMATS = new Set(['RAW', 'VHD', 'QCOW2', 'VMDK']);

export function readImportParams(call: ApiCall): ImportParams {
  const osType = given(call, 'OSType') ?? 'linux';
  const architecture = given(call, 'Architecture') ?? 'x86_64';
  const platform = given(call, 'Platform') ?? (osType === 'windows' ? 'Other Windows' : 'Others Linux');
  const bootMode = given(call, 'BootMode') ?? (architecture === 'arm64' ? 'UEFI' : 'BIOS');
  const licenseType = given(call, 'LicenseType') ?? 'Aliyun';
  const detectionStrategy = given(call, 'DetectionStrategy');
  const imdsSupport = given(call, 'Features.ImdsSupport') ?? 'v1';
  const nvmeSupport = given(call, 'Features.NvmeSupport') ?? 'unsupported';
  const windows = osType === 'windows';

  const rules: readonly (readonly [ImportErrorCode, boolean])[] = [
    ['InvalidImageName.Malformed', isName(given(call, 'ImageName') ?? 'ok')],
    ['InvalidDescription.Malformed', isDescription(given(call, 'Description') ?? 'ok')],
    ['InvalidArchitecture.Malformed', ['i386', 'x86_64', 'arm64'].includes(architecture)],
    ['InvalidOSType.Malformed', osType === 'windows' || osType === 'linux'],
    ['InvalidPlatform.Malformed', PLATFORMS.has(platform) && windows === isWindows(platform)],
    ['InvalidArchitecture.PlatformUnsupported', architecture !== 'arm64' || !NO_ARM.has(platform)],
    ['InvalidBootMode.Malformed', ['BIOS', 'UEFI', 'UEFI-Preferred'].includes(bootMode)],
    ['InvalidBootMode.NotSupport', architecture !== 'arm64' || bootMode === 'UEFI'],
    ['InvalidLicenseType.NotSupported', ['Aliyun', 'BYOL', 'Auto'].includes(licenseType)],
    ['InvalidLicenseType.BYOLOnly', given(call, 'LicenseType') !== 'Aliyun' || !BYOL_ONLY.has(platform)],
    ['InvalidParameter.DetectionStrategy', detectionStrategy === undefined || detectionStrategy === 'Standard'],
    ['ImageCheckUnsupported.WindowsImage', detectionStrategy === undefined || platform !== 'Windows Server 2003'],
    ['InvalidParameter.FeaturesImdsSupport', imdsSupport === 'v1' || imdsSupport === 'v2'],
  ];
  const broken = rules.find(([, holds]) => !holds);
  if (broken !== undefined) throw importError(broken[0]);
  if (nvmeSupport !== 'supported' && nvmeSupport !== 'unsupported') {
    // The document has no code of its own for this field.
    throw new ApiError(400, 'InvalidParameter', 'The specified parameter Features.NvmeSupport is not valid.');
  }
  const tags = readTags(call);
  const disks = readDisks(call);
  return {
    imageName: given(call, 'ImageName') ?? null,
    description: given(call, 'Description') ?? '',
    architecture,
    osType,
    platform,
    bootMode,
    licenseType,
    disks,
    tags,
    features: { nvmeSupport, imdsSupport },
    detection: detectionStrategy === 'Standard',
  };
}

function isWindows(platform: string): boolean {
  return platform === 'Other Windows' || WINDOWS.includes(platform);
}

export function isName(name: string): boolean {
  return (
    /^[\p{Script=Latin}\p{Script=Han}][\p{Script=Latin}\p{Script=Han}\d.:_-]{1,127}$/u.test(name) &&
    !/^(aliyun|acs:)/i.test(name) &&
    !/https?:\/\//i.test(name)
  );
}

export function isDescription(text: string): boolean {
  return text.length >= 2 && text.length <= 256 && !/^https?:\/\//i.test(text);
}

/** Shared by every action that sets tags. */
export function readTags(call: ApiCall): Readonly<Record<string, string>> {
  const tags = recordsOf(call, 'Tag').map(({ fields }) => ({ key: fields.Key ?? '', value: fields.Value ?? '' }));
  if (tags.length > 20) {
    throw new ApiError(400, 'NumberExceed.Tags', 'The maximum number of Tags is exceeded.');
  }
  for (const { key, value } of tags) {
    if (key === '' || key.length > 128 || /^(aliyun|acs:)/i.test(key) || /https?:\/\//.test(key)) {
      throw new ApiError(400, 'InvalidTagKey.Malformed', 'The specified Tag.n.Key is not valid.');
    }
    if (value.length > 128 || value.startsWith('acs:') || /https?:\/\//.test(value)) {
      throw new ApiError(400, 'InvalidTagValue.Malformed', 'The specified Tag.n.Value is not valid.');
    }
  }
  if (new Set(tags.map(({ key }) => key.toLowerCase())).size < tags.length) throw importError('TagKey.Duplication');
  return Object.fromEntries(tags.map(({ key, value }) => [key, value]));
}

function readDisks(call: ApiCall): readonly DiskParams[] {
  // "When N is greater than 17, the system automatically ignores the value."
  const records = recordsOf(call, 'DiskDeviceMapping').filter(({ number }) => number >= 1 && number <= 17);
  if (records.length === 0) throw importError('MissingParameter.DiskDeviceMapping');
  return records.map(({ number, fields }, position) => readDisk(number, position === 0, fields));
}

function readDisk(number: number, system: boolean, fields: Readonly<Record<string, string>>): DiskParams {
  const name = (field: string) => `DiskDeviceMapping.${number}.${field}`;
  const bucket = fields.OSSBucket ?? '';
  const object = fields.OSSObject ?? '';
  const device = fields.Device ?? '';
  const format = fields.Format ? fields.Format.toUpperCase() : null;
  const size = fields.DiskImageSize || fields.DiskImSize || null;
  if (bucket === '') throw importError('MissingParameter', name('OSSBucket'));
  if (object === '') throw importError('MissingParameter', name('OSSObject'));
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) throw importError('InvalidOSSBucket.Malformed');
  if (/^[/\\]/.test(object) || Buffer.byteLength(object) > 1023) throw importError('InvalidOSSObject.Malformed');
  const suffix = /\.([^./]*)$/.exec(object)?.[1]?.toLowerCase();
  if (suffix !== undefined && !SUFFIXES.has(suffix)) throw importError('UnsupportedSuffix.OSSObject');
  if (format !== null && !FORMATS.has(format)) throw importError('InvalidImageFormat.Malformed');
  if (device !== '' && !/^\/dev\/x?vd[a-z]$/.test(device)) throw importError('InvalidParameter.Malformed');
  const sizeGiB = size === null ? null : Number(size);
  if (sizeGiB !== null && !(Number.isInteger(sizeGiB) && sizeGiB >= 1 && sizeGiB <= 2048)) {
    if (!system) throw importError('InvalidDataDiskSize');
    throw importError('InvalidImageSize', `The specified ${name('DiskImageSize')} must be between 1 and 2048 GiB.`);
  }
  return { number, bucket, object, format, sizeGiB, device };
}
