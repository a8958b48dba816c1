import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createCloud } from '../../alibaba/create-cloud.js';
import type { CredentialSource, Credentials } from '../../alibaba/credentials.js';
import { createEcs } from '../../alibaba/ecs.js';
import { cloudFromEnvironment } from '../../config/cloud.js';
import { FailureError } from '../../domain/errors/failure.js';
import { type Reply, type RpcRecorder, refusal, startRpcRecorder } from '../support/alibaba/rpc-recorder.js';

let server: RpcRecorder;

beforeEach(async () => {
  server = await startRpcRecorder();
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await server.close();
});

const keys: Credentials = { accessKeyId: 'testak', accessKeySecret: 'testsecret' };
const ecs = (credentials: CredentialSource = async () => keys, timeoutMs = 2_000) =>
  createEcs({ endpoint: server.endpoint, region: 'cn-beijing', credentials, timeoutMs });

async function failureOfDeleting(reply: Reply, timeoutMs = 2_000) {
  server.answers.DeleteImage = reply;
  const error: unknown = await ecs(undefined, timeoutMs)
    .deleteImage('m-secret-name')
    .catch((thrown: unknown) => thrown);
  if (!(error instanceof FailureError)) throw new Error(`not a FailureError: ${inspect(error)}`);
  return error;
}

describe('an error response', () => {
  test('is reported with code, message, status and request ID, for any status', async () => {
    const { failure } = await failureOfDeleting(refusal(404, 'InvalidAccessKeyId.NotFound', 'no such key'));
    expect(failure).toMatchObject({
      ...{
        code: 'InvalidAccessKeyId.NotFound',
        message: expect.stringContaining('no such key'),
        status: 404,
        requestId: 'req-1',
      },
      ...{ service: 'ecs', action: 'DeleteImage' },
    });
    expect(failure.outcomeUnknown).toBeUndefined();
  });

  test('names the missing permission, without encoded details', async () => {
    const AccessDeniedDetail = { AuthAction: 'ecs:DeleteImage', EncodedDiagnosticMessage: 'AQEAAAB0' };
    const { failure } = await failureOfDeleting(refusal(403, 'Forbidden.RAM', 'no', { AccessDeniedDetail }));
    expect(failure.message).toContain('missing permission: ecs:DeleteImage');
    expect(failure.message).not.toContain('AQEAAAB0');
  });

  test('passes on the retry delay of the cloud', async () => {
    const throttled = { ...refusal(400, 'Throttling.User', 'slow down'), headers: { 'x-acs-retry-after': '2500' } };
    const { failure } = await failureOfDeleting(throttled);
    expect(failure).toMatchObject({ class: 'throttled', retryAfterMs: 2500 });
  });

  test('of status 5xx has an unknown outcome', async () => {
    const { failure } = await failureOfDeleting(refusal(500, 'InternalError', 'oh'));
    expect(failure).toMatchObject({ code: 'InternalError', class: 'transient', outcomeUnknown: true });
  });

  test('with an unknown code is shown unchanged', async () => {
    const { failure } = await failureOfDeleting(refusal(400, 'Brand.New', 'never seen'));
    expect(failure).toMatchObject({ code: 'Brand.New', message: expect.stringContaining('never seen') });
  });

  test('with missing fields never shows "undefined"', async () => {
    const error = await failureOfDeleting({ status: 503, json: {} });
    expect(error.failure).toMatchObject({ code: 'UnreadableAnswer', status: 503, outcomeUnknown: true });
    expect(JSON.stringify(error.failure)).not.toContain('undefined');
  });
});

