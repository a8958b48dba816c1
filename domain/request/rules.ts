/** The rules that concern more than one field, and the warnings about accepted requests. */
import { isObject } from '../json-value.js';
import { parseObjectLocation } from '../object-location.js';
import { nearest } from './nearest.js';
import { givenText, valueAt } from './problems.js';
import type { RequestProblem } from './request.js';
import { sourceWarning } from './source-rules.js';
import { tagProblems } from './tag-rules.js';
import { regionOfStorageLocation } from './text-rules.js';
import { BYOL_ONLY_PLATFORMS, DUAL_BOOT, isWindowsPlatform, KNOWN_REGIONS, PLATFORMS } from './vocabulary.js';

/** Reads fields of a request that may be invalid. */
interface Draft {
  readonly value: (...path: readonly PropertyKey[]) => unknown;
  readonly text: (...path: readonly PropertyKey[]) => string | undefined;
  readonly texts: (...path: readonly PropertyKey[]) => readonly string[];
  readonly sources: readonly string[];
}

interface Violation {
  readonly path: string;
  readonly rule: string;
  readonly given: string | undefined;
  readonly message: string;
  readonly vendorCode: string | null;
}

type RequestRule = (draft: Draft) => readonly Violation[];

const RULES: readonly RequestRule[] = [
  function platformOfOsType({ text }) {
    const [osType, platform] = [text('osType'), text('platform')];
    if (osType === undefined || !isPlatform(platform)) return [];
    const windows = isWindowsPlatform(platform);
    if ((osType === 'windows') === windows || !['windows', 'linux'].includes(osType)) return [];
    const message = `is a ${windows ? 'Windows' : 'Linux'} platform, but osType is ${osType}: change one of them`;
    return [
      { path: 'platform', rule: 'platform.osType', given: platform, message, vendorCode: 'InvalidPlatform.Malformed' },
    ];
  },
  function licenseOfWindows({ text }) {
    if (!isWindows(text) || text('licenseType') !== undefined) return [];
    const message =
      'is missing: Windows requires Auto (the cloud chooses), Aliyun (the cloud activates and bills it) or BYOL (your own license)';
    return [
      {
        path: 'licenseType',
        rule: 'licenseType.required',
        given: undefined,
        message,
        vendorCode: 'InvalidLicenseType.NotSupported',
      },
    ];
  },
  function byolOnly({ text }) {
    const platform = text('platform') ?? '';
    if (text('licenseType') !== 'Aliyun' || !BYOL_ONLY_PLATFORMS.includes(platform)) return [];
    const message = `must be BYOL for platform ${platform}: the cloud has no license for it`;
    return [
      {
        path: 'licenseType',
        rule: 'licenseType.byolOnly',
        given: 'Aliyun',
        message,
        vendorCode: 'InvalidLicenseType.BYOLOnly',
      },
    ];
  },
  function bootModeOfArm({ text }) {
    const given = text('bootMode');
    if (text('architecture') !== 'arm64' || (given !== 'BIOS' && given !== DUAL_BOOT)) return [];
    const message = 'must be UEFI for arm64: change or remove it';
    return [{ path: 'bootMode', rule: 'bootMode.arm64', given, message, vendorCode: 'InvalidBootMode.NotSupport' }];
  },
  function platformOfArm({ text }) {
    if (text('architecture') !== 'arm64' || !isWindows(text)) return [];
    const message = 'is arm64, which the cloud does not support for Windows';
    return [
      {
        path: 'architecture',
        rule: 'architecture.platform',
        given: 'arm64',
        message,
        vendorCode: 'InvalidArchitecture.PlatformUnsupported',
      },
    ];
  },
  function bucketToUploadTo({ text, sources }) {
    if (text('upload', 'bucket') !== undefined || sources.every((source) => parseObjectLocation(source) !== null))
      return [];
    const message = 'is missing: set it to the bucket that disks outside OSS are uploaded to';
    return [
      {
        path: 'upload.bucket',
        rule: 'upload.bucket.required',
        given: undefined,
        message,
        vendorCode: 'MissingParameter',
      },
    ];
  },
  function trimNeedsConversion({ text }) {
    if (text('upload', 'trim') !== 'free-space' || text('upload', 'convert') !== 'never') return [];
    const message = 'needs a conversion, but upload.convert is never: remove one of the two';
    return [{ path: 'upload.trim', rule: 'upload.trim', given: 'free-space', message, vendorCode: null }];
  },
  function credentialOfWebSource({ value, sources }) {
    return sources.flatMap((source, index) => {
      const given = value('disks', index, 'credential');
      if (typeof given !== 'string' || /^https?:/i.test(source)) return [];
      const path = `disks[${index}].credential`;
      const message = 'is for https:// sources only: remove it';
      return [{ path, rule: 'disks.credential', given, message, vendorCode: null }];
    });
  },
  function tags({ value }) {
    const given = value('tags');
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
    return tagProblems({ ...given }).map(({ key, rule, ...problem }) => ({
      ...problem,
      path: key === null ? 'tags' : `tags.${key}`,
      rule: `tags.${rule}`,
    }));
  },
  function copyRegions({ text, texts }) {
    const regions = texts('distribute', 'regions');
    return regions.flatMap((region, index) => {
      const path = `distribute.regions[${index}]`;
      const own = region === text('region');
      if (!own && regions.indexOf(region) === index) return [];
      const message = own
        ? 'is the region of the import, which has the image already: remove it'
        : 'is listed twice: remove one';
      return [
        {
          path,
          rule: `distribute.regions.${own ? 'own' : 'unique'}`,
          given: region,
          message,
          vendorCode: 'DestinationRegion.NotFound',
        },
      ];
    });
  },
  function keysOfCopies({ value, texts }) {
    const regions = texts('distribute', 'regions');
    return Object.keys(keysIn(value)).flatMap((region) => {
      const path = `distribute.kmsKeyId.${region}`;
      const given = region;
      if (!regions.includes(region)) {
        const message = `is a key for ${region}, to which the image is not copied: add the region to distribute.regions, or remove the key`;
        return [{ path, rule: 'distribute.kmsKeyId.region', given, message, vendorCode: KMS_KEY }];
      }
      if (value('distribute', 'encrypt') !== false) return [];
      const message = 'is a key, but distribute.encrypt is false: remove one of them';
      return [{ path, rule: 'distribute.kmsKeyId.encrypt', given, message, vendorCode: KMS_KEY }];
    });
  },
  function sharesOfRegions({ value, text, texts }) {
    const regions = [text('region'), ...texts('distribute', 'regions')];
    return Object.keys(objectIn(value('distribute', 'resourceShares')))
      .filter((region) => !regions.includes(region))
      .map((region) => ({
        path: `distribute.resourceShares.${region}`,
        rule: 'distribute.resourceShares.region',
        given: region,
        message: `is a share for ${region}, where there is no image: add the region to distribute.regions, or remove the share`,
        vendorCode: null,
      }));
  },
  function sharedCopies({ value, texts }) {
    const isShared =
      texts('distribute', 'shareWith').length > 0 ||
      Object.keys(objectIn(value('distribute', 'resourceShares'))).length > 0;
    if (value('distribute', 'encrypt') !== true || !isShared) return [];
    const keys = keysIn(value);
    return texts('distribute', 'regions')
      .filter((region) => !Object.hasOwn(keys, region))
      .map((region) => ({
        path: `distribute.kmsKeyId.${region}`,
        rule: 'distribute.kmsKeyId.shared',
        given: undefined,
        message:
          'is missing: an encrypted copy can be shared only if a customer master key encrypts it. Set the ID of one, or remove distribute.shareWith',
        vendorCode: KMS_KEY,
      }));
  },
  function uniqueAccounts({ texts }) {
    const accounts = texts('distribute', 'shareWith');
    return accounts.flatMap((account, index) =>
      accounts.indexOf(account) === index
        ? []
        : [
            {
              path: `distribute.shareWith[${index}]`,
              rule: 'distribute.shareWith.unique',
              given: account,
              message: 'is listed twice: remove one',
              vendorCode: null,
            },
          ],
    );
  },
];

