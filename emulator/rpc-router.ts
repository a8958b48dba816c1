/** ECS, RAM and STS: reads a request of either signature generation, checks it, runs the action, answers. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ecsActions } from './ecs/actions.js';
import { ApiError } from './errors.js';
import { type Caller, lookUpKey, permits, rootCaller } from './identity.js';
import { perform } from './perform.js';
import { ramActions } from './ram/actions.js';
import type { ApiAction, ApiCall } from './rpc-call.js';
import {
  errorBody,
  keyError,
  missingParameter,
  permissionError,
  throttled,
  toXml,
  unknownAction,
} from './rpc-errors.js';
import { acs3Signature, acs3StringToSign, parseAcs3 } from './signature/acs3.js';
import { decodeQuery, parseTime, sameText, sha256Hex } from './signature/encoding.js';
import { rpcSignature, rpcStringToSign } from './signature/rpc.js';
import { stsActions } from './sts/actions.js';
import { ACCOUNT_ID, newRequestId, type World } from './world.js';

export interface Service {
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly actions: Readonly<Record<string, ApiAction>>;
}

export const services: readonly Service[] = [
  { name: 'ecs', version: '2014-05-26', host: 'ecs.aliyuncs.com', actions: ecsActions },
  { name: 'ram', version: '2015-05-01', host: 'ram.aliyuncs.com', actions: ramActions },
  { name: 'sts', version: '2015-04-01', host: 'sts.aliyuncs.com', actions: stsActions },
];

const MAX_BODY_BYTES = 1_048_576;

/** Parameters of the protocol, not of the action. */
const PROTOCOL = new Set(
  'Action Version Format AccessKeyId SignatureMethod SignatureVersion SignatureType SignatureNonce Timestamp Signature SecurityToken'.split(
    ' ',
  ),
);

/** Everything but OSS carries its action in a header or a parameter. */
export function isRpc(request: IncomingMessage, path: string, query: string): boolean {
  if (request.headers['x-acs-action'] !== undefined) return true;
  if (path !== '/') return false;
  return /(^|&)(Action|SignatureMethod)=/.test(query) || (request.method === 'POST' && query === '');
}

interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly params: ReadonlyMap<string, string>;
}

export async function serveRpc(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  query: string,
): Promise<void> {
  const requestId = newRequestId();
  const body = await readBody(request);
  const decoded = decodeQuery(query);
  const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
    ? decodeQuery(body.toString())
    : [];
  const params = new Map([...decoded, ...form].map(([name, value]): [string, string] => [name, value ?? '']));
  const received = { method: request.method ?? 'GET', path, query: decoded, headers: request.headers, body, params };
  const action = headerText(request, 'x-acs-action') ?? params.get('Action') ?? '';
  const version = headerText(request, 'x-acs-version') ?? params.get('Version') ?? '';
  const service = services.find((known) => known.version === version);
  const format = formatOf(received);
  const type = format === 'json' ? 'application/json;charset=utf-8' : 'text/xml;charset=utf-8';
  const ownParams = Object.fromEntries([...params].filter(([name]) => !PROTOCOL.has(name)));
  const host = service?.host ?? 'unknown';

  await perform(world, response, {
    service: service?.name ?? 'unknown',
    action: action === '' ? 'unknown' : action,
    requestId,
    accessKeyId: parseAcs3(request.headers.authorization)?.accessKeyId ?? params.get('AccessKeyId') ?? null,
    params: ownParams,
    bytesReceived: () => body.length,
    work: async () => {
      const caller = authenticate(world, received);
      if (action === '') throw missingParameter('Action');
      if (service === undefined) {
        const known = services.map((one) => `${one.name} ${one.version}`).join(', ');
        const message = `Specified parameter Version is not valid. (The emulator has ${known}; not "${version}".)`;
        throw new ApiError(400, 'InvalidParameter', message);
      }
      const entry = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
      if (entry === undefined) throw unknownAction(service.name, action);
      const call = { world, service: service.name, action, params: ownParams, caller, now: world.now() };
      checkRate(call);
      checkPermission(call, entry);
      const answer = { RequestId: requestId, ...(await entry.run(call)) };
      const text = format === 'json' ? JSON.stringify(answer) : toXml(`${action}Response`, answer);
      return { status: 200, headers: { 'content-type': type, 'x-acs-request-id': requestId }, body: text };
    },
    refuse: (error) => ({
      status: error.status,
      headers: { 'content-type': type, 'x-acs-request-id': requestId },
      body: errorBody(error, requestId, host, format),
    }),
  });
}

function formatOf(received: Received): 'json' | 'xml' {
  const format = received.params.get('Format');
  if (format !== undefined) return format.toUpperCase() === 'JSON' ? 'json' : 'xml';
  // Without Format the older protocol answers XML; the current one answers what the client accepts.
  if (received.headers['x-acs-version'] === undefined && received.params.has('Signature')) return 'xml';
  return received.headers.accept?.includes('xml') ? 'xml' : 'json';
}