describe('no readable response', () => {
  test.each<readonly [string, Reply, string]>([
    ['an HTML page of a proxy', { status: 502, text: '<html>Bad Gateway</html>' }, 'UnreadableAnswer'],
    ['an empty body', { status: 500, text: '' }, 'UnreadableAnswer'],
    ['plain text', { status: 503, text: 'unavailable', type: 'text/plain' }, 'UnreadableAnswer'],
    ['a body of null', { status: 400, json: null }, 'UnreadableAnswer'],
    ['a redirect, which the SDK takes for a success', { status: 302, json: {} }, 'UnreadableAnswer'],
    ['a connection that is cut before the answer', { broken: 'reset' }, 'ECONNRESET'],
    ['a connection that is cut in the answer', { broken: 'cut-in-body' }, 'ECONNRESET'],
  ])('%s → unknown outcome, retryable', async (_what, reply, code) => {
    const { failure } = await failureOfDeleting(reply);
    expect(failure).toMatchObject({ code, class: 'transient', outcomeUnknown: true, action: 'DeleteImage' });
  });

  test('no response → unknown outcome, although the SDK reports a connect timeout', async () => {
    const { failure } = await failureOfDeleting({ broken: 'hang' }, 100);
    expect(failure).toMatchObject({ code: 'RequestTimeoutError', class: 'transient', outcomeUnknown: true });
    expect(server.calls).toHaveLength(1);
  });

  test('connection refused → the call had no effect', async () => {
    const { endpoint } = server;
    await server.close();
    const cloud = createEcs({ endpoint, region: 'cn-beijing', credentials: async () => keys });
    const error: unknown = await cloud.deleteImage('m-1').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: { code: 'ECONNREFUSED', class: 'transient' } });
    expect(error).not.toMatchObject({ failure: { outcomeUnknown: true } });
    server = await startRpcRecorder();
  });

  test.each<Reply>([{ broken: 'reset' }, { broken: 'hang' }, { broken: 'cut-in-body' }, { status: 502, text: '<' }])(
    'shows nothing of the request’s query, secret or signature, whole error and cause included: %j',
    async (reply) => {
      const error = await failureOfDeleting(reply, 200);
      expect(inspect(error, { depth: 9 })).not.toMatch(/m-secret-name|ImageId=|testsecret|Signature/);
    },
  );
});

describe('a call', () => {
  test('is never retried by the SDK, because Temporal retries', async () => {
    await failureOfDeleting(refusal(503, 'ServiceUnavailable', 'later'));
    await failureOfDeleting({ broken: 'reset' });
    expect(server.calls).toHaveLength(2);
  });

  test('waits longer for a response than the SDK’s default of 3 s', async () => {
    // Verified by the socket's settings, not by time.
    const { sdkConfig } = await import('../../alibaba/sdk-call.js');
    const config = await sdkConfig({ endpoint: undefined, region: 'cn-beijing', credentials: async () => keys });
    expect(config.readTimeout).toBeGreaterThanOrEqual(10_000);
    expect(config.connectTimeout).toBeGreaterThanOrEqual(config.readTimeout ?? Number.POSITIVE_INFINITY);
    expect(config.retryOptions).toBeUndefined();
  });

  test('uses current credentials, including a renewed temporary token', async () => {
    let renewals = 0;
    const renewing = async () => ({ ...keys, accessKeyId: `ak-${++renewals}`, securityToken: `token-${renewals}` });
    server.answers.DeleteImage = { json: { RequestId: 'r' } };
    await ecs(renewing).deleteImage('m-1');
    await ecs(renewing).deleteImage('m-1');
    expect(server.calls.map(({ headers }) => headers['x-acs-security-token'])).toEqual(['token-1', 'token-2']);
    expect(server.calls.map(({ headers }) => headers['x-acs-accesskey-id'])).toEqual(['ak-1', 'ak-2']);
    for (const { headers } of server.calls) expect(headers.authorization).toMatch(/^ACS3-HMAC-SHA256 Credential=ak-/);
  });

  test('of an API that was used before → still uses current credentials, also beside other calls', async () => {
    let current = { ...keys, securityToken: 'token-1' };
    server.answers.DeleteImage = { json: { RequestId: 'r' } };
    const api = ecs(async () => current);
    await Promise.all([api.deleteImage('m-1'), api.deleteImage('m-2')]);
    current = { ...keys, securityToken: 'token-2' };
    await Promise.all([api.deleteImage('m-1'), api.deleteImage('m-2')]);
    current = { ...current, accessKeyId: 'ak-3' };
    await api.deleteImage('m-1');
    const sent = server.calls.map(({ headers }) => headers['x-acs-security-token']);
    expect(sent).toEqual(['token-1', 'token-1', 'token-2', 'token-2', 'token-2']);
    const users = server.calls.map(({ headers }) => headers['x-acs-accesskey-id']);
    expect(users.slice(3)).toEqual([keys.accessKeyId, 'ak-3']);
  });

  test('without credentials fails and sends nothing', async () => {
    const none: CredentialSource = async () => {
      throw new FailureError({ code: 'NoCredentials', class: 'attention', message: 'none', remedy: 'set them' });
    };
    await expect(ecs(none).deleteImage('m-1')).rejects.toMatchObject({ failure: { code: 'NoCredentials' } });
    expect(server.calls).toEqual([]);
  });
});