const KMS_KEY = 'InvalidParameter.KMSKeyId';

/** The keys of copies, by region. */
function keysIn(value: Draft['value']): object {
  return objectIn(value('distribute', 'kmsKeyId'));
}

function objectIn(value: unknown): object {
  return isObject(value) ? value : {};
}

const WARNINGS: readonly RequestRule[] = [
  function unknownRegions({ text, texts }) {
    const named = [
      { path: 'region', region: text('region') },
      ...texts('distribute', 'regions').map((region, index) => ({ path: `distribute.regions[${index}]`, region })),
    ];
    return named.flatMap(({ path, region }) => {
      if (region === undefined || KNOWN_REGIONS.includes(region)) return [];
      const near = nearest(region, KNOWN_REGIONS);
      const hint = near === null ? '' : `; did you mean ${near}?`;
      const message = `is not in this program’s list of regions; preflight checks it with DescribeRegions${hint}`;
      return [{ path, rule: 'region.unknown', given: region, message, vendorCode: 'InvalidRegionId.NotFound' }];
    });
  },
  function regionOfCloudBox({ text }) {
    const arn = text('storageLocationArn');
    const region = arn === undefined ? null : regionOfStorageLocation(arn);
    if (region === null || region === text('region')) return [];
    const message = `is a CloudBox of ${region}, but the region of the import is ${text('region')}`;
    return [
      {
        path: 'storageLocationArn',
        rule: 'storageLocationArn.region',
        given: arn,
        message,
        vendorCode: 'InvalidStorageLocation.NotFound',
      },
    ];
  },
  function osTypeOfPlatform({ text }) {
    const platform = text('platform');
    if (text('osType') !== undefined || !isPlatform(platform)) return [];
    const message = `is set to ${osTypeOf(platform)}, derived from platform ${platform}`;
    return [{ path: 'osType', rule: 'osType.derived', given: undefined, message, vendorCode: null }];
  },
  function licenseOfLinux({ text }) {
    const given = text('licenseType');
    const platform = text('platform');
    const linux =
      text('osType') === 'linux' || (text('osType') === undefined && isPlatform(platform) && !isWindows(text));
    // The cloud bills RHEL and SLES by license, too: BYOL has a meaning there.
    if (given === undefined || !linux || (given === 'BYOL' && ['RedHat', 'SUSE'].includes(platform ?? ''))) return [];
    const message = 'has no effect on Linux; the cloud ignores it';
    return [{ path: 'licenseType', rule: 'licenseType.linux', given, message, vendorCode: null }];
  },
  function unlistedPlatform({ text }) {
    if (text('platform') !== 'Other Windows') return [];
    const message =
      'is Other Windows, which the vendor’s current list of platforms no longer has; if the cloud rejects it, set the Windows version';
    return [
      {
        path: 'platform',
        rule: 'platform.unlisted',
        given: text('platform'),
        message,
        vendorCode: 'InvalidPlatform.Malformed',
      },
    ];
  },
  function windowsWithoutVersion({ text }) {
    if (text('osType') !== 'windows' || text('platform') !== undefined) return [];
    const message =
      'is missing: set it to the Windows version, unless inspection can detect the version from the image';
    return [{ path: 'platform', rule: 'platform.windows', given: undefined, message, vendorCode: null }];
  },
  function invitationOnlyFormat({ texts, sources }) {
    const formats = sources.map((_, index) => texts('disks', index, 'format')[0]);
    return formats.flatMap((format, index) =>
      format === 'VMDK'
        ? [
            {
              path: `disks[${index}].format`,
              rule: 'disks.format.invitation',
              given: format,
              message: 'is supported only for accounts on the vendor’s allowlist; convert to QCOW2 if yours is not',
              vendorCode: 'UserNotInTheWhiteList',
            },
          ]
        : [],
    );
  },
  function signedUrls({ sources }) {
    return sources.flatMap((source, index) => {
      const warning = sourceWarning(source);
      if (warning === null) return [];
      const { message, vendorCode } = warning;
      return [
        { path: `disks[${index}].source`, rule: `disks.source.${warning.rule}`, given: source, message, vendorCode },
      ];
    });
  },
];

