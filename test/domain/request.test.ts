import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { lookUp } from '../../domain/errors/index.js';
import { importRequestSchema, validateRequest } from '../../domain/request/schema.js';
import { PLATFORMS, WINDOWS_PLATFORMS } from '../../domain/request/vocabulary.js';
import { acceptedWith, bodyWith, type Fields, problemsWith } from '../support/domain/requests.js';
import { disk, disks, source, tags, WRONG, windows } from '../support/domain/wrong-requests.js';

describe('a request with', () => {
  test.each(WRONG)('%s is rejected', (_, changes, path, rule, vendorCode) => {
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

  test('several problems gets all of them, in the order of its fields', () => {
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

  test('a URL in its image name gets a problem with rule imageName.url', () => {
    expect(problemsWith({ imageName: 'a.http://b' }).map(({ rule }) => rule)).toContain('imageName.url');
  });

  test('an unknown field gets a suggestion: the nearest field name, or the field to use', () => {
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
      ossBucket: 'use upload.bucket',
      'detection.failon': 'did you mean failOn?',
      'disks[0].DiskImageSize': 'did you mean diskImageSize?',
      'disks[0].colour': expect.stringContaining('source, format, diskImageSize, sha256'),
    });
  });

  test('a secret in a source gets problems without the secret', () => {
    const problems = problemsWith({
      disks: [{ source: 'https://me:hunter2@h/a?Signature=beef', sise: 'http://h/?token=beef' }],
    });
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toMatch(/hunter2|beef/);
  });

  test.each([null, [], 'text', 42])('the body %j is rejected', (body) => {
    expect(validateRequest(body)).toMatchObject({ ok: false, problems: [{ path: '', rule: 'request.type' }] });
  });

  test('__proto__ and similar field names is rejected without side effects', () => {
    const body = JSON.parse('{"__proto__":{"dryRun":true},"constructor":1,"tags":{"__proto__":"x"}}');
    const checked = validateRequest({ ...bodyWith(), ...body });
    expect(checked.ok).toBe(false);
    expect(validateRequest(JSON.parse(JSON.stringify(bodyWith()).replace('{', '{"__proto__":1,')))).toMatchObject({
      problems: [{ path: '__proto__' }],
    });
  });

  test('any of the vendor’s 27 platforms is accepted', () => {
    expect(PLATFORMS).toHaveLength(27);
    for (const platform of PLATFORMS) {
      const isWindows = (WINDOWS_PLATFORMS as readonly string[]).includes(platform);
      const licence = isWindows ? { licenseType: 'BYOL' } : {};
      expect(acceptedWith({ platform, ...licence }).osType).toBe(isWindows ? 'windows' : 'linux');
    }
  });

  test('all values at their limits is accepted', () => {
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

  test('is valid input again, so that it can be amended', () => {
    const request = acceptedWith({ ...windows, features: { imdsSupport: 'v2' }, inspection: { failOn: 'never' } });
    expect(validateRequest(request)).toMatchObject({ ok: true, request, warnings: [] });
  });

  test('treats null as an absent field', () => {
    expect(acceptedWith({ description: null, features: null, tags: { a: null } })).toEqual(acceptedWith());
  });

  test('needs no bucket if all its disks are objects in OSS', () => {
    const request = acceptedWith({ upload: undefined, disks: [{ source: 'oss://images/a.qcow2' }] });
    expect(request.upload.bucket).toBe('images');
  });
});

describe('a warning', () => {
  const warningsWith = (changes: Fields) =>
    validateRequest(bodyWith(changes)).warnings.map(({ path, rule }) => [path, rule]);

  test('is returned for the vendor’s deprecated fields, which are accepted', () => {
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
    ['an unknown region', { region: 'cn-hangzou' }, 'region', 'region.unknown'],
    [
      'a CloudBox of another region',
      { storageLocationArn: 'arn:acs:cloudbox:cn-beijing:1:cloudbox/cb-1' },
      'storageLocationArn',
      'storageLocationArn.region',
    ],
    ['an osType derived from the platform', { platform: 'Debian' }, 'osType', 'osType.derived'],
    ['Windows without its edition', { osType: 'windows', licenseType: 'BYOL' }, 'platform', 'platform.windows'],
    ['a license for Linux', { osType: 'linux', licenseType: 'BYOL' }, 'licenseType', 'licenseType.linux'],
    [
      'a platform that the vendor’s current list does not have',
      { osType: 'windows', platform: 'Other Windows', licenseType: 'BYOL' },
      'platform',
      'platform.unlisted',
    ],
    ['VMDK', disk({ format: 'VMDK' }), 'disks[0].format', 'disks.format.invitation'],
    ['a signed URL', source('https://h/a.raw?Expires=1&Signature=x'), 'disks[0].source', 'disks.source.signedUrl'],
  ])('comes with %s, and the request is taken', (_, changes, path, rule) => {
    expect(problemsWith(changes)).toEqual([]);
    expect(warningsWith(changes)).toEqual([[path, rule]]);
  });

  test.each([
    ['an ordinary request', {}],
    [
      'your own license for a Linux that is sold by license',
      { osType: 'linux', platform: 'RedHat', licenseType: 'BYOL' },
    ],
    ['Windows that activates as the cloud chooses', { ...windows, licenseType: 'Auto' }],
  ])('is not returned for %s', (_, changes) => {
    expect(problemsWith(changes)).toEqual([]);
    expect(warningsWith(changes)).toEqual([]);
  });

  test('is all that the documented example of a request gets: Ubuntu with a license', () => {
    const body = {
      ...{ region: 'cn-hangzhou', imageName: 'web-01', description: 'Web server', architecture: 'x86_64' },
      ...{ osType: 'linux', platform: 'Ubuntu', bootMode: 'UEFI', licenseType: 'BYOL' },
      ...{
        resourceGroupId: 'rg-acfm1',
        roleName: 'ImportRole',
        storageLocationArn: 'arn:acs:cloudbox:cn-hangzhou:1:cloudbox/cb-1',
      },
      disks: [{ source: 'file:///images/web-01.qcow2', format: 'QCOW2', diskImageSize: 40 }],
      tags: { team: 'web' },
      features: { nvmeSupport: 'supported', imdsSupport: 'v2' },
      upload: { bucket: 'my-bucket', prefix: 'imports/', convert: 'auto', keepObject: false },
      role: 'ensure',
      detection: { strategy: 'Standard', wait: true, failOn: 'blocking' },
      distribute: { regions: ['cn-beijing'], shareWith: ['123456789'] },
      dryRun: false,
    };
    const checked = validateRequest(body);
    expect(checked).toMatchObject({ ok: true });
    expect(checked.warnings.map(({ rule }) => rule)).toEqual(['licenseType.linux']);
  });
});

describe('the schema of a request', () => {
  test('has a description for each field', () => {
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

  test('documents its limits', () => {
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

  test('uses only vendor codes that are in the error catalogue', () => {
    const codes = WRONG.flatMap(([, , , , vendorCode]) => vendorCode ?? []);
    expect(codes.filter((code) => lookUp('ecs', code) === null)).toEqual([]);
  });
});