describe('endpoints', () => {
  const environment = (more: Record<string, string>) => ({
    ...{ ALIBABA_CLOUD_ACCESS_KEY_ID: 'testak', ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'testsecret' },
    ...more,
  });

  test('ECS, RAM and STS use the endpoints of the environment', async () => {
    const other = await startRpcRecorder();
    // The vendor's provider reads the process's own environment.
    for (const [name, value] of Object.entries(environment({}))) vi.stubEnv(name, value);
    const cloud = createCloud(
      cloudFromEnvironment(
        environment({ ECS_ENDPOINT: server.endpoint, STS_ENDPOINT: `${other.endpoint}/`, RAM_ENDPOINT: '' }),
      ),
    );
    server.answers.DeleteImage = { json: { RequestId: 'r' } };
    other.answers.GetCallerIdentity = {
      json: { AccountId: '1000000000000001', Arn: 'acs:ram::1000000000000001:root', IdentityType: 'Account' },
    };
    await cloud.ecs('cn-beijing').deleteImage('m-1');
    expect(await cloud.sts.getCallerIdentity()).toEqual({
      ...{ accountId: '1000000000000001', arn: 'acs:ram::1000000000000001:root', identityType: 'Account' },
    });
    expect(server.calls.map(({ action }) => action)).toEqual(['DeleteImage']);
    expect(other.calls.map(({ action }) => action)).toEqual(['GetCallerIdentity']);
    await other.close();
  });

  test.each([
    ['ECS_IMPORT_PART_SIZE', '64K', 'set 100K to 5G'],
    ['ECS_IMPORT_PART_SIZE', '6G', 'set 100K to 5G'],
    ['ECS_IMPORT_MAX_PARTS_AT_ONCE', '0', ''],
  ])('rejects %s of %s in one line', (name, value, words) => {
    expect(() => cloudFromEnvironment(environment({ [name]: value }))).toThrow(`${name}: ${words}`);
  });

  test.each(['127.0.0.1:8080', 'ftp://host', 'http://host/path', 'http://host?x=1'])(
    'refuses %s as an endpoint in one line',
    (ECS_ENDPOINT) => {
      expect(() => cloudFromEnvironment(environment({ ECS_ENDPOINT }))).toThrow(/^ECS_ENDPOINT: set http/);
    },
  );

  test.each([
    ['cn-hangzhou', 'ecs-cn-hangzhou.aliyuncs.com'],
    ['cn-beijing', 'ecs.cn-beijing.aliyuncs.com'],
    ['ap-southeast-1', 'ecs.ap-southeast-1.aliyuncs.com'],
  ])('without an endpoint, ECS in %s uses %s over HTTPS', async (region, host) => {
    const { default: sdk } = await import('@alicloud/ecs20140526');
    const { sdkConfig } = await import('../../alibaba/sdk-call.js');
    const client = new sdk.default(await sdkConfig({ endpoint: undefined, region, credentials: async () => keys }));
    expect(client).toMatchObject({ _endpoint: host, _protocol: 'HTTPS' });
  });

  test('one client per region serves all calls, so that connections are reused', () => {
    const cloud = createCloud({ endpoints: {}, credentials: async () => keys });
    expect(cloud.ecs('cn-beijing')).toBe(cloud.ecs('cn-beijing'));
    expect(cloud.ecs('cn-beijing')).not.toBe(cloud.ecs('cn-hangzhou'));
    expect(cloud.oss('cn-beijing')).toBe(cloud.oss('cn-beijing'));
  });

  test('rejects an identity without an account ID', async () => {
    server.answers.GetCallerIdentity = { json: { RequestId: 'r' } };
    const cloud = createCloud({ endpoints: { sts: server.endpoint }, credentials: async () => keys });
    await expect(cloud.sts.getCallerIdentity()).rejects.toMatchObject({ failure: { code: 'UnreadableAnswer' } });
  });
});
