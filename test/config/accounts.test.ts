/** The accounts of the configuration: one schema, with every problem named and no secret in an error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { accountsFromEnvironment } from '../../config/accounts.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'accounts-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ARN = 'acs:ram::1234567890123456:role/ecs-image-import';
const read = (accounts: unknown) => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS: JSON.stringify(accounts) });

test('without accounts → none', () => {
  expect(accountsFromEnvironment({})).toEqual([]);
  expect(accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS: '' })).toEqual([]);
});

test('an account with all fields, from the variable or from a file → the same', () => {
  const accounts = {
    production: {
      ...{ roleArn: ARN, externalId: 'installation-7', durationSeconds: 900 },
      ...{ stsRegion: 'cn-shanghai', stsEndpoint: 'https://sts-vpc.cn-shanghai.aliyuncs.com/' },
    },
  };
  const file = path.join(folder, 'accounts.json');
  writeFileSync(file, JSON.stringify(accounts));
  const { stsEndpoint, ...fields } = accounts.production;
  const expected = [{ name: 'production', ...fields, stsEndpoint: stsEndpoint.slice(0, -1) }];
  expect(read(accounts)).toEqual(expected);
  expect(accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS_FILE: file })).toEqual(expected);
});

test('without a duration → one hour', () => {
  expect(read({ a: { roleArn: ARN } })).toEqual([{ name: 'a', roleArn: ARN, durationSeconds: 3_600 }]);
});

describe('is refused with the reason:', () => {
  const other = ARN.replace('1234567890123456', '2234567890123456');
  test.each<readonly [string, unknown, RegExp]>([
    ['a list', [{ roleArn: ARN }], /ECS_IMPORT_ACCOUNTS: /],
    ['a name with a space', { 'two words': { roleArn: ARN } }, /two words: must be the name/],
    [
      'a mistyped field',
      { a: { roleArn: ARN, externalID: 'x' } },
      /a\.externalID is unknown: did you mean externalId\?/,
    ],
    ['an ARN of a user', { a: { roleArn: 'acs:ram::1234567890123456:user/me' } }, /a\.roleArn: set acs:ram::ACCOUNT/],
    ['no ARN', { a: {} }, /a\.roleArn/],
    ['a short session', { a: { roleArn: ARN, durationSeconds: 60 } }, /a\.durationSeconds/],
    [
      'two names of one account',
      { a: { roleArn: ARN }, b: { roleArn: ARN } },
      /b: is account 1234567890123456, .* named a/,
    ],
    ['several problems', { a: { roleArn: other, stsRegion: 'x' }, b: {} }, /a\.stsRegion: .*; b\.roleArn/],
  ])('%s', (_name, accounts, message) => {
    expect(() => read(accounts)).toThrow(message);
  });

  test('text that is not JSON, without quoting it', () => {
    expect(() => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS: '{"a":{"externalId":"secret' })).toThrow(
      /^ECS_IMPORT_ACCOUNTS: set JSON such as (?!.*secret)/,
    );
  });

  test('a missing file, a file that is too large, and both variables', () => {
    expect(() => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS_FILE: path.join(folder, 'none') })).toThrow(/none/);
    expect(() => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS_FILE: 'accounts.json' })).toThrow(/absolute path/);
    const large = path.join(folder, 'large.json');
    writeFileSync(large, ' '.repeat(1024 ** 2 + 1));
    expect(() => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS_FILE: large })).toThrow(/the maximum is/);
    expect(() => accountsFromEnvironment({ ECS_IMPORT_ACCOUNTS: '{}', ECS_IMPORT_ACCOUNTS_FILE: large })).toThrow(
      /both set/,
    );
  });

  test('more accounts than the limit', () => {
    const many = Array.from({ length: 501 }, (_, index) => [
      `a${index}`,
      { roleArn: ARN.replace('1234567890123456', String(10 ** 15 + index)) },
    ]);
    expect(() => read(Object.fromEntries(many))).toThrow(/501 accounts; the maximum is 500/);
  });
});
