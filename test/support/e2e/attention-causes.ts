/** Causes for which an import stops for a person, brought about in the account as people bring them about, and mended so. */
import { setTimeout as sleep } from 'node:timers/promises';
import { IMPORT_TAG_KEY } from '../../../domain/ids.js';
import { bareImport } from '../alibaba/import-input.js';
import { raw } from '../emulator/made-disks.js';
import type { RangeServer } from '../sources/range-server.js';
import type { Account, Keys, startKeyServer } from './account.js';
import { REGION, type Service } from './service.js';

export interface Stage {
  readonly service: Service;
  readonly account: Account;
  readonly keyServer: Awaited<ReturnType<typeof startKeyServer>>;
  readonly web: RangeServer;
  /** The worker's keys as long as nobody spoils them. */
  readonly goodKeys: Keys;
}

export interface Planted {
  /** What has to happen once the import is under way. */
  readonly onceStarted?: (importId: string) => Promise<unknown>;
  readonly fix: () => Promise<unknown>;
}

export interface Cause {
  /** The codes by which it may be told; the cloud's services have different ones for the same. */
  readonly codes: readonly string[];
  readonly request?: (name: string, stage: Stage) => Readonly<Record<string, unknown>>;
  /** @param name of image, role and bucket: the import's own */
  readonly plant: (stage: Stage, name: string) => Promise<Planted>;
  /** Amended with the resume. */
  readonly set?: (name: string) => Readonly<Record<string, unknown>>;
  /** A field that has had its effect when it stops, and a value for it. */
  readonly refused?: readonly [string, unknown];
}

const setting =
  (wrong: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>): Cause['plant'] =>
  async ({ service }) => {
    await service.settings(wrong);
    return { fix: () => service.settings(right) };
  };
const account = (wrong: Readonly<Record<string, boolean>>): Cause['plant'] =>
  setting({ account: wrong }, { account: Object.fromEntries(Object.entries(wrong).map(([name, is]) => [name, !is])) });
const keys =
  (spoil: (good: Keys, account: Account) => Promise<Keys>): Cause['plant'] =>
  async ({ account, keyServer, goodKeys }) => {
    keyServer.hand(await spoil(goodKeys, account));
    return { fix: async () => keyServer.hand(goodKeys) };
  };
const withdrawn =
  (action: string): Cause['plant'] =>
  async ({ account }) => ({ fix: await account.deny(action) });

/** These are everybody's: one at a time. */
export const CAUSES_OF_ALL: readonly Cause[] = [
  { codes: ['Account.Arrearage'], plant: account({ arrearage: true }) },
  { codes: ['UserNotInTheWhiteList'], plant: account({ importWhiteListed: false }) },
  { codes: ['UserDisable'], plant: account({ ossEnabled: false }) },
  { codes: ['PublicEndpointForbidden'], plant: account({ publicOssAllowed: false }) },
  {
    codes: ['InvalidAccountStatus.OSSDisabled'],
    async plant({ service }, name) {
      const held = await service.fault({ service: 'ecs', action: 'ImportImage', match: name, kind: 'hold' });
      return {
        async onceStarted() {
          while ((await service.hits()).get(held) !== 1) await sleep(50);
          await service.settings({ account: { ossEnabled: false } });
          await service.endFault(held);
        },
        fix: () => service.settings({ account: { ossEnabled: true } }),
      };
    },
  },
  {
    codes: ['QuotaExceed.Image'],
    plant: setting({ quotaImages: 0 }, { quotaImages: 1_000 }),
    // Preflight finds it, so every field can still change.
    set: (name) => ({ imageName: `${name}-later`, 'tags.team': 'web' }),
  },
  {
    codes: ['InvalidTimeStamp.Expired', 'RequestTimeTooSkewed'],
    plant: setting({ clockSkewSeconds: 0 }, { clockSkewSeconds: 900 }),
  },
  {
    codes: ['InvalidSecurityToken.Expired', 'SecurityTokenExpired'],
    plant: keys(async (_good, account) => {
      const short = await account.keys(1);
      await sleep(1_100);
      return short;
    }),
  },
  { codes: ['SignatureDoesNotMatch'], plant: keys(async (good) => ({ ...good, AccessKeySecret: 'another' })) },
  {
    codes: ['InvalidAccessKeyId.NotFound', 'InvalidAccessKeyId'],
    plant: keys(async (good) => ({ ...good, AccessKeyId: 'STS.unknown' })),
  },
  {
    codes: [
      'InvalidSecurityToken',
      'InvalidSecurityToken.Malformed',
      'InvalidSecurityToken.MismatchWithAccessKey',
      'SecurityToken',
    ],
    plant: keys(async (good) => ({ ...good, SecurityToken: 'damaged' })),
  },
  { codes: ['Forbidden.RAM'], plant: withdrawn('ecs:ImportImage') },
  { codes: ['AccessDenied'], plant: withdrawn('oss:PutObject') },
  { codes: ['NoPermission'], plant: withdrawn('ram:GetRole') },
];

const ARCHIVED = 'archived.raw';

