import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CATALOGUE, type CatalogueEntry, failureOf, isDryRunSuccess, lookUp } from '../../domain/errors/index.js';
import { errorsPage } from '../../scripts/errors-page.js';
import { COMMON, ECS, IMPORT_IMAGE, NETWORK, OSS, RAM } from '../support/domain/vendor-codes.js';

const ROOT = path.resolve(import.meta.dirname, '../..');
const ENTRIES: readonly CatalogueEntry[] = Object.values(CATALOGUE).flat();

function failed(code: string, more: { service?: string; action?: string; message?: string; status?: number } = {}) {
  return failureOf({ service: 'ecs', action: 'ImportImage', message: 'as the cloud says', ...more, code });
}

describe('the catalogue has an entry for', () => {
  test('every code of the vendor’s ImportImage page', () => {
    expect(IMPORT_IMAGE).toHaveLength(51);
    expect(IMPORT_IMAGE.filter(([, code]) => lookUp('ecs', code) === null)).toEqual([]);
  });

  test.each([
    ['ecs', ECS],
    ['ecs', COMMON],
    ['ram', [...RAM, ...COMMON]],
    ['sts', COMMON],
    ['oss', OSS],
    ['ecs', NETWORK],
    ['oss', NETWORK],
  ] as const)('every other code that is known of %s', (service, codes) => {
    expect(codes.filter((code) => lookUp(service, code) === null)).toEqual([]);
  });

  test('every code of our own that the program writes', () => {
    const rooms = ['domain', 'activities', 'alibaba', 'workflows', 'images', 'workers', 'api', 'store', 'sources'];
    const codes = rooms.flatMap((room) => sourcesIn(room)).flatMap((file) => ownCodesIn(readFileSync(file, 'utf8')));
    expect(codes.length).toBeGreaterThan(20);
    expect([...new Set(codes)].filter((code) => !CATALOGUE.own.some((entry) => holds(entry, code)))).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  test('matches the catalogue; npm run docs:errors writes it', () => {
    expect(readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8')).toBe(errorsPage());
  });
});

describe('an entry', () => {
  test('is the only one for its codes within its service', () => {
    for (const [service, entries] of Object.entries(CATALOGUE)) {
      const names = entries.flatMap((entry) => [entry.code, ...(entry.aliases ?? []), ...(entry.also ?? [])]);
      expect({ service, twice: names.filter((name, index) => names.indexOf(name) !== index) }).toEqual({
        service,
        twice: [],
      });
    }
  });

  test('has a meaning and a remedy in whole sentences', () => {
    for (const { code, meaning, remedy } of ENTRIES) {
      expect({ code, meaning }).toEqual({ code, meaning: expect.stringMatching(/^[A-Z].*[^.\s]$/) });
      expect({ code, remedy }).toEqual({ code, remedy: expect.stringMatching(/^[A-Z].*\.$/s) });
    }
  });

  test('of class attention says how to resume', () => {
    const silent = ENTRIES.filter((entry) => entry.class === 'attention' && !/\bresume\b/i.test(entry.remedy));
    expect(silent.map((entry) => entry.code)).toEqual([]);
  });

  test('that passes without action asks for none first', () => {
    const busy = ENTRIES.filter((entry) => entry.class === 'transient' && !/^Nothing to do/.test(entry.remedy));
    expect(busy.map((entry) => entry.code)).toEqual([]);
  });

  test('exists for each class', () => {
    const classes = new Set(ENTRIES.map((entry) => entry.class));
    expect([...classes].sort()).toEqual(['attention', 'defect', 'request', 'success', 'throttled', 'transient']);
  });
});

describe('a failure', () => {
  test.each([
    ['Throttling', 400, 'throttled'],
    ['Throttling.User', 400, 'throttled'],
    ['Throttling.SomethingNew', 503, 'throttled'],
    ['InternalError', 500, 'transient'],
    ['ServiceUnavailable', 503, 'transient'],
    ['LastTokenProcessing', 403, 'transient'],
    ['QuotaExceed.Image', 403, 'attention'],
    ['QuotaExceed.SomethingNew', 403, 'attention'],
    ['Account.Arrearage', 400, 'attention'],
    ['InvalidOSSObject.NeedRestore', 400, 'attention'],
    ['Forbidden.RAM', 403, 'attention'],
    ['InvalidAccessKeyId.NotFound', 404, 'attention'],
    ['InvalidTimeStamp.Expired', 400, 'attention'],
    ['InvalidImageName.Duplicated', 400, 'request'],
    ['InvalidParameter.SomethingNew', 400, 'request'],
    ['IdempotentParameterMismatch', 400, 'defect'],
    ['MissingParameter', 400, 'defect'],
  ])('%s (%i) is %s', (code, status, expected) => {
    expect(failed(code, { status })).toMatchObject({ code, class: expected, status });
  });

  test.each([
    ['NoSetRoletoECSServiceAcount', 'NoSetRoletoECSServiceAccount'],
    ['NoSetRoletoECSServiceAccount', 'NoSetRoletoECSServiceAccount'],
    ['IdempotenceParamNotMatch', 'IdempotentParameterMismatch'],
    ['InvalidIdempotenceParameter.Mismatch', 'IdempotentParameterMismatch'],
    ['Idempotence.SignatureMismatch', 'IdempotentParameterMismatch'],
    ['Idempotence.Processing', 'IdempotentProcessing'],
    ['DryRunOperation', 'DRYRUN.SUCCESS'],
  ])('with the vendor’s spelling %s has the code %s', (spelled, code) => {
    expect(failed(spelled).code).toBe(code);
  });

  test.each([
    ['Whatever.New', 500, 'transient'],
    ['Whatever.New', 503, 'transient'],
    ['Whatever.New', 408, 'transient'],
    ['Whatever.New', 429, 'throttled'],
    ['Whatever.Throttling', 400, 'throttled'],
    ['SourceWhatever', 400, 'request'],
    ['UploadWhatever', 400, 'request'],
    ['Whatever.New', 403, 'attention'],
    ['Whatever.New', 401, 'attention'],
    ['Whatever.New', 400, 'request'],
    ['Whatever.New', 404, 'request'],
    ['EWHATEVER', undefined, 'transient'],
    ['SomeTimeoutError', undefined, 'transient'],
    ['Whatever', undefined, 'defect'],
  ])('with an unknown code, %s with status %s, is %s and keeps the message', (code, status, expected) => {
    const failure = failed(code, { message: 'in new words', ...(status === undefined ? {} : { status }) });
    expect(failure).toMatchObject({ code, class: expected });
    expect(failure.message).toContain('in new words');
    expect(failure.remedy).not.toBe('');
    if (status !== undefined) expect(failure.link).toContain(code);
  });

  test('without a response may have taken effect; one that was never sent has not', () => {
    expect(failed('ECONNRESET').outcomeUnknown).toBe(true);
    expect(failed('ECONNREFUSED').outcomeUnknown).toBeUndefined();
    expect(
      failureOf({ service: 'ecs', action: 'X', code: 'ECONNRESET', message: '', outcomeUnknown: false }).outcomeUnknown,
    ).toBe(false);
  });

  test('of our own or of the network does not link to the vendor’s error centre', () => {
    expect(failed('Source.NotFound').link).toBeUndefined();
    expect(failed('ECONNRESET').link).toBeUndefined();
    expect(failed('Throttling.User').link).toContain('Throttling.User');
  });

  test('for a missing permission names the permission and a policy that allows it', () => {
    const { remedy } = failed('Forbidden.RAM', { status: 403 });
    expect(remedy).toContain('ecs:ImportImage');
    expect(JSON.parse(/\{"Version".*\}/.exec(remedy)?.[0] ?? '')).toEqual({
      Version: '1',
      Statement: [{ Effect: 'Allow', Action: ['ecs:ImportImage'], Resource: '*' }],
    });
    expect(failed('AccessDenied', { service: 'oss', action: 'HeadObject' }).remedy).toContain('"oss:GetObject"');
  });

  test('adds its meaning to the cloud’s message and keeps all other facts', () => {
    const facts = {
      service: 'ecs',
      action: 'ImportImage',
      code: 'ImageIsImporting',
      message: 'The specified Image is importing.',
    };
    expect(failureOf({ ...facts, requestId: 'r-1', retryAfterMs: 5, field: 'disks[1].source' })).toMatchObject({
      message: 'The image is still being imported (ImportImage: The specified Image is importing.)',
      requestId: 'r-1',
      retryAfterMs: 5,
      field: 'disks[1].source',
      service: 'ecs',
      action: 'ImportImage',
    });
  });

  test('with another service’s code is recognised', () => {
    expect(failed('NoSuchKey', { status: 404 })).toMatchObject({ class: 'request', code: 'NoSuchKey' });
    expect(lookUp('oss', 'AccessDenied')).not.toBe(lookUp('ram', 'AccessDenied'));
  });

  test('never shows a secret, wherever it is in the message', () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9]{24,40}$/);
    const words = fc.stringMatching(/^[a-z .]{0,20}$/);
    const places: readonly ((secret: string) => string)[] = [
      (value) => `socket hang upPOST http://127.0.0.1:80/?Action=ImportImage&SecurityToken=${value} failed.`,
      (value) => `server string to sign is:POST&%2F&AccessKeyId%3DLTAI&SecurityToken%3D${value}%26Version`,
      (value) => `Credential=${value}/20261124/cn-hangzhou/oss, Signature=${value}`,
      (value) => `"accessKeySecret": "${value}"`,
      (value) => `x-oss-security-token: ${value}`,
      (value) => `fetch https://user:${value}@host/disk.qcow2 failed`,
      (value) => `the key LTAI${value} is wrong`,
    ];
    fc.assert(
      fc.property(
        secret,
        words,
        fc.constantFrom(...places),
        fc.constantFrom('Whatever', 'SignatureDoesNotMatch', 'Source.Changed'),
        (value, before, place, code) => {
          const failure = failed(code, { message: `${before} ${place(value)}` });
          expect(JSON.stringify(failure)).not.toContain(value);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('a dry run', () => {
  test('has passed with either of the cloud’s two codes, and with no other', () => {
    expect(['DRYRUN.SUCCESS', 'DryRunOperation'].map(isDryRunSuccess)).toEqual([true, true]);
    expect(IMPORT_IMAGE.filter(([, code]) => isDryRunSuccess(code)).map(([, code]) => code)).toEqual([
      'DRYRUN.SUCCESS',
    ]);
    expect(isDryRunSuccess('Whatever')).toBe(false);
  });
});

function sourcesIn(room: string): readonly string[] {
  const folder = path.join(ROOT, room);
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts') && !name.startsWith('catalogue'))
      .map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

function ownCodesIn(source: string): readonly string[] {
  return (
    source.match(
      /(?<=['"`])(Source|Upload|Import|Request|Internal|Detection|Inspection|Api)\.[A-Z][A-Za-z]+(?=['"`])/g,
    ) ?? []
  );
}

function holds(entry: CatalogueEntry, code: string): boolean {
  return (
    entry.code === code ||
    (entry.also ?? []).includes(code) ||
    (entry.prefix !== undefined && code.startsWith(`${entry.code}.`))
  );
}
