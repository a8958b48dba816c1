import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { lookUp } from '../../domain/catalogue/index.js';
import { importRequestSchema, validateRequest } from '../../domain/request-schema.js';
import { PLATFORMS, WINDOWS_PLATFORMS } from '../../domain/vocabulary.js';
import { acceptedWith, bodyWith, type Fields, problemsWith } from './requests.js';

const disk = (fields: Fields) => ({ disks: [{ source: 'file:///a.qcow2', ...fields }] });
const source = (text: unknown) => ({ disks: [{ source: text }] });
const disks = (count: number) => ({ disks: Array.from({ length: count }, () => ({ source: 'file:///a.raw' })) });
const tags = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, 'v']));
const windows = { osType: 'windows', platform: 'Windows Server 2022', licenseType: 'BYOL' };

/** What is wrong, where it is told, by which rule of ours, and the code that the cloud would have answered. */
const WRONG: readonly (readonly [
  what: string,
  changes: Fields,
  path: string,
  rule: string,
  vendorCode: string | null,
])[] = [
  ['no region', { region: undefined }, 'region', 'region.required', 'MissingParameter'],
  ['a region that cannot be one', { region: 'Hangzhou' }, 'region', 'region.shape', 'InvalidRegionId.NotFound'],
  ['no name', { imageName: undefined }, 'imageName', 'imageName.required', null],
  ['a name of one letter', { imageName: 'a' }, 'imageName', 'imageName.length', 'InvalidImageName.Malformed'],
  ['a name of 129', { imageName: 'a'.repeat(129) }, 'imageName', 'imageName.length', 'InvalidImageName.Malformed'],
  [
    'a name that starts with a digit',
    { imageName: '1a' },
    'imageName',
    'imageName.start',
    'InvalidImageName.Malformed',
  ],
  ['a name with a blank', { imageName: 'a b' }, 'imageName', 'imageName.characters', 'InvalidImageName.Malformed'],
  ['a name with a slash', { imageName: 'a/b' }, 'imageName', 'imageName.characters', 'InvalidImageName.Malformed'],
  [
    'a name of the vendor',
    { imageName: 'aliyun-web' },
    'imageName',
    'imageName.reserved',
    'InvalidImageName.Malformed',
  ],
  ['another of the vendor', { imageName: 'acs:web' }, 'imageName', 'imageName.reserved', 'InvalidImageName.Malformed'],
  ['a number for a name', { imageName: 42 }, 'imageName', 'imageName.type', 'InvalidImageName.Malformed'],
  [
    'a description of one letter',
    { description: 'x' },
    'description',
    'description.length',
    'InvalidDescription.Malformed',
  ],
  [
    'a description of 257',
    { description: 'x'.repeat(257) },
    'description',
    'description.length',
    'InvalidDescription.Malformed',
  ],
  [
    'a description that is a URL',
    { description: 'https://x' },
    'description',
    'description.url',
    'InvalidDescription.Malformed',
  ],
  [
    'an unknown architecture',
    { architecture: 'sparc' },
    'architecture',
    'architecture.value',
    'InvalidArchitecture.Malformed',
  ],
  ['an unknown system', { osType: 'plan9' }, 'osType', 'osType.value', 'InvalidOSType.Malformed'],
  ['an unknown platform', { platform: 'Slackware' }, 'platform', 'platform.value', 'InvalidPlatform.Malformed'],
  ['a platform in small letters', { platform: 'ubuntu' }, 'platform', 'platform.value', 'InvalidPlatform.Malformed'],
  [
    'a Linux platform for Windows',
    { ...windows, platform: 'Ubuntu' },
    'platform',
    'platform.osType',
    'InvalidPlatform.Malformed',
  ],
  [
    'a Windows platform for Linux',
    { osType: 'linux', platform: 'Other Windows' },
    'platform',
    'platform.osType',
    'InvalidPlatform.Malformed',
  ],
  ['an unknown boot mode', { bootMode: 'Coreboot' }, 'bootMode', 'bootMode.value', 'InvalidBootMode.Malformed'],
  [
    'BIOS for arm64',
    { architecture: 'arm64', bootMode: 'BIOS' },
    'bootMode',
    'bootMode.arm64',
    'InvalidBootMode.NotSupport',
  ],
  [
    'Windows for arm64',
    { ...windows, architecture: 'arm64' },
    'architecture',
    'architecture.platform',
    'InvalidArchitecture.PlatformUnsupported',
  ],
  [
    'an unknown licence',
    { ...windows, licenseType: 'Mine' },
    'licenseType',
    'licenseType.value',
    'InvalidLicenseType.NotSupported',
  ],
  [
    'Windows without a licence',
    { ...windows, licenseType: undefined },
    'licenseType',
    'licenseType.required',
    'InvalidLicenseType.NotSupported',
  ],
  [
    'a licence for Linux',
    { osType: 'linux', licenseType: 'BYOL' },
    'licenseType',
    'licenseType.windowsOnly',
    'InvalidLicenseType.NotSupported',
  ],
  [
    'a licence for a Linux platform',
    { platform: 'Debian', licenseType: 'Aliyun' },
    'licenseType',
    'licenseType.windowsOnly',
    'InvalidLicenseType.NotSupported',
  ],
  [
    'a licence that the vendor has not',
    { platform: 'Other Windows', licenseType: 'Aliyun' },
    'licenseType',
    'licenseType.byolOnly',
    'InvalidLicenseType.BYOLOnly',
  ],
  [
    'no resource group',
    { resourceGroupId: 'web' },
    'resourceGroupId',
    'resourceGroupId.shape',
    'InvalidResourceGroup.NotFound',
  ],
  [
    'a role’s ARN for its name',
    { roleName: 'acs:ram::1:role/x' },
    'roleName',
    'roleName.shape',
    'NoSetRoletoECSServiceAccount',
  ],
  [
    'no CloudBox',
    { storageLocationArn: 'cb-1' },
    'storageLocationArn',
    'storageLocationArn.shape',
    'InvalidStorageLocation.NotFound',
  ],
  ['no disks', { disks: undefined }, 'disks', 'disks.required', 'MissingParameter.DiskDeviceMapping'],
  ['an empty list of disks', { disks: [] }, 'disks', 'disks.count', 'MissingParameter.DiskDeviceMapping'],
  ['18 disks', disks(18), 'disks', 'disks.count', 'MissingParameter.DiskDeviceMapping'],
  ['a disk without a source', source(undefined), 'disks[0].source', 'disks.source.required', null],
  ['a path for a source', source('/images/a.qcow2'), 'disks[0].source', 'disks.source.url', null],
  ['a source of another kind', source('ftp://h/a.qcow2'), 'disks[0].source', 'disks.source.scheme', null],
  ['a folder for a source', source('file:///images/'), 'disks[0].source', 'disks.source.file.path', null],
  ['a query behind a path', source('file:///a.raw?x'), 'disks[0].source', 'disks.source.file.path', null],
  ['an escaped slash in a path', source('file:///a%2Fb.raw'), 'disks[0].source', 'disks.source.file.path', null],
  ['a user in a file’s URL', source('file://user@host/a.raw'), 'disks[0].source', 'disks.source.url', null],
  ['a password in a URL', source('https://u:secret@h/a.raw'), 'disks[0].source', 'disks.source.credentials', null],
  [
    'a bucket for an object',
    source('oss://bucket'),
    'disks[0].source',
    'disks.source.object.key',
    'InvalidOSSObject.Malformed',
  ],
  [
    'a folder for an object',
    source('oss://bucket/dir/'),
    'disks[0].source',
    'disks.source.object.key',
    'InvalidOSSObject.Malformed',
  ],
  [
    'a key that starts with a slash',
    source('oss://bucket//a.raw'),
    'disks[0].source',
    'disks.source.object.key.start',
    'InvalidOSSObject.Malformed',
  ],
  [
    'a key of 1,024 bytes',
    source(`oss://bucket/${'ü'.repeat(510)}.raw`),
    'disks[0].source',
    'disks.source.object.key.length',
    'InvalidOSSObject.Malformed',
  ],
  [
    'an object that is an archive',
    source('oss://bucket/a.tar.gz'),
    'disks[0].source',
    'disks.source.object.suffix',
    'UnsupportedSuffix.OSSObject',
  ],
  [
    'an object of a bucket that cannot be',
    source('oss://My_Bucket/a.raw'),
    'disks[0].source',
    'disks.source.object.bucket',
    'InvalidOSSBucket.Malformed',
  ],
  [
    'an unknown format',
    disk({ format: 'VDI' }),
    'disks[0].format',
    'disks.format.value',
    'InvalidImageFormat.Malformed',
  ],
  [
    'a system disk of 0 GiB',
    disk({ diskImageSize: 0 }),
    'disks[0].diskImageSize',
    'disks.diskImageSize.range',
    'InvalidImageSize',
  ],
  [
    'a system disk of 2,049 GiB',
    disk({ diskImageSize: 2049 }),
    'disks[0].diskImageSize',
    'disks.diskImageSize.range',
    'InvalidImageSize',
  ],
  [
    'half a GiB',
    disk({ diskImageSize: 40.5 }),
    'disks[0].diskImageSize',
    'disks.diskImageSize.type',
    'InvalidImageSize',
  ],
  [
    'a size in quotes',
    disk({ diskImageSize: '40' }),
    'disks[0].diskImageSize',
    'disks.diskImageSize.type',
    'InvalidImageSize',
  ],
  [
    'a data disk of 2,049 GiB',
    { disks: [{ source: 'file:///a' }, { source: 'file:///b', diskImageSize: 2049 }] },
    'disks[1].diskImageSize',
    'disks.diskImageSize.range',
    'InvalidDataDiskSize',
  ],
  ['half a checksum', disk({ sha256: 'abc' }), 'disks[0].sha256', 'disks.sha256.shape', null],
  ['20 tags beside our own', { tags: tags(20) }, 'tags', 'tags.count', 'NumberExceed.Tags'],
  ['a tag with an empty key', { tags: { '': 'v' } }, 'tags.', 'tags.key.length', 'InvalidTagKey.Malformed'],
  [
    'a tag’s key of 129',
    { tags: { ['k'.repeat(129)]: 'v' } },
    `tags.${'k'.repeat(129)}`,
    'tags.key.length',
    'InvalidTagKey.Malformed',
  ],
  ['a tag of the vendor', { tags: { 'acs:k': 'v' } }, 'tags.acs:k', 'tags.key.reserved', 'InvalidTagKey.Malformed'],
  [
    'a tag’s key with a URL',
    { tags: { 'k http://': 'v' } },
    'tags.k http://',
    'tags.key.url',
    'InvalidTagKey.Malformed',
  ],
  [
    'a tag’s value of 129',
    { tags: { k: 'v'.repeat(129) } },
    'tags.k',
    'tags.value.length',
    'InvalidTagValue.Malformed',
  ],
  ['a value of the vendor', { tags: { k: 'acs:v' } }, 'tags.k', 'tags.value.reserved', 'InvalidTagValue.Malformed'],
  ['a value with a URL', { tags: { k: 'see https://v' } }, 'tags.k', 'tags.value.url', 'InvalidTagValue.Malformed'],
  [
    'two keys alike but for capitals',
    { tags: { Team: 'a', team: 'b' } },
    'tags.team',
    'tags.unique',
    'TagKey.Duplication',
  ],
  ['our own tag', { tags: { 'ECS-Image-Import': 'x' } }, 'tags.ECS-Image-Import', 'tags.own', 'TagKey.Duplication'],
  ['a number for a tag’s value', { tags: { version: 5 } }, 'tags.version', 'tags.type', 'InvalidTagValue.Malformed'],
  [
    'an unknown NVMe support',
    { features: { nvmeSupport: 'yes' } },
    'features.nvmeSupport',
    'features.nvmeSupport.value',
    'InvalidParameter',
  ],
  [
    'an unknown IMDS support',
    { features: { imdsSupport: 'v3' } },
    'features.imdsSupport',
    'features.imdsSupport.value',
    'InvalidParameter.FeaturesImdsSupport',
  ],
  ['no bucket to upload to', { upload: {} }, 'upload.bucket', 'upload.bucket.required', 'MissingParameter'],
  [
    'a bucket that cannot be one',
    { upload: { bucket: '-b-' } },
    'upload.bucket',
    'upload.bucket.shape',
    'InvalidOSSBucket.Malformed',
  ],
  [
    'a prefix with a root',
    { upload: { bucket: 'my-bucket', prefix: '/x' } },
    'upload.prefix',
    'upload.prefix.start',
    'InvalidOSSObject.Malformed',
  ],
  [
    'a conversion that is none',
    { upload: { bucket: 'my-bucket', convert: 'yes' } },
    'upload.convert',
    'upload.convert.value',
    null,
  ],
  ['an unknown role mode', { role: 'make' }, 'role', 'role.value', null],
  [
    'an unknown detection',
    { detection: { strategy: 'Deep' } },
    'detection.strategy',
    'detection.strategy.value',
    'InvalidParameter.DetectionStrategy',
  ],
  [
    'a copy to the own region',
    { distribute: { regions: ['cn-hangzhou'] } },
    'distribute.regions[0]',
    'distribute.regions.own',
    'DestinationRegion.NotFound',
  ],
  [
    'a copy asked for twice',
    { distribute: { regions: ['cn-beijing', 'cn-beijing'] } },
    'distribute.regions[1]',
    'distribute.regions.unique',
    'DestinationRegion.NotFound',
  ],
  [
    'a name for an account',
    { distribute: { shareWith: ['me'] } },
    'distribute.shareWith[0]',
    'distribute.shareWith.shape',
    'InvalidAccount.NotFound',
  ],
  [
    'an account named twice',
    { distribute: { shareWith: ['1234567', '1234567'] } },
    'distribute.shareWith[1]',
    'distribute.shareWith.unique',
    null,
  ],
  [
    '51 accounts',
    { distribute: { shareWith: Array.from({ length: 51 }, (_, index) => `${1_000_000 + index}`) } },
    'distribute.shareWith',
    'distribute.shareWith.count',
    'QuotaExceed.ShareImageUser',
  ],
  ['a dry run in words', { dryRun: 'true' }, 'dryRun', 'dryRun.type', null],
];

