/** One session for all users of an account: renewed before it expires, and kept while STS does not respond. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { assumedRole, sessionNameOf } from '../../alibaba/assumed-role.js';
import { createChangeLease, withChangeLease } from '../../alibaba/change-lease.js';
import { FailureError } from '../../domain/errors/failure.js';
import { type RpcRecorder, refusal, startRpcRecorder } from '../support/alibaba/rpc-recorder.js';

const ROLE = {
  name: 'production',
  roleArn: 'acs:ram::1234567890123456:role/ecs-image-import',
  externalId: 'installation-7',
  durationSeconds: 3_600,
};
const START = Date.parse('2026-11-29T12:00:00Z');
const MINUTE = 60_000;

let server: RpcRecorder;
let passedMs = 0;
let issued = 0;

beforeEach(async () => {
  server = await startRpcRecorder();
  passedMs = 0;
  issued = 0;
  issue();
});
afterEach(() => server.close());

/** The next response of STS: a new session. */
function issue(expiration = new Date(START + passedMs + 60 * MINUTE).toISOString()): void {
  issued += 1;
  const Credentials = {
    ...{ AccessKeyId: `STS.${issued}`, AccessKeySecret: 'secret', SecurityToken: `token-${issued}` },
    Expiration: expiration,
  };
  server.answers.AssumeRole = { status: 200, json: { RequestId: 'req-1', Credentials } };
}

const source = (role: Partial<typeof ROLE> = {}) =>
  assumedRole({
    role: { ...ROLE, ...role },
    sessionName: sessionNameOf('worker 1'),
    sts: {
      ...{ endpoint: server.endpoint, region: 'cn-hangzhou', timeoutMs: 2_000 },
      credentials: async () => ({ accessKeyId: 'own', accessKeySecret: 'own-secret' }),
    },
    now: () => ({ wallMs: START + passedMs, monotonicMs: passedMs }),
  });
const calls = () => server.calls.filter(({ action }) => action === 'AssumeRole');
const keyOf = async (credentials: ReturnType<typeof source>) => (await credentials()).accessKeyId;
const failureOf = async (credentials: ReturnType<typeof source>) => {
  const error: unknown = await credentials().catch((thrown: unknown) => thrown);
  if (!(error instanceof FailureError)) throw new Error(`not a FailureError: ${String(error)}`);
  return error.failure;
};

test('concurrent users → one AssumeRole with the role, the external ID and the name of the worker', async () => {
  const credentials = source();
  const keys = await Promise.all(Array.from({ length: 50 }, () => keyOf(credentials)));
  expect(new Set(keys)).toEqual(new Set(['STS.1']));
  expect(calls()).toHaveLength(1);
  expect(calls()[0]?.query).toMatchObject({
    ...{ RoleArn: ROLE.roleArn, ExternalId: ROLE.externalId, DurationSeconds: '3600' },
    RoleSessionName: 'ecs-image-import@worker-1',
  });
  expect(sessionNameOf('x'.repeat(100))).toHaveLength(64);
});

test('before the session expires → renewed once, while its users go on with the session', async () => {
  const credentials = source();
  await credentials();
  passedMs = 49 * MINUTE;
  expect([await keyOf(credentials), calls().length]).toEqual(['STS.1', 1]);
  passedMs = 51 * MINUTE;
  issue();
  expect(await Promise.all([keyOf(credentials), keyOf(credentials)])).toEqual(['STS.1', 'STS.1']);
  await expect.poll(() => keyOf(credentials)).toBe('STS.2');
  expect(calls()).toHaveLength(2);
});

