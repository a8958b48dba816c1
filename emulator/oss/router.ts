/** OSS: finds bucket, object and operation, checks signature, rate and permission, runs the operation, answers. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ApiError } from '../errors.js';
import { type Caller, lookUpKey, rootCaller } from '../identity.js';
import { perform } from '../perform.js';
import { toXml } from '../rpc-errors.js';
import { decodeQuery } from '../signature/encoding.js';
import type { World } from '../world.js';
import { checkAccess } from './access.js';
import { type OssCall, ossError } from './call.js';
import {
  type Claim,
  checkTime,
  claimOf,
  isSignedBy,
  keyRefusal,
  signatureRefusal,
  signingRegionRefusal,
} from './credentials.js';
import { actionOf, HEADERS_NOT_EMULATED, ossOperations } from './operations.js';
import { type Place, placesOf, regionOfHost } from './place.js';

export async function serveOss(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  queryText: string,
): Promise<void> {
  const requestId = randomBytes(12).toString('hex').toUpperCase();
  const host = request.headers.host ?? 'oss-cn-hangzhou.aliyuncs.com';
  const read = readRequest(world, request, host, path, queryText);
  const { place, action, query, claim } = read;
  let bytes = 0;
  const headers = { server: 'AliyunOSS', 'x-oss-request-id': requestId, 'x-oss-server-time': '1' };

  await perform(world, response, {
    service: 'oss',
    action,
    requestId,
    accessKeyId: claim?.accessKeyId ?? null,
    params: { bucket: place.bucket, key: place.key, ...query },
    bytesReceived: () => bytes,
    work: async () => {
      if (read.problem !== null) throw read.problem;
      const caller = authenticate(world, claim, place, host);
      const call: OssCall = {
        ...{ world, action, ...place, query, headers: request.headers, request },
        caller: caller ?? rootCaller('anonymous'),
        region: regionOfHost(host) ?? claim?.region ?? null,
        now: world.now(),
        onBytes: (count) => {
          bytes += count;
        },
      };
      const operation = Object.hasOwn(ossOperations, action) ? ossOperations[action] : undefined;
      if (operation === undefined) throw notImplemented(action);
      const lacking = HEADERS_NOT_EMULATED.find((name) => request.headers[name] !== undefined);
      if (lacking !== undefined) throw notImplemented(`${action} with ${lacking}`);
      checkEndpoint(call);
      checkAccount(call);
      checkRate(call);
      checkAccess(call, caller);
      const answer = await operation(call);
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
    refuse: (error) => refusal(error, request.method === 'HEAD', requestId, host, headers),
  });
}

interface Read {
  readonly place: Place;
  readonly action: string;
  readonly query: Readonly<Record<string, string>>;
  readonly claim: Claim | null;
  /** Why the request cannot be understood. */
  readonly problem: ApiError | null;
}

function readRequest(world: World, request: IncomingMessage, host: string, path: string, queryText: string): Read {
  const method = request.method ?? 'GET';
  try {
    const pairs = decodeQuery(queryText);
    const query = Object.fromEntries(pairs.map(([name, value]): [string, string] => [name, value ?? '']));
    const places = placesOf(host, path, (name) => world.buckets.has(name));
    const hasHeader = (name: string) => request.headers[name] !== undefined;
    try {
      const claim = claimOf({ method, query: pairs, headers: request.headers });
      const place = places.length === 1 || claim === null ? places[0] : signedPlace(world, claim, places);
      return { place, query, claim, action: actionOf({ method, place, query, hasHeader }), problem: null };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const [place] = places;
      return { place, query, claim: null, action: actionOf({ method, place, query, hasHeader }), problem: error };
    }
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    const problem = ossError(400, 'InvalidURI', "Couldn't parse the specified URI.", { URI: path });
    return { place: { bucket: '', key: '' }, query: {}, claim: null, action: `${method} unreadable`, problem };
  }
}