describe('a request with', () => {
  test.each(WRONG)('%s is refused', (_, changes, path, rule, vendorCode) => {
    expect(problemsWith(changes)).toEqual([
      {
        path,
        rule,
        vendorCode,
        given: expect.toSatisfy((given) => given === null || given.length <= 80),
        message: expect.stringContaining(path),
      },
    ]);
  });

  test('several things wrong is told all of them, in the order of its fields', () => {
    const problems = problemsWith({
      imageName: '1',
      architecture: 'sparc',
      disks: [{ source: 'oss://b/a.zip', diskImageSize: 0 }],
      tags: { A: '1', a: '2', n: 5 },
      distribute: { regions: ['cn-hangzhou'] },
      surprise: true,
    });
    expect(problems.map(({ rule }) => rule)).toEqual([
      'imageName.length',
      'imageName.start',
      'architecture.value',
      'disks.source.object.bucket',
      'disks.source.object.suffix',
      'disks.diskImageSize.range',
      'tags.type',
      'tags.unique',
      'distribute.regions.own',
      'request.unknownField',
    ]);
  });

  test('a URL in its name is told so', () => {
    expect(problemsWith({ imageName: 'a.http://b' }).map(({ rule }) => rule)).toContain('imageName.url');
  });

  test('a field that there is not names the nearest that there is, or where it is', () => {
    const hints = problemsWith({
      imagName: 'x',
      ImageName: 'x',
      ClientToken: 't',
      ossBucket: 'b',
      detection: { failon: 'never' },
      disks: [{ source: 'file:///a', DiskImageSize: 40, colour: 'red' }],
    }).map(({ path, message }) => [path, message.split('; ')[1]]);
    expect(Object.fromEntries(hints)).toEqual({
      imagName: 'did you mean imageName?',
      ImageName: 'did you mean imageName?',
      ClientToken: expect.stringContaining('Idempotency-Key'),
      ossBucket: 'here it is upload.bucket',
      'detection.failon': 'did you mean failOn?',
      'disks[0].DiskImageSize': 'did you mean diskImageSize?',
      'disks[0].colour': expect.stringContaining('source, format, diskImageSize, sha256'),
    });
  });

  test('a secret in it does not find it in the answer', () => {
    const problems = problemsWith({
      disks: [{ source: 'https://me:hunter2@h/a?Signature=beef', sise: 'http://h/?token=beef' }],
    });
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toMatch(/hunter2|beef/);
  });

  test.each([null, [], 'text', 42])('%j for a body is refused as a whole', (body) => {
    expect(validateRequest(body)).toMatchObject({ ok: false, problems: [{ path: '', rule: 'request.type' }] });
  });

  test('names that JavaScript keeps for itself changes nothing and is refused', () => {
    const body = JSON.parse('{"__proto__":{"dryRun":true},"constructor":1,"tags":{"__proto__":"x"}}');
    const checked = validateRequest({ ...bodyWith(), ...body });
    expect(checked.ok).toBe(false);
    expect(validateRequest(JSON.parse(JSON.stringify(bodyWith()).replace('{', '{"__proto__":1,')))).toMatchObject({
      problems: [{ path: '__proto__' }],
    });
  });

  test('any of the vendor’s 27 platforms is taken', () => {
    expect(PLATFORMS).toHaveLength(27);
    for (const platform of PLATFORMS) {
      const isWindows = (WINDOWS_PLATFORMS as readonly string[]).includes(platform);
      const licence = isWindows ? { licenseType: 'BYOL' } : {};
      expect(acceptedWith({ platform, ...licence }).osType).toBe(isWindows ? 'windows' : 'linux');
    }
  });

  test('everything at its limit is taken', () => {
    const request = acceptedWith({
      imageName: `中${'a'.repeat(127)}`,
      description: 'x'.repeat(256),
      disks: [
        ...disks(16).disks,
        { source: 'oss://my-bucket/a/ü b.VHD', format: 'vhd', diskImageSize: 2048, sha256: 'A'.repeat(64) },
      ],
      tags: { ...tags(18), ['k'.repeat(128)]: 'v'.repeat(128) },
      storageLocationArn: 'arn:acs:cloudbox:cn-hangzhou:123456:cloudbox/cb-xx***123',
      roleName: 'r'.repeat(64),
      resourceGroupId: 'rg-bp67acfmxazb4p',
      distribute: { regions: ['cn-beijing'], shareWith: ['1234567890123456'] },
    });
    expect(request.disks).toHaveLength(17);
    expect(request.disks[16]).toMatchObject({ format: 'VHD', sha256: 'a'.repeat(64) });
  });
});