function authenticate(world: World, received: Received): Caller {
  const acs3 = parseAcs3(received.headers.authorization);
  const accessKeyId = acs3?.accessKeyId ?? received.params.get('AccessKeyId');
  const token = headerOf(received, 'x-acs-security-token') ?? received.params.get('SecurityToken') ?? null;
  const now = world.now();
  if (world.settings.signature === 'off') {
    const found = lookUpKey(world, accessKeyId ?? '', token, now);
    return 'caller' in found ? found.caller : rootCaller(accessKeyId ?? 'none');
  }
  if (accessKeyId === undefined) throw missingParameter('AccessKeyId');
  const key = lookUpKey(world, accessKeyId, token, now);
  if (!('caller' in key)) throw keyError(key.problem);
  checkTime(world, headerOf(received, 'x-acs-date') ?? received.params.get('Timestamp'), now);
  const [signature, stringToSign, expected] =
    acs3 === null ? rpcExpectation(received, key.secret) : acs3Expectation(received, acs3, key.secret);
  if (!sameText(signature, expected)) {
    const message = `Specified signature is not matched with our calculation. server string to sign is:${stringToSign}`;
    throw new ApiError(400, 'SignatureDoesNotMatch', message);
  }
  const nonce = headerOf(received, 'x-acs-signature-nonce') ?? received.params.get('SignatureNonce');
  if (nonce === undefined) throw missingParameter('SignatureNonce');
  if (!world.nonces.use(`${accessKeyId}\n${nonce}`, now)) {
    throw new ApiError(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
  }
  return key.caller;
}

function rpcExpectation(received: Received, secret: string): readonly [string, string, string] {
  const signature = received.params.get('Signature');
  if (signature === undefined) {
    const message = 'The request signature does not conform to Aliyun standards.';
    throw new ApiError(400, 'IncompleteSignature', message);
  }
  const stringToSign = rpcStringToSign(received.method, received.params);
  return [signature, stringToSign, rpcSignature(stringToSign, secret)];
}

function acs3Expectation(
  received: Received,
  acs3: { readonly signedHeaders: readonly string[]; readonly signature: string },
  secret: string,
): readonly [string, string, string] {
  // What is not signed could be changed on the way: these must be.
  const needed = [
    'host',
    'x-acs-action',
    'x-acs-version',
    'x-acs-date',
    'x-acs-signature-nonce',
    'x-acs-content-sha256',
  ];
  const declared = headerOf(received, 'x-acs-content-sha256');
  if (needed.some((name) => !acs3.signedHeaders.includes(name)) || declared !== sha256Hex(received.body)) {
    const message = 'The request signature does not conform to Aliyun standards.';
    throw new ApiError(400, 'IncompleteSignature', message);
  }
  const stringToSign = acs3StringToSign(received, acs3.signedHeaders);
  return [acs3.signature, stringToSign, acs3Signature(stringToSign, secret)];
}

function checkTime(world: World, text: string | undefined, now: number): void {
  if (text === undefined) throw missingParameter('Timestamp');
  const time = parseTime(text);
  if (time === null) {
    throw new ApiError(400, 'InvalidTimeStamp.Format', 'Specified time stamp or date value is not well formatted.');
  }
  if (Math.abs(now - time) > world.settings.clockSkewSeconds * 1000) {
    throw new ApiError(400, 'InvalidTimeStamp.Expired', 'Specified time stamp or date value is expired.');
  }
}

function checkRate(call: ApiCall): void {
  for (const limit of call.world.settings.rateLimits) {
    if (limit.service !== call.service || (limit.action !== '*' && limit.action !== call.action)) continue;
    const name = `${call.service}\n${call.action}\n${call.params.RegionId ?? ''}`;
    if (!call.world.rates.pass(name, limit.perMinute, call.now)) throw throttled();
  }
}

function checkPermission(call: ApiCall, entry: ApiAction): void {
  if (entry.resource === null) return;
  const resource =
    entry.resource?.(call) ??
    (call.service === 'ecs' ? `acs:ecs:${call.params.RegionId ?? '*'}:${ACCOUNT_ID}:*` : `acs:ram:*:${ACCOUNT_ID}:*`);
  const verdict = permits(call.world, call.caller, `${call.service}:${call.action}`, resource);
  if (verdict !== 'allow') throw permissionError(call.service, call.action, resource, call.caller, verdict);
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // No action has so large a body; the rest is read and dropped.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function headerText(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' ? value : undefined;
}

function headerOf(received: Received, name: string): string | undefined {
  const value = received.headers[name];
  return typeof value === 'string' ? value : undefined;
}
