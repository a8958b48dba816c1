/** Serves OSS: finds bucket, object and operation, checks signature, rate limit and permission, runs the operation. */
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
  checkTime,
  isSignedWith,
  keyError,
  type RequestSignature,
  readSignature,
  signatureMismatch,
  signingRegionMismatch,
} from './credentials.js';
import { causeOf } from './error-causes.js';
import { cloudBoxOfHost, kindOfHost, locationsOf, type ObjectLocation, placeOfHost, regionOfHost } from './location.js';
import { actionOf, HEADERS_NOT_EMULATED, ossOperations } from './operations.js';

export async function serveOss(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  queryText: string,
): Promise<void> {
  const requestId = randomBytes(12).toString('hex').toUpperCase();
  const host = request.headers.host ?? 'oss-cn-hangzhou.aliyuncs.com';
  const parsed = readRequest(world, request, host, path, queryText);
  const { location, action, query, signature } = parsed;
  let bytes = 0;
  const headers = { server: 'AliyunOSS', 'x-oss-request-id': requestId, 'x-oss-server-time': '1' };

  await perform(world, response, {
    service: 'oss',
    action,
    requestId,
    accessKeyId: signature?.accessKeyId ?? null,
    params: { bucket: location.bucket, key: location.key, ...query },
    bytesReceived: () => bytes,
    execute: async () => {
      if (parsed.error !== null) throw parsed.error;
      // Of a domain that is bound to no bucket.
      if (location.bucket.includes('.')) throw noSuchBucket(location.bucket);
      const caller = authenticate(world, signature, location, host);
      const account = caller === null ? world : world.ofKey(caller.accessKeyId);
      const call: OssCall = {
        ...{
          world: world.ofBucket(location.bucket) ?? account,
          action,
          ...location,
          query,
          headers: request.headers,
          request,
        },
        caller: caller ?? rootCaller('anonymous'),
        region: regionOfHost(host) ?? signature?.region ?? null,
        host,
        now: world.now(),
        onBytes: (count) => {
          bytes += count;
        },
      };
      const operation = Object.hasOwn(ossOperations, action) ? ossOperations[action] : undefined;
      if (operation === undefined) throw notImplemented(action);
      const unsupported = HEADERS_NOT_EMULATED.find((name) => request.headers[name] !== undefined);
      if (unsupported !== undefined) throw notImplemented(`${action} with ${unsupported}`);
      checkEndpoint(call);
      checkAccount(call);
      checkAcceleration(call);
      checkPublicAccess(call);
      checkRate(call);
      checkAccess(call, caller);
      const answer = await operation(call);
      return { ...answer, headers: { ...headers, ...answer.headers } };
    },
    formatError: (error) => errorAnswer(error, request.method === 'HEAD', requestId, host, headers),
  });
}

interface ParsedRequest {
  readonly location: ObjectLocation;
  readonly action: string;
  readonly query: Readonly<Record<string, string>>;
  /** Null for an anonymous request. */
  readonly signature: RequestSignature | null;
  /** Set if the request is malformed. */
  readonly error: ApiError | null;
}

function readRequest(
  world: World,
  request: IncomingMessage,
  host: string,
  path: string,
  queryText: string,
): ParsedRequest {
  const method = request.method ?? 'GET';
  try {
    const pairs = decodeQuery(queryText);
    const query = Object.fromEntries(pairs.map(([name, value]): [string, string] => [name, value ?? '']));
    const locations = locationsOf(host, path, {
      isBucket: (name) => world.ofBucket(name) !== undefined,
      domains: world.settings.customDomains,
    });
    const hasHeader = (name: string) => request.headers[name] !== undefined;
    try {
      const signature = readSignature({ method, query: pairs, headers: request.headers });
      const location =
        locations.length === 1 || signature === null ? locations[0] : signedLocation(world, signature, locations);
      return { location, query, signature, action: actionOf({ method, location, query, hasHeader }), error: null };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const [location] = locations;
      return { location, query, signature: null, action: actionOf({ method, location, query, hasHeader }), error };
    }
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return {
      location: { bucket: '', key: '' },
      query: {},
      signature: null,
      action: `${method} unreadable`,
      error: ossError(400, 'InvalidURI', "Couldn't parse the specified URI.", { URI: path }),
    };
  }
}

/** The location for which the signature is valid, else the most likely one. */
function signedLocation(
  world: World,
  signature: RequestSignature,
  locations: readonly [ObjectLocation, ...ObjectLocation[]],
): ObjectLocation {
  const key = lookUpKey(world.ofKey(signature.accessKeyId), signature.accessKeyId, signature.token, world.now());
  const secret = 'caller' in key ? key.secret : undefined;
  if (secret === undefined) return locations[0];
  return locations.find((location) => isSignedWith(signature, location, secret)) ?? locations[0];
}