describe('an accepted request', () => {
  test('has every default that does not depend on the image', () => {
    expect(acceptedWith()).toEqual({
      region: 'cn-hangzhou',
      imageName: 'web-01',
      disks: [{ source: 'file:///images/web-01.qcow2' }],
      tags: {},
      upload: { bucket: 'my-bucket', prefix: 'imports/', convert: 'auto', keepObject: false },
      role: 'ensure',
      detection: { strategy: 'Standard', wait: true, failOn: 'blocking' },
      distribute: { regions: [], shareWith: [] },
      dryRun: false,
    });
  });

  test('is accepted again as it is, so that it can be amended', () => {
    const request = acceptedWith({ ...windows, features: { imdsSupport: 'v2' }, inspection: { failOn: 'never' } });
    expect(validateRequest(request)).toMatchObject({ ok: true, request, warnings: [] });
  });

  test('takes null for what is not given', () => {
    expect(acceptedWith({ description: null, features: null, tags: { a: null } })).toEqual(acceptedWith());
  });

  test('needs no bucket where all its disks are objects already', () => {
    const request = acceptedWith({ upload: undefined, disks: [{ source: 'oss://images/a.qcow2' }] });
    expect(request.upload.bucket).toBe('images');
  });
});

describe('a warning', () => {
  const warningsWith = (changes: Fields) =>
    validateRequest(bodyWith(changes)).warnings.map(({ path, rule }) => [path, rule]);

  test('comes with the vendor’s deprecated fields, which are understood', () => {
    const checked = validateRequest(
      bodyWith({ disks: [{ source: 'file:///a', DiskImSize: 40, Device: '/dev/xvda' }] }),
    );
    expect(checked).toMatchObject({ ok: true, request: { disks: [{ source: 'file:///a', diskImageSize: 40 }] } });
    expect(checked.warnings.map(({ path, rule }) => [path, rule])).toEqual([
      ['disks[0].DiskImSize', 'disks.deprecated'],
      ['disks[0].Device', 'disks.deprecated'],
    ]);
    expect(problemsWith({ disks: [{ source: 'file:///a', diskImSize: 40, diskImageSize: 41 }] })).toMatchObject([
      { path: 'disks[0].diskImSize', given: '40' },
    ]);
    expect(problemsWith(disk({ DiskImSize: 4096 }))).toMatchObject([{ path: 'disks[0].diskImageSize', given: '4096' }]);
  });

  test.each([
    ['a region that is not known here', { region: 'cn-hangzou' }, 'region', 'region.unknown'],
    [
      'a CloudBox of another region',
      { storageLocationArn: 'arn:acs:cloudbox:cn-beijing:1:cloudbox/cb-1' },
      'storageLocationArn',
      'storageLocationArn.region',
    ],
    ['a system told by its platform', { platform: 'Debian' }, 'osType', 'osType.derived'],
    ['Windows without its edition', { osType: 'windows', licenseType: 'BYOL' }, 'platform', 'platform.windows'],
    ['VMDK', disk({ format: 'VMDK' }), 'disks[0].format', 'disks.format.invitation'],
    ['a signed URL', source('https://h/a.raw?Expires=1&Signature=x'), 'disks[0].source', 'disks.source.signedUrl'],
  ])('comes with %s, and the request is taken', (_, changes, path, rule) => {
    expect(problemsWith(changes)).toEqual([]);
    expect(warningsWith(changes)).toEqual([[path, rule]]);
  });

  test('does not come with an ordinary request', () => {
    expect(warningsWith({})).toEqual([]);
  });
});