describe('the renewal fails', () => {
  test('while the session is valid → the session is used, and STS is asked every ten seconds', async () => {
    const credentials = source();
    await credentials();
    passedMs = 51 * MINUTE;
    server.answers.AssumeRole = refusal(503, 'ServiceUnavailable', 'not now');
    expect(await keyOf(credentials)).toBe('STS.1');
    await expect.poll(() => calls().length).toBe(2);
    for (let use = 0; use < 5; use++) expect(await keyOf(credentials)).toBe('STS.1');
    expect(calls()).toHaveLength(2);
    passedMs += 11_000;
    expect(await keyOf(credentials)).toBe('STS.1');
    await expect.poll(() => calls().length).toBe(3);
  });

  test('until the session has expired → the failure of STS, which is retried', async () => {
    const credentials = source();
    await credentials();
    passedMs = 60 * MINUTE;
    server.answers.AssumeRole = refusal(503, 'ServiceUnavailable', 'not now');
    expect(await failureOf(credentials)).toMatchObject({ class: 'transient', service: 'sts', action: 'AssumeRole' });
  });
});

test('the machine was suspended, or its clock is behind → a session that may have expired is not used', async () => {
  issue(new Date(START + 120 * MINUTE).toISOString());
  const credentials = source();
  expect(await keyOf(credentials)).toBe('STS.2');
  passedMs = 61 * MINUTE;
  issue();
  expect(await keyOf(credentials)).toBe('STS.3');
});

test('the cloud no longer accepts the session → the next call has a new one; a new session is kept', async () => {
  const credentials = source();
  await credentials();
  credentials.renew?.();
  expect(await keyOf(credentials)).toBe('STS.1');
  passedMs = MINUTE;
  issue();
  for (let refused = 0; refused < 10; refused++) credentials.renew?.();
  expect(await Promise.all([keyOf(credentials), keyOf(credentials)])).toEqual(['STS.2', 'STS.2']);
});

test('STS throttles → all users share the refusal until STS may be asked again', async () => {
  const credentials = source();
  server.answers.AssumeRole = { ...refusal(400, 'Throttling.User', 'slow'), headers: { 'x-acs-retry-after': '3000' } };
  expect(await failureOf(credentials)).toMatchObject({ class: 'throttled', retryAfterMs: 3_000 });
  passedMs = 2_900;
  expect(await failureOf(credentials)).toMatchObject({ class: 'throttled' });
  expect(calls()).toHaveLength(1);
  passedMs = 3_000;
  issue();
  expect(await keyOf(credentials)).toBe('STS.2');
});

describe('STS refuses the role → attention, with the account, the role and the fix', () => {
  test.each([
    [
      'NoPermission',
      403,
      /trust policy of the role acs:ram::1234567890123456:role\/ecs-image-import.*"sts:AssumeRole"/,
    ],
    ['EntityNotExist.Role', 404, /Create the role acs:ram::1234567890123456:role\/ecs-image-import/],
    ['InvalidParameter.DurationSeconds', 400, /durationSeconds/],
  ])('%s', async (code, status, remedy) => {
    server.answers.AssumeRole = refusal(status, code, 'as the cloud says');
    expect(await failureOf(source())).toMatchObject({
      ...{ code, class: 'attention', field: 'account' },
      message: expect.stringMatching(/^account production: .*as the cloud says/),
      remedy: expect.stringMatching(remedy),
    });
  });

  test('the next use asks again: a user may have fixed it', async () => {
    const credentials = source();
    server.answers.AssumeRole = refusal(403, 'NoPermission', 'no');
    await failureOf(credentials);
    issue();
    expect(await keyOf(credentials)).toBe('STS.2');
  });
});

test('the step that needs the session first has been superseded → the session is assumed for the others', async () => {
  const superseded = createChangeLease(() => Promise.reject(new Error('superseded')), 1_000);
  const credentials = source();
  expect(await withChangeLease(superseded, () => keyOf(credentials))).toBe('STS.1');
});

test('a response without credentials → transient, without what the response contains', async () => {
  server.answers.AssumeRole = {
    status: 200,
    json: { Credentials: { AccessKeyId: 'STS.9', AccessKeySecret: 'hidden' } },
  };
  const failure = await failureOf(source());
  expect(failure).toMatchObject({ class: 'transient' });
  expect(JSON.stringify(failure)).not.toContain('hidden');
});