/** Null for an anonymous request. */
function authenticate(
  world: World,
  signature: RequestSignature | null,
  location: ObjectLocation,
  host: string,
): Caller | null {
  const { signature: verification, clockSkewSeconds } = world.settings;
  if (signature === null) return verification === 'off' ? rootCaller('none') : null;
  const now = world.now();
  const key = lookUpKey(world.ofKey(signature.accessKeyId), signature.accessKeyId, signature.token, now);
  if (verification === 'off')
    return 'caller' in key
      ? key.caller
      : rootCaller(signature.accessKeyId, world.ofKey(signature.accessKeyId).accountId);
  // The OSS of a CloudBox is signed for with its ID instead of a region.
  const region = cloudBoxOfHost(host) ?? regionOfHost(host);
  if (region !== null && signature.region !== null && signature.region !== region) throw signingRegionMismatch();
  checkTime(signature, now, clockSkewSeconds * 1000);
  if (!('caller' in key)) throw keyError(key.problem, signature);
  if (!isSignedWith(signature, location, key.secret)) throw signatureMismatch(signature, location);
  return key.caller;
}

/** A bucket accepts requests to the endpoint of its region or CloudBox only. A local address serves as any endpoint. */
function checkEndpoint({ world, action, bucket: name, region, host }: OssCall): void {
  const bucket = world.buckets.get(name);
  if (bucket === undefined || action === 'PutBucket') return;
  const place = placeOfHost(host);
  const cloudBoxId = cloudBoxOfHost(host);
  if (cloudBoxId !== (bucket.cloudBoxId ?? null) && (cloudBoxId !== null || place !== null)) throw noSuchBucket(name);
  if (cloudBoxId !== null || region === null) return;
  const isHere = region === bucket.regionId && (bucket.place === undefined || place === null || place === bucket.place);
  if (!isHere) throw elsewhere(name, `oss-${bucket.place ?? bucket.regionId}.aliyuncs.com`);
}

function noSuchBucket(name: string): ApiError {
  return ossError(404, 'NoSuchBucket', 'The specified bucket does not exist.', { BucketName: name });
}

function elsewhere(name: string, endpoint: string): ApiError {
  const message =
    'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.';
  return ossError(403, 'AccessDenied', message, { Bucket: name, Endpoint: endpoint, EC: '0003-00001403' });
}

/** No page of the vendor shows the answer of the accelerate endpoint for a bucket without acceleration. */
function checkAcceleration({ world, bucket: name, host }: OssCall): void {
  const bucket = world.buckets.get(name);
  if (bucket === undefined || bucket.accelerated === true) return;
  if (kindOfHost(host, null) === 'accelerate') throw elsewhere(name, `oss-${bucket.regionId}.aliyuncs.com`);
}

/** If OSS is disabled for the account, objects are not accessible; bucket operations still work. */
function checkAccount({ world, bucket, key }: OssCall): void {
  if (world.settings.account.ossEnabled || key === '') return;
  throw ossError(403, 'UserDisable', 'UserDisable', { BucketName: bucket, EC: '0003-00000801' });
}

/** Calls on buckets that list their content count as calls on data. */
const DATA_CALLS_ON_BUCKETS: readonly string[] = [
  ...['ListObjects', 'ListObjectsV2', 'ListObjectVersions', 'ListMultipartUploads', 'DeleteMultipleObjects'],
];

/** Calls on data at a public endpoint; those on buckets work. A local address serves as the public endpoint. */
function checkPublicAccess({ world, action, bucket, key, host }: OssCall): void {
  const isData = key !== '' || DATA_CALLS_ON_BUCKETS.includes(action);
  if (world.settings.account.publicOssAllowed || !isData) return;
  if (kindOfHost(host, world.settings.customDomains) !== 'public') return;
  const region = world.buckets.get(bucket)?.regionId ?? '';
  if (!region.startsWith('cn-') || region === 'cn-hongkong') return;
  const message = 'Not allowed using the OSS public endpoint , please use CNAME instead.';
  throw ossError(400, 'PublicEndpointForbidden', message, { BucketName: bucket, EC: '0048-00000401' });
}

function checkRate(call: OssCall): void {
  for (const limit of call.world.settings.rateLimits) {
    if (limit.service !== 'oss' || (limit.action !== '*' && limit.action !== call.action)) continue;
    if (!call.world.rates.allow(`oss\n${call.action}\n${call.bucket}`, limit.perMinute, call.now)) {
      throw ossError(503, limit.code ?? 'QpsLimitExceeded', 'Please reduce your request rate.', {
        BucketName: call.bucket,
        EC: '0004-00000302',
      });
    }
  }
}

/** The vendor's code, so that clients do not retry; the message is the emulator's, because OSS itself may know the operation. */
function notImplemented(action: string): ApiError {
  const message = `The emulator does not support OSS "${action}". GET /_emulator/coverage lists what it supports.`;
  return ossError(501, 'NotImplemented', message);
}

function errorAnswer(
  error: ApiError,
  isHead: boolean,
  requestId: string,
  host: string,
  headers: Readonly<Record<string, string>>,
) {
  const ec = causeOf(error.code, error.details.EC);
  const fields = {
    ...{ Code: error.code, Message: error.message, RequestId: requestId, HostId: host, ...error.details },
    ...{ EC: ec, RecommendDoc: `https://api.alibabacloud.com/troubleshoot?q=${ec}` },
  };
  const body = toXml('Error', fields);
  // The response to HEAD has no body, so OSS returns the error in a header.
  const errorHeader = isHead ? { 'x-oss-err': Buffer.from(body).toString('base64') } : {};
  return {
    status: error.status,
    headers: { ...headers, ...error.headers, 'content-type': 'application/xml', ...errorHeader, 'x-oss-ec': ec },
    body,
  };
}