/** Each is one import's own: all at once. */
export const CAUSES_OF_ONE: readonly Cause[] = [
  {
    codes: ['NoSetRoletoECSServiceAccount'],
    request: () => ({ role: 'verify' }),
    plant: async ({ service }, name) => ({
      fix: () =>
        service.cloud.ram.setUpImportRole({ mode: 'ensure', roleName: name, cloudBox: false, buckets: [name] }),
    }),
  },
  {
    codes: ['InvalidOSS.NotAuthorized'],
    request: () => ({ role: 'skip' }),
    plant: async ({ account }, name) => ({ fix: await account.roleFor(name, 'another-bucket') }),
  },
  {
    codes: ['InvalidOperation.CloudBoxImageImportRoleRequired'],
    request: (name) => ({
      role: 'skip',
      roleName: undefined,
      storageLocationArn: `arn:acs:cloudbox:${REGION}:1000000000000001:cloudbox/cb-one`,
      disks: [{ source: `oss://${name}/in-cloudbox.raw`, format: 'RAW', diskImageSize: 5 }],
    }),
    async plant({ service }, name) {
      await service.oss(name).put('in-cloudbox.raw', raw());
      const role = { mode: 'ensure', roleName: null, cloudBox: true, buckets: [name] } as const;
      return { fix: () => service.cloud.ram.setUpImportRole(role) };
    },
  },
  {
    codes: ['InvalidOSSObject.NeedRestore'],
    request: (name) => ({ disks: [{ source: `oss://${name}/${ARCHIVED}`, format: 'RAW', diskImageSize: 5 }] }),
    async plant({ service }, name) {
      const oss = service.oss(name);
      await oss.put(ARCHIVED, raw(), { headers: { 'x-oss-storage-class': 'Archive' } });
      return {
        async fix() {
          await service.settings({ restoreSeconds: 0 });
          await oss.restore(ARCHIVED);
        },
      };
    },
  },
  {
    codes: ['ImageCheckUnsupported.WindowsImage'],
    request: () => ({ osType: 'windows', platform: 'Windows Server 2019', licenseType: 'BYOL', bootMode: 'BIOS' }),
    // The service requests no detection of the platforms that are known not to support it.
    async plant({ service }, name) {
      const message = 'Image check is unsupported for windows image.';
      const code = 'ImageCheckUnsupported.WindowsImage';
      await service.fault({
        ...({ service: 'ecs', action: 'ImportImage', kind: 'http' } as const),
        ...{ match: name, status: 403, code, message },
      });
      return { fix: () => Promise.resolve() };
    },
    set: () => ({ 'detection.strategy': 'none' }),
    refused: ['architecture', 'arm64'],
  },
  {
    codes: ['Source.Forbidden'],
    request: (name, { web }) => ({
      disks: [{ source: new URL(`/${name}.raw`, web.url).href, format: 'RAW', diskImageSize: 5 }],
    }),
    async plant({ web }) {
      web.instead = (_path, response) => {
        response.writeHead(403).end();
        return true;
      };
      return {
        fix: async () => {
          web.instead = () => false;
        },
      };
    },
  },
  {
    codes: ['Copy.Failed'],
    request: () => ({ distribute: { regions: ['cn-beijing'], shareWith: [] } }),
    async plant({ service }) {
      await service.settings({ copySeconds: 3_600 });
      return {
        async onceStarted(importId) {
          const { copies } = await service.until(importId, (view) => view.copies.length === 1);
          for (const copy of copies) await service.cloud.ecs(copy.regionId).cancelCopyImage(copy.imageId);
        },
        fix: () => service.settings({ copySeconds: 0.2 }),
      };
    },
    refused: ['imageName', 'another-name'],
  },
  {
    codes: ['Import.AmbiguousImage'],
    async plant({ service }, name) {
      await service.fault({ service: 'ecs', action: 'ImportImage', match: name, kind: 'reset-after' });
      await service.put(name, 'other.raw', raw());
      const other = { imageId: '' };
      return {
        async onceStarted(importId) {
          const look = { service: 'ecs', action: 'DescribeImages', match: { 'Tag.1.Value': importId } } as const;
          const held = await service.fault({ ...look, kind: 'hold', times: -1 });
          while (((await service.hits()).get(held) ?? 0) === 0) await sleep(50);
          const disk = { bucket: name, object: 'other.raw', format: 'RAW', diskImageSizeGiB: 5 };
          const call = bareImport({
            ...{ region: REGION, clientToken: name, imageName: `${name}-other`, roleName: name },
            ...{ disks: [disk], tags: { [IMPORT_TAG_KEY]: importId } },
          });
          other.imageId = (await service.cloud.ecs(REGION).importImage(call)).imageId;
          await service.endFault(held);
        },
        async fix() {
          const ecs = service.cloud.ecs(REGION);
          while ((await ecs.describeImages({ imageIds: [other.imageId] }))[0]?.status !== 'Available') await sleep(50);
          await ecs.deleteImage(other.imageId);
        },
      };
    },
  },
];
