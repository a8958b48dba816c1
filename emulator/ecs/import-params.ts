/** Validates the parameters of ImportImage, in the order of the checks. */
import { type ApiCall, flagOf, given, invalidParameter, recordsOf } from '../rpc-call.js';
import { type ImportErrorCode, importError } from './import-errors.js';
import { isDescription, isName, readTags } from './text-rules.js';

export interface DiskParams {
  readonly number: number;
  readonly bucket: string;
  readonly object: string;
  /** Upper case; null: the service detects the format. */
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
  readonly dryRun: boolean;
}

const WINDOWS = ['2022', '2019', '2016', '2012', '2008', '2003'].map((year) => `Windows Server ${year}`);
const LINUX =
  'Aliyun|Anolis|CentOS|Ubuntu|CoreOS|SUSE|Debian|OpenSUSE|FreeBSD|RedHat|Kylin|UOS|Fedora|Fedora CoreOS|' +
  'CentOS Stream|AlmaLinux|Rocky Linux|Gentoo|Customized Linux|Others Linux';
const PLATFORMS = new Set([...LINUX.split('|'), ...WINDOWS, 'Other Windows']);
/** The vendor does not publish this list. It sells no license for an unnamed edition. */
const BYOL_ONLY = new Set(['Other Windows']);
/** The vendor does not publish this list. No Windows Server exists for 64-bit ARM. */
const NO_ARM = new Set([...WINDOWS, 'Other Windows']);
/** `Auto` is missing in some versions of the ImportImage page; the SDK documents it. */
const LICENSE_TYPES = new Set(['Aliyun', 'BYOL', 'Auto']);
const SUFFIXES = new Set(['raw', 'img', 'vhd', 'qcow2', 'vmdk']);
const FORMATS = new Set(['RAW', 'VHD', 'QCOW2', 'VMDK']);
const MAX_DISKS = 17;

export function readImportParams(call: ApiCall): ImportParams {
  const osType = given(call, 'OSType') ?? 'linux';
  const windows = osType === 'windows';
  const architecture = given(call, 'Architecture') ?? 'x86_64';
  const platform = given(call, 'Platform') ?? (windows ? 'Other Windows' : 'Others Linux');
  const bootMode = given(call, 'BootMode') ?? (architecture === 'arm64' ? 'UEFI' : 'BIOS');
  const licenseType = given(call, 'LicenseType');
  const detectionStrategy = given(call, 'DetectionStrategy');
  const imdsSupport = given(call, 'Features.ImdsSupport') ?? 'v1';
  const nvmeSupport = given(call, 'Features.NvmeSupport') ?? 'unsupported';

  const rules: readonly (readonly [ImportErrorCode, boolean])[] = [
    ['InvalidImageName.Malformed', isName(given(call, 'ImageName') ?? 'ok')],
    ['InvalidDescription.Malformed', isDescription(given(call, 'Description') ?? 'ok')],
    ['InvalidArchitecture.Malformed', ['i386', 'x86_64', 'arm64'].includes(architecture)],
    ['InvalidOSType.Malformed', windows || osType === 'linux'],
    ['InvalidPlatform.Malformed', PLATFORMS.has(platform) && windows === isWindows(platform)],
    ['InvalidArchitecture.PlatformUnsupported', architecture !== 'arm64' || !NO_ARM.has(platform)],
    ['InvalidBootMode.Malformed', bootMode === 'BIOS' || bootMode === 'UEFI'],
    ['InvalidBootMode.NotSupport', architecture !== 'arm64' || bootMode === 'UEFI'],
    // "windows. You must also set LicenseType."
    ['InvalidLicenseType.NotSupported', licenseType === undefined ? !windows : LICENSE_TYPES.has(licenseType)],
    ['InvalidLicenseType.BYOLOnly', licenseType !== 'Aliyun' || !BYOL_ONLY.has(given(call, 'Platform') ?? '')],
    ['InvalidParameter.DetectionStrategy', detectionStrategy === undefined || detectionStrategy === 'Standard'],
    ['ImageCheckUnsupported.WindowsImage', detectionStrategy === undefined || platform !== 'Windows Server 2003'],
    ['InvalidParameter.FeaturesImdsSupport', imdsSupport === 'v1' || imdsSupport === 'v2'],
  ];
  const violated = rules.find(([, isValid]) => !isValid);
  if (violated !== undefined) throw importError(violated[0]);
  // The vendor's document has no specific code for this field.
  if (nvmeSupport !== 'supported' && nvmeSupport !== 'unsupported') throw invalidParameter('Features.NvmeSupport');
  return {
    imageName: given(call, 'ImageName') ?? null,
    description: given(call, 'Description') ?? '',
    architecture,
    osType,
    platform,
    bootMode,
    // "This value takes effect only for Windows Server images."
    licenseType: windows ? (licenseType ?? '') : '',
    disks: readDisks(call),
    tags: readTags(call),
    features: { nvmeSupport, imdsSupport },
    detection: detectionStrategy === 'Standard',
    dryRun: flagOf(call, 'DryRun'),
  };
}

function isWindows(platform: string): boolean {
  return platform === 'Other Windows' || WINDOWS.includes(platform);
}

function readDisks(call: ApiCall): readonly DiskParams[] {
  // "When N is greater than 17, the system automatically ignores the value."
  const records = recordsOf(call, 'DiskDeviceMapping').filter(({ number }) => number >= 1 && number <= MAX_DISKS);
  if (records.length === 0) throw importError('MissingParameter.DiskDeviceMapping');
  // "When N is 1, the disk is a system disk": a system disk is required.
  if (records[0]?.number !== 1) throw importError('MissingParameter', 'DiskDeviceMapping.1.OSSBucket');
  return records.map(({ number, fields }) => readDisk(number, fields));
}

function readDisk(number: number, fields: Readonly<Record<string, string>>): DiskParams {
  const name = (field: string) => `DiskDeviceMapping.${number}.${field}`;
  const bucket = fields.OSSBucket ?? '';
  const object = fields.OSSObject ?? '';
  const device = fields.Device ?? '';
  const format = fields.Format ? fields.Format.toUpperCase() : null;
  // DiskImSize is the deprecated name.
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
    if (number !== 1) throw importError('InvalidDataDiskSize');
    throw importError('InvalidImageSize', `The specified ${name('DiskImageSize')} must be between 1 and 2048 GiB.`);
  }
  return { number, bucket, object, format, sizeGiB, device };
}
