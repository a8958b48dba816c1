/** Every remedy of the catalogue, in the states in which it appears: with values, and without instructions that do not apply. */
import { describe, expect, test } from 'vitest';
import { explain, type FailedImport } from '../../domain/errors/explain.js';
import { CATALOGUE, type CatalogueEntry, fail, failureOf, ofEnded, remedyForAll } from '../../domain/errors/index.js';
import { PHASES } from '../../domain/import.js';
import { acceptedWith } from '../support/domain/requests.js';

const ENTRIES = Object.entries(CATALOGUE).flatMap(([service, entries]) =>
  entries.map((entry): readonly [string, string, CatalogueEntry] => [entry.code, service, entry]),
);
const isTemporary = ({ class: kind }: CatalogueEntry) => kind === 'transient' || kind === 'throttled';

const request = acceptedWith({
  ...{ account: 'production', region: 'cn-shanghai', imageName: 'web-01', roleName: 'reader', role: 'verify' },
  disks: [
    { source: 'file:///images/my%20disk.vmdk' },
    { source: 'oss://archive/old/data.vhd', format: 'VHD' },
    { source: 'https://mirror.example.com/a/b.qcow2?token=secret' },
  ],
  upload: { bucket: 'team-images' },
});
const failed: FailedImport = { importId: 'imp-1', phase: 'preflight', request };

/** Values that only the user knows: a new URL, the file of a certificate, the ids of an account, another command. */
const OF_THE_USER =
  /NEW_URL|bucket=OTHER|-s BYTES|CERTS=FILE|ACCOUNT:(role\/NAME|cloudbox\/ID)|BATCH_ID|--code CODE|COMMAND --help|oss:\/\/team-images\/KEY/g;
const PLACEHOLDER =
  /\{\w+\}|\b(BUCKET|KEY|REGION|(IMAGE_)?NAME|ROLE|SOURCE|TARGET|IMAGE|PREFIX|CODE|(IMAGE_|IMPORT_|BATCH_)?ID|FILE|DEVICE|COMMAND)\b|disks\[N\]/;

function explained(service: string, entry: CatalogueEntry, situation: 'retried' | 'stopped', index = 0): string {
  const values = { imageId: 'm-1', object: 'oss://team-images/imports/a.qcow2' };
  const known = { service, action: 'ImportImage', code: entry.code, message: 'as the cloud says', values };
  return explain(failureOf({ ...known, field: `disks[${index}].source` }), failed, situation).remedy;
}

describe.each(ENTRIES)('%s (%s)', (_, service, entry) => {
  test('contains the values of the import instead of placeholders', () => {
    for (const situation of ['retried', 'stopped'] as const) {
      expect(explained(service, entry, situation).replaceAll(OF_THE_USER, '')).not.toMatch(PLACEHOLDER);
    }
  });

  test('says to wait only while the service retries, and to resume only if it does not', () => {
    const retried = explained(service, entry, 'retried');
    const stopped = explained(service, entry, 'stopped');
    if (isTemporary(entry)) {
      expect(retried).toMatch(/^Nothing to do: .* If this lasts, [a-z]/);
      expect(stopped).toMatch(/^[A-Z].*\. Then resume\.$/s);
      expect(stopped).not.toMatch(/nothing to do|is retried|If this lasts/i);
    } else if (entry.class === 'attention') {
      expect(stopped).toMatch(/\bresume\b/i);
      expect(stopped).not.toMatch(/nothing to do|is retried/i);
      expect(ofEnded(stopped)).toMatch(/start (a new import|a new one)/);
    } else if (entry.class !== 'success') {
      expect(stopped).not.toMatch(/\bresume\b(?! --code)/i);
    }
  });

  test('is one or more whole sentences', () => {
    for (const situation of ['retried', 'stopped'] as const) {
      expect(explained(service, entry, situation)).toMatch(/^[A-Z].*\.$/s);
      expect(explained(service, entry, situation)).not.toMatch(/[^“]\.\.|\. \.| {2}/);
    }
  });
});

const remedyOf = (code: Parameters<typeof fail>[0], changes: Partial<FailedImport> = {}, field?: string) =>
  explain(fail(code, 'x', field === undefined ? {} : { field }).failure, { ...failed, ...changes }, 'stopped').remedy;

