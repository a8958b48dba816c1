/** The emulator in this process, on its own port, with the vendor's clients configured for it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import type Ecs from '@alicloud/ecs20140526';
import type { ImportImageRequest } from '@alicloud/ecs20140526';
import type Ram from '@alicloud/ram20150501';
import type Sts from '@alicloud/sts20150401';
import { listen } from '../../../emulator/server.js';
import type { Settings } from '../../../emulator/settings.js';
import { World } from '../../../emulator/world.js';
import { ecsClient, ecsSdk, ramClient, stsClient } from './vendor-sdk.js';

export interface Keys {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly securityToken?: string;
}

export const ACCOUNT_KEYS: Keys = { accessKeyId: 'emulator', accessKeySecret: 'emulator-secret' };
export const REGION = 'cn-hangzhou';
export const BUCKET = 'images';

export const ECS_TRUST = JSON.stringify({
  Statement: [{ Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: ['ecs.aliyuncs.com'] } }],
  Version: '1',
});

export interface LocalCloud {
  readonly world: World;
  /** The data folder of the emulator. */
  readonly folder: string;
  /** `127.0.0.1:PORT` */
  readonly address: string;
  ecs(keys?: Keys): Ecs.default;
  ram(keys?: Keys): Ram.default;
  sts(keys?: Keys): Sts.default;
  set(change: Partial<Settings>): void;
  makeBucket(name: string, region?: string, encrypted?: boolean): void;
  setVersioning(bucket: string, state: 'Enabled' | 'Suspended'): void;
  /** Gives the bucket a locked retention policy. */
  retain(bucket: string, days: number): void;
  putObject(
    key: string,
    bytes: Buffer,
    options?: { readonly bucket?: string; readonly storageClass?: string },
  ): Promise<void>;
  /** Creates the role that allows ECS to read buckets, as the vendor's console does. */
  makeRole(name?: string, policy?: string): void;
  /** Creates a RAM user with a policy and returns its keys. */
  makeUser(name: string, document: object): Keys;
  close(): Promise<void>;
}

export async function startCloud(settings: Partial<Settings> = {}): Promise<LocalCloud> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-test-'));
  const world = new World({ settings, data: folder });
  const server = await listen(world, { host: '127.0.0.1', port: 0 });
  const address = `127.0.0.1:${server.port}`;
  const cloud: LocalCloud = {
    world,
    folder,
    address,
    ecs: (keys = ACCOUNT_KEYS) => ecsClient({ address, regionId: REGION, ...keys }),
    ram: (keys = ACCOUNT_KEYS) => ramClient({ address, regionId: REGION, ...keys }),
    sts: (keys = ACCOUNT_KEYS) => stsClient({ address, regionId: REGION, ...keys }),
    set: (change) => void world.changeSettings(change),
    makeBucket(name, region = REGION, encrypted = false) {
      world.buckets.put(name, {
        name,
        regionId: region,
        storageClass: 'Standard',
        acl: 'private',
        createdAt: world.now(),
        encryption: encrypted ? { algorithm: 'AES256', kmsKeyId: '' } : null,
      });
    },
    setVersioning(bucket, versioning) {
      const record = world.buckets.get(bucket);
      if (record !== undefined) world.buckets.put(bucket, { ...record, versioning });
    },
    retain(bucket, days) {
      const record = world.buckets.get(bucket);
      const retention = { wormId: 'WORM', locked: true, days, createdAt: world.now() };
      if (record !== undefined) world.buckets.put(bucket, { ...record, retention });
    },
    async putObject(key, bytes, { bucket = BUCKET, storageClass = 'Standard' } = {}) {
      const { file, size, crc64 } = await world.blobs.write(Readable.from([bytes]), false, () => undefined);
      const id = `${bucket}/${key}`;
      world.objects.put(id, {
        ...{ id, bucket, key, size, storageClass, crc64: String(crc64), etag: file, type: 'Normal' },
        ...{
          contentType: '',
          headers: {},
          meta: {},
          modifiedAt: world.now(),
          segments: [{ file, size }],
          restore: null,
        },
      });
    },
    makeRole(name = 'AliyunECSImageImportDefaultRole', policy = 'AliyunECSImageImportRolePolicy') {
      const now = world.now();
      world.roles.put(name.toLowerCase(), {
        ...{ roleName: name, roleId: '300', arn: `acs:ram::1000000000000001:role/${name.toLowerCase()}` },
        ...{ description: '', trustPolicy: ECS_TRUST, maxSessionSeconds: 3600, createdAt: now, updatedAt: now },
      });
      const id = `role/${name}/System/${policy}`;
      const attachment = { id, principal: `role/${name}`, policyName: policy, attachedAt: now };
      world.attachments.put(id, { ...attachment, policyType: 'System' });
    },
    makeUser(name, document) {
      const now = world.now();
      const secret = `${name}-secret`;
      world.users.put(name, { userName: name, userId: `2${name}`, displayName: name, comments: '', createdAt: now });
      world.accessKeys.put(name, { accessKeyId: name, secret, userName: name, status: 'Active', createdAt: now });
      world.policies.put(name, {
        ...{ id: `Custom/${name}`, policyName: name, description: '', createdAt: now, updatedAt: now },
        versions: [{ versionId: 'v1', document: JSON.stringify(document), createdAt: now }],
        defaultVersion: 'v1',
      });
      const id = `user/${name}/Custom/${name}`;
      world.attachments.put(id, {
        id,
        principal: `user/${name}`,
        policyType: 'Custom',
        policyName: name,
        attachedAt: now,
      });
      return { accessKeyId: name, accessKeySecret: secret };
    },
    async close() {
      await server.close();
      world.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return cloud;
}

/** Starts a cloud in which the import of `images/web-01.raw` succeeds. */
export async function startReadyCloud(disk: Buffer, settings: Partial<Settings> = {}): Promise<LocalCloud> {
  const cloud = await startCloud(settings);
  cloud.makeBucket(BUCKET);
  cloud.makeRole();
  await cloud.putObject('web-01.raw', disk);
  return cloud;
}

/** The request of that import, with `fields` of the vendor's class applied. */
export function importRequest(fields: Record<string, unknown> = {}): ImportImageRequest {
  return new (ecsSdk().ImportImageRequest)({
    regionId: REGION,
    imageName: 'web-01',
    diskDeviceMapping: [{ OSSBucket: BUCKET, OSSObject: 'web-01.raw' }],
    ...fields,
  });
}
