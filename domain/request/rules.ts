/** The rules that take more than one field to judge, and what is said although the request is taken. */
import { parseObjectLocation } from '../object-location.js';
import { nearest } from './nearest.js';
import { givenText, valueAt } from './problems.js';
import type { RequestProblem } from './request.js';
import { sourceWarning } from './source-rules.js';
import { tagProblems } from './tag-rules.js';
import { regionOfStorageLocation } from './text-rules.js';
import { BYOL_ONLY_PLATFORMS, isWindowsPlatform, KNOWN_REGIONS, PLATFORMS } from './vocabulary.js';

/** What of a request can be read, whatever else is wrong with it. */
interface Draft {
  readonly value: (...path: readonly PropertyKey[]) => unknown;
  readonly text: (...path: readonly PropertyKey[]) => string | undefined;
  readonly texts: (...path: readonly PropertyKey[]) => readonly string[];
  readonly sources: readonly string[];
}

interface Finding {
  readonly path: string;
  readonly rule: string;
  readonly given: string | undefined;
  readonly message: string;
  readonly vendorCode: string | null;
}

type Rule = (draft: Draft) => readonly Finding[];

const RULES: readonly Rule[] = [
  function platformOfOsType({ text }) {
    const [osType, platform] = [text('osType'), text('platform')];
    if (osType === undefined || !isPlatform(platform)) return [];
    const windows = isWindowsPlatform(platform);
    if ((osType === 'windows') === windows || !['windows', 'linux'].includes(osType)) return [];
    const message = `is a ${windows ? 'Windows' : 'Linux'} platform, and osType is ${osType}: correct one of them`;
    return [
      { path: 'platform', rule: 'platform.osType', given: platform, message, vendorCode: 'InvalidPlatform.Malformed' },
    ];
  },
  function licenceOfWindows({ text }) {
    if (!isWindows(text) || text('licenseType') !== undefined) return [];
    const message = 'is missing: Windows needs Aliyun (the cloud activates and bills it) or BYOL (your own key)';
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
  function licenceOfWindowsOnly({ text }) {
    const given = text('licenseType');
    const osType = text('osType') ?? (isPlatform(text('platform')) && !isWindows(text) ? 'linux' : undefined);
    if (given === undefined || osType !== 'linux') return [];
    const message = 'applies to Windows only: leave it out';
    return [
      {
        path: 'licenseType',
        rule: 'licenseType.windowsOnly',
        given,
        message,
        vendorCode: 'InvalidLicenseType.NotSupported',
      },
    ];
  },
  function ownLicenceOnly({ text }) {
    const platform = text('platform') ?? '';
    if (text('licenseType') !== 'Aliyun' || !BYOL_ONLY_PLATFORMS.includes(platform)) return [];
    const message = `has to be BYOL for platform ${platform}: the cloud has no licence of its own for it`;
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
    if (text('architecture') !== 'arm64' || text('bootMode') !== 'BIOS') return [];
    const message = 'has to be UEFI for arm64, or left out';
    return [
      { path: 'bootMode', rule: 'bootMode.arm64', given: 'BIOS', message, vendorCode: 'InvalidBootMode.NotSupport' },
    ];
  },
  function platformOfArm({ text }) {
    if (text('architecture') !== 'arm64' || !isWindows(text)) return [];
    const message = 'is arm64, and the cloud has no Windows for it';
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
    const message = 'is missing: disks that are not in OSS yet are uploaded to it';
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
  function tags({ value }) {
    const given = value('tags');
    if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
    return tagProblems({ ...given }).map(({ key, rule, ...problem }) => ({
      ...problem,
      path: key === null ? 'tags' : `tags.${key}`,
      rule: `tags.${rule}`,
    }));
  },
  function copiesElsewhere({ text, texts }) {
    const regions = texts('distribute', 'regions');
    return regions.flatMap((region, index) => {
      const path = `distribute.regions[${index}]`;
      const own = region === text('region');
      if (!own && regions.indexOf(region) === index) return [];
      const message = own ? 'is the import’s own region, which has the image already' : 'is named twice';
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
  function accountsOnce({ texts }) {
    const accounts = texts('distribute', 'shareWith');
    return accounts.flatMap((account, index) =>
      accounts.indexOf(account) === index
        ? []
        : [
            {
              path: `distribute.shareWith[${index}]`,
              rule: 'distribute.shareWith.unique',
              given: account,
              message: 'is named twice',
              vendorCode: null,
            },
          ],
    );
  },
];

const WARNINGS: readonly Rule[] = [
  function unknownRegions({ text, texts }) {
    const named = [
      { path: 'region', region: text('region') },
      ...texts('distribute', 'regions').map((region, index) => ({ path: `distribute.regions[${index}]`, region })),
    ];
    return named.flatMap(({ path, region }) => {
      if (region === undefined || KNOWN_REGIONS.includes(region)) return [];
      const near = nearest(region, KNOWN_REGIONS);
      const hint = near === null ? '' : `; did you mean ${near}?`;
      const message = `is none of the regions known here; the cloud is asked before anything is sent${hint}`;
      return [{ path, rule: 'region.unknown', given: region, message, vendorCode: 'InvalidRegionId.NotFound' }];
    });
  },
  function regionOfCloudBox({ text }) {
    const arn = text('storageLocationArn');
    const region = arn === undefined ? null : regionOfStorageLocation(arn);
    if (region === null || region === text('region')) return [];
    const message = `names a CloudBox of ${region}, and the import is for ${text('region')}`;
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
  function systemToldByPlatform({ text }) {
    const platform = text('platform');
    if (text('osType') !== undefined || !isPlatform(platform)) return [];
    const message = `is taken to be ${osTypeOf(platform)}, from platform ${platform}`;
    return [{ path: 'osType', rule: 'osType.derived', given: undefined, message, vendorCode: null }];
  },
  function windowsWithoutEdition({ text }) {
    if (text('osType') !== 'windows' || text('platform') !== undefined) return [];
    const message =
      'is missing: without it, and where the image does not tell, the cloud does not know which Windows it is';
    return [{ path: 'platform', rule: 'platform.windows', given: undefined, message, vendorCode: null }];
  },
  function formatByInvitation({ texts, sources }) {
    const formats = sources.map((_, index) => texts('disks', index, 'format')[0]);
    return formats.flatMap((format, index) =>
      format === 'VMDK'
        ? [
            {
              path: `disks[${index}].format`,
              rule: 'disks.format.invitation',
              given: format,
              message: 'is imported for accounts only that the vendor invited; convert to QCOW2 where yours is not',
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

/** `body` may be anything: what is not of its type is passed over here, since the schema has named it. */
export function checkTogether(body: unknown): {
  readonly problems: readonly RequestProblem[];
  readonly warnings: readonly RequestProblem[];
} {
  const draft = draftOf(body);
  const apply = (rules: readonly Rule[]) => rules.flatMap((rule) => rule(draft)).map(problemOf);
  return { problems: apply(RULES), warnings: apply(WARNINGS) };
}

/** The type of system that a platform implies; the cloud would take linux for granted. */
export function osTypeOf(platform: string): 'windows' | 'linux' {
  return isWindowsPlatform(platform) ? 'windows' : 'linux';
}

function problemOf({ path, rule, given, message, vendorCode }: Finding): RequestProblem {
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

/** Where system and platform contradict each other, only that is told, and not what would follow from either. */
function isWindows(text: Draft['text']): boolean {
  const osType = text('osType');
  return osType === undefined ? isWindowsPlatform(text('platform')) : osType === 'windows';
}