describe('what a request may hold', () => {
  test('is described in words, each field of it', () => {
    const wordless: string[] = [];
    const look = (schema: unknown, at: string) => {
      if (typeof schema !== 'object' || schema === null) return;
      for (const [name, field] of Object.entries(Reflect.get(schema, 'properties') ?? {})) {
        if (typeof Reflect.get(Object(field), 'description') !== 'string') wordless.push(`${at}${name}`);
        look(field, `${at}${name}.`);
      }
      look(Reflect.get(schema, 'items'), at);
    };
    look(z.toJSONSchema(importRequestSchema, { io: 'input' }), '');
    expect(wordless).toEqual([]);
  });

  test('is documented with its limits', () => {
    const document = z.toJSONSchema(importRequestSchema, { io: 'input' });
    expect(document.required).toEqual(['region', 'imageName', 'disks']);
    expect(document).toMatchObject({
      additionalProperties: false,
      properties: {
        imageName: { minLength: 2, maxLength: 128 },
        platform: { enum: PLATFORMS },
        disks: { minItems: 1, maxItems: 17, items: { properties: { diskImageSize: { minimum: 1, maximum: 2048 } } } },
        tags: { maxProperties: 19 },
      },
    });
  });

  test('wrong, names codes that the catalogue explains', () => {
    const codes = WRONG.flatMap(([, , , , vendorCode]) => vendorCode ?? []);
    expect(codes.filter((code) => lookUp('ecs', code) === null)).toEqual([]);
  });
});