test('a remedy for several imports → without the values of one of them', () => {
  expect(remedyForAll('NoSuchBucket', 'x')).toContain('ossutil mb oss://BUCKET --region REGION');
  expect(remedyForAll('Forbidden.RAM', 'Attach ecs:ImportImage.')).toBe('Attach ecs:ImportImage.');
  expect(remedyForAll('Unknown.Code', 'Look it up.')).toBe('Look it up.');
  expect(remedyForAll('InternalError', 'x')).toBe('Contact Alibaba Cloud support with the request id. Then resume.');
});

describe('a remedy', () => {
  test.each([
    ['NoSuchBucket', undefined, /ossutil mb oss:\/\/team-images --region cn-shanghai/],
    ['InvalidImageName.Duplicated', 'imageName', /--RegionId cn-shanghai --ImageName web-01\./],
    ['Source.Unreadable', 'disks[0].source', /chmod a\+r '\/images\/my disk\.vmdk'/],
    ['InvalidImageFormat.Malformed', 'disks[0].source', /-c '\/images\/my disk\.vmdk' 'my disk-converted\.qcow2'/],
    ['InvalidOSSObject.NeedRestore', 'disks[1].source', /ossutil restore oss:\/\/archive\/old\/data\.vhd,/],
    ['Source.NotThere', 'disks[2].source', /curl -I https:\/\/mirror\.example\.com\/a\/b\.qcow2 on/],
    ['InvalidImageSize', 'disks[2].diskImageSize', /^Set disks\[2\]\.diskImageSize .*\(qemu-img info b\.qcow2\)/],
    ['Source.Forbidden', 'disks[2].source', /resume imp-1 --set disks\[2\]\.source=NEW_URL/],
    ['NoSetRoletoECSServiceAccount', undefined, /^Create the RAM role reader .*--RoleName reader\)/],
  ] as const)('of %s has the values of the failed disk, bucket or role', (code, field, expected) => {
    expect(remedyOf(code, {}, field)).toMatch(expected);
    expect(remedyOf(code, {}, field)).not.toContain('secret');
  });

  test('of a copy or a check in another region → names that region', () => {
    const { failure } = fail('InvalidImageName.Duplicated', 'x', { values: { region: 'cn-beijing' } });
    expect(explain(failure, failed, 'stopped').remedy).toContain('--RegionId cn-beijing');
  });

  test('offers to create the role only if the request does not ask for it, and only where that has an effect', () => {
    const offer = /Or run ecs-image-import resume imp-1 --set role=ensure/;
    const missing = 'NoSetRoletoECSServiceAccount';
    expect(remedyOf(missing)).toMatch(offer);
    expect(remedyOf(missing, { request: { ...request, role: 'ensure' } })).not.toMatch(/ensure/);
    expect(remedyOf(missing, { phase: 'cleanup' })).not.toMatch(/ensure/);
  });

  test('of the role of a CloudBox → names that role and its policy', () => {
    const { roleName: _, ...withoutRole } = request;
    const cloudBox = { ...withoutRole, storageLocationArn: 'arn:acs:cloudbox:cn-shanghai:1:cloudbox/cb-1' };
    const remedy = remedyOf('InvalidOperation.CloudBoxImageImportRoleRequired', { request: cloudBox });
    expect(remedy).toContain('--PolicyName AliyunECSCloudBoxImageImportRolePolicy');
    expect(remedy).toContain('--RoleName AliyunECSCloudBoxImageImportDefaultRole');
  });

  test('that was changed or extended by its author → keeps the author’s text', () => {
    const { failure } = fail('Copy.Failed', 'x');
    expect(explain({ ...failure, remedy: 'Another text.' }, failed, 'stopped').remedy).toBe('Another text.');
    const extended = { ...failure, remedy: `${failure.remedy} Or remove oss://b/BUCKET.` };
    expect(explain(extended, failed, 'stopped').remedy).toBe(`${failure.remedy} Or remove oss://b/BUCKET.`);
  });

  test('without a request, in any phase → still a sentence', () => {
    for (const phase of PHASES) expect(remedyOf('NoSuchBucket', { request: null, phase })).toMatch(/^Check .*\.$/);
  });
});

test('the message of a failed OSS call names the bucket or the object', () => {
  const facts = { service: 'oss', action: 'GetBucketInfo', code: 'NoSuchBucket', message: 'It does not exist.' };
  expect(failureOf({ ...facts, values: { bucket: 'lost' } }).message).toBe(
    'The bucket does not exist in this region (GetBucketInfo of lost: It does not exist.)',
  );
  const empty = { ...facts, code: 'UserDisable', action: 'HeadObject', message: 'UserDisable' };
  expect(failureOf(empty).message).toMatch(/\(HeadObject\)$/);
});