/** Of several readings of an address, the one that was signed. */
function signedPlace(world: World, claim: Claim, places: readonly [Place, ...Place[]]): Place {
  const key = lookUpKey(world, claim.accessKeyId, claim.token, world.now());
  const secret = 'caller' in key ? key.secret : undefined;
  if (secret === undefined) return places[0];
  return places.find((place) => isSignedBy(claim, place, secret)) ?? places[0];
}

/** Null for an anonymous request. */
function authenticate(world: World, claim: Claim | null, place: Place, host: string): Caller | null {
  const { signature, clockSkewSeconds } = world.settings;
  if (claim === null) return signature === 'off' ? rootCaller('none') : null;
  const now = world.now();
  const key = lookUpKey(world, claim.accessKeyId, claim.token, now);
  if (signature === 'off') return 'caller' in key ? key.caller : rootCaller(claim.accessKeyId);
  const region = regionOfHost(host);
  if (region !== null && claim.region !== null && claim.region !== region) throw signingRegionRefusal();
  checkTime(claim, now, clockSkewSeconds * 1000);
  if (!('caller' in key)) throw keyRefusal(key.problem, claim);
  if (!isSignedBy(claim, place, key.secret)) throw signatureRefusal(claim, place);
  return key.caller;
}

/** A bucket is reached by its own region's endpoint only. One local address stands for those of all regions. */
function checkEndpoint({ world, action, bucket: name, region }: OssCall): void {
  const bucket = world.buckets.get(name);
  if (bucket === undefined || region === null || region === bucket.regionId || action === 'PutBucket') return;
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.';
  const endpoint = `oss-${bucket.regionId}.aliyuncs.com`;
  throw ossError(403, 'AccessDenied', message, { Bucket: name, Endpoint: endpoint, EC: '0003-00001403' });
}

/** What a closed account holds cannot be read or written; buckets can still be looked at. */
function checkAccount({ world, bucket, key }: OssCall): void {
  if (world.settings.account.ossEnabled || key === '') return;
  throw ossError(403, 'UserDisable', 'UserDisable', { BucketName: bucket, EC: '0003-00000801' });
}

function checkRate(call: OssCall): void {
  for (const limit of call.world.settings.rateLimits) {
    if (limit.service !== 'oss' || (limit.action !== '*' && limit.action !== call.action)) continue;
    if (!call.world.rates.pass(`oss\n${call.action}\n${call.bucket}`, limit.perMinute, call.now)) {
      throw ossError(503, limit.code ?? 'QpsLimitExceeded', 'Please reduce your request rate.', {
        BucketName: call.bucket,
        EC: '0004-00000302',
      });
    }
  }
}

/** An operation that the emulator lacks: the vendor's code, and honest words. */
function notImplemented(action: string): ApiError {
  const message = `A header or parameter you provided implies functionality that is not implemented. (The emulator does not emulate OSS "${action}"; GET /_emulator/coverage lists what it does.)`;
  return ossError(501, 'NotImplemented', message);
}

/** The vendor's finer codes, where its pages tell them for the code alone. */
const EC_CODES: Readonly<Record<string, string>> = {
  NoSuchBucket: '0015-00000101',
  NoSuchKey: '0026-00000001',
};

function refusal(
  error: ApiError,
  isHead: boolean,
  requestId: string,
  host: string,
  headers: Readonly<Record<string, string>>,
) {
  const ec = error.details.EC ?? EC_CODES[error.code];
  const fields = {
    ...{ Code: error.code, Message: error.message, RequestId: requestId, HostId: host, ...error.details },
    ...(ec === undefined ? {} : { EC: ec, RecommendDoc: `https://api.alibabacloud.com/troubleshoot?q=${ec}` }),
  };
  const body = toXml('Error', fields);
  // An answer to HEAD has no body: its error travels in a header.
  const instead = isHead ? { 'x-oss-err': Buffer.from(body).toString('base64') } : {};
  return {
    status: error.status,
    headers: {
      ...{ ...headers, 'content-type': 'application/xml', ...instead },
      ...(ec === undefined ? {} : { 'x-oss-ec': String(ec) }),
    },
    body,
  };
}
