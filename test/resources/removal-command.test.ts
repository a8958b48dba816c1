/** The commands with which an operator removes resources that a cleanup could not remove. */
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BucketProtection, EndpointView, OssApi } from '../../alibaba/oss-api.js';
import type { LedgerEntry } from '../../domain/ledger.js';
import { ORDINARY_ACCESS } from '../../domain/oss-access.js';
import { reachOf, removalCommand } from '../../resources/removal-command.js';

const common = { key: 'k', regionId: 'cn-hangzhou', status: 'created', createdAt: '', updatedAt: '' } as const;
const object = (key: string): LedgerEntry => ({
  ...{ ...common, kind: 'object' as const },
  detail: { location: { bucket: 'images', key }, size: null, crc64: null, usedBy: null },
});
const upload = (key: string): LedgerEntry => ({
  ...{ ...common, kind: 'multipart-upload' as const },
  detail: { location: { bucket: 'images', key }, uploadId: null, usedBy: null },
});
const image = (imageId: string | null): LedgerEntry => ({
  ...{ ...common, kind: 'image' as const },
  detail: { imageId, clientToken: null, requestId: null },
});

/** The arguments of a command as a POSIX shell splits them. */
function argumentsOf(command: string | null): readonly string[] {
  const script = `set -- ${command}; for word; do printf '%s\\0' "$word"; done`;
  return execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('the removal command', () => {
  test.each([
    ['an object', object('imports/disk-1.raw'), 'ossutil rm oss://images/imports/disk-1.raw -f'],
    ['an object in build#12/', object('build#12/disk-1.raw'), "ossutil rm 'oss://images/build#12/disk-1.raw' -f"],
    ['a multipart upload', upload('100%/disk-1.raw'), "ossutil rm 'oss://images/100%/disk-1.raw' -m -f"],
    ['an image', image('m-1'), 'aliyun ecs DeleteImage --RegionId cn-hangzhou --ImageId m-1 --Force true'],
    [
      'a task',
      { ...common, kind: 'task' as const, key: 't-1', detail: { imageId: 'm-1' } },
      'aliyun ecs CancelTask --RegionId cn-hangzhou --TaskId t-1',
    ],
  ])('of %s', (_what, entry, command) => {
    expect(removalCommand(entry, 'imp-1')).toBe(command);
  });

  describe('of an object and its upload', () => {
    const view = (kind: EndpointView['kind'], host: string): EndpointView => ({ kind, host, reason: '' });
    const command = async (
      endpoint: EndpointView | null,
      versioning: BucketProtection['versioning'] | null,
      access = ORDINARY_ACCESS,
      entry = object('a'),
    ) => {
      const oss: Pick<OssApi, 'endpoint' | 'getProtection'> = {
        endpoint: () => (endpoint === null ? Promise.reject(new Error('no')) : Promise.resolve(endpoint)),
        getProtection: () =>
          versioning === null ? Promise.reject(new Error('no')) : Promise.resolve({ versioning, retentionDays: 0 }),
      };
      return removalCommand(entry, 'imp-1', await reachOf(oss, 'cn-hangzhou', access, 'images'));
    };
    const PUBLIC = view('public', 'oss-cn-hangzhou.aliyuncs.com');
    const INTERNAL = view('internal', 'oss-cn-hangzhou-internal.aliyuncs.com');
    const BOX = view('cloudbox', 'cb-1.cn-hangzhou.oss-cloudbox.aliyuncs.com');

    test('at the public endpoint, without versions → the plain command', async () => {
      expect(await command(PUBLIC, 'off')).toBe('ossutil rm oss://images/a -f');
    });

    test('at another endpoint → names it, with what ossutil needs to sign for it', async () => {
      const plain = 'ossutil rm oss://images/a -f';
      expect(await command(INTERNAL, 'off')).toBe(`${plain} -e ${INTERNAL.host} --region cn-hangzhou`);
      const domain = view('custom', 'img.example.com');
      expect(await command(domain, 'off')).toBe(
        `${plain} -e img.example.com --region cn-hangzhou --addressing-style cname`,
      );
      const access = { ...ORDINARY_ACCESS, storageLocationArn: 'arn:acs:cloudbox:cn-hangzhou:1:cloudbox/cb-1' };
      const inBox = `-e ${BOX.host} --region cn-hangzhou --cloudbox-id cb-1`;
      expect(await command(BOX, 'off', access)).toBe(`${plain} ${inBox}`);
      expect(await command(BOX, 'off', access, upload('a'))).toBe(`ossutil rm oss://images/a -m -f ${inBox}`);
    });

    test.each(['enabled', 'suspended', 'unknown', null] as const)(
      'versioning %s → every version',
      async (versioning) => {
        expect(await command(PUBLIC, versioning)).toBe('ossutil rm oss://images/a -f --all-versions');
        expect(await command(null, versioning)).toBe('ossutil rm oss://images/a -f --all-versions');
      },
    );
  });

  test('of an image whose id is not known → finds it by the tag of the import first', () => {
    const command = removalCommand(image(null), 'imp-1');
    expect(command).toContain('aliyun ecs DescribeImages --RegionId cn-hangzhou --Tag.1.Key ecs-image-import');
    expect(command).toContain('--Tag.1.Value imp-1');
  });

  test('of a role or policy → none: they belong to the account', () => {
    expect(removalCommand({ ...common, kind: 'role', detail: {} }, 'imp-1')).toBeNull();
    const detail = { policy: 'p', madeHere: true };
    expect(removalCommand({ ...common, kind: 'policy-attachment', detail }, 'imp-1')).toBeNull();
  });

  test('of any object → a shell passes the key unchanged and runs no other command', () => {
    const piece = fc.constantFrom(
      "'",
      '"',
      '$(id)',
      '`id`',
      ';',
      '&',
      '|',
      ' ',
      '*',
      '~',
      '#',
      '%',
      '\\',
      '\n',
      '盘',
      'a',
      '/',
    );
    const key = fc.array(piece, { minLength: 1, maxLength: 8 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(key, (name) => {
        expect(argumentsOf(removalCommand(object(name), 'imp-1'))).toEqual([
          'ossutil',
          'rm',
          `oss://images/${name}`,
          '-f',
        ]);
      }),
      { numRuns: 100 },
    );
  });
});