/** `body` may be any value. Skips fields of the wrong type, which the schema reports. */
export function checkAcrossFields(body: unknown): {
  readonly problems: readonly RequestProblem[];
  readonly warnings: readonly RequestProblem[];
} {
  const draft = draftOf(body);
  const apply = (rules: readonly RequestRule[]) => rules.flatMap((rule) => rule(draft)).map(problemOf);
  return { problems: apply(RULES), warnings: apply(WARNINGS) };
}

/** The osType that a platform implies. The cloud would assume linux. */
export function osTypeOf(platform: string): 'windows' | 'linux' {
  return isWindowsPlatform(platform) ? 'windows' : 'linux';
}

function problemOf({ path, rule, given, message, vendorCode }: Violation): RequestProblem {
  return { path, rule, given: givenText(given), message: `${path} ${message}`, vendorCode };
}

function draftOf(body: unknown): Draft {
  const value = (...path: readonly PropertyKey[]) => valueAt(body, path);
  const text = (...path: readonly PropertyKey[]) => {
    const found = value(...path);
    return typeof found === 'string' ? found : undefined;
  };
  const texts = (...path: readonly PropertyKey[]) => {
    return [value(...path)].flat().filter((one): one is string => typeof one === 'string');
  };
  const disks = value('disks');
  const sources = Array.isArray(disks) ? disks.map((_, index) => text('disks', index, 'source') ?? '') : [];
  return { value, text, texts, sources };
}

function isPlatform(platform: string | undefined): platform is string {
  return (PLATFORMS as readonly string[]).includes(platform ?? '');
}

/** osType takes precedence, so that a contradicting platform is reported once, without consequential problems. */
function isWindows(text: Draft['text']): boolean {
  const osType = text('osType');
  return osType === undefined ? isWindowsPlatform(text('platform')) : osType === 'windows';
}
