/** Authenticates requests to ECS, RAM and STS with either signature version. The checks run in the gateway's order. */
import type { IncomingMessage } from 'node:http';
import { ApiError } from './errors.js';
import { type Caller, lookUpKey, rootCaller } from './identity.js';
import { keyError, missingParameter } from './rpc-errors.js';
import { acs3Signature, acs3StringToSign, parseAcs3 } from './signature/acs3.js';
import { parseTime, sameText, sha256Hex } from './signature/encoding.js';
import { rpcSignature, rpcStringToSign } from './signature/rpc.js';
import type { World } from './world.js';

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string | null])[];
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The parameters of the query and of a form body. */
  readonly params: ReadonlyMap<string, string>;
}

/** The headers that an ACS3 request must sign. */
const REQUIRED_SIGNED_HEADERS = [
  'host',
  'x-acs-action',
  'x-acs-version',
  'x-acs-date',
  'x-acs-signature-nonce',
  'x-acs-content-sha256',
];

/** @returns the caller; the world of its account executes the call */
export function authenticate(anyWorld: World, received: Received): Caller {
  const acs3 = parseAcs3(received.headers.authorization);
  const accessKeyId = acs3?.accessKeyId ?? received.params.get('AccessKeyId');
  const token = headerOf(received, 'x-acs-security-token') ?? received.params.get('SecurityToken') ?? null;
  const world = anyWorld.ofKey(accessKeyId ?? '');
  const now = world.now();
  if (world.settings.signature === 'off') {
    const found = lookUpKey(world, accessKeyId ?? '', token, now);
    return 'caller' in found ? found.caller : rootCaller(accessKeyId ?? 'none', world.accountId);
  }
  // The header uses another algorithm, or a field is missing.
  if (acs3 === null && received.headers.authorization !== undefined) throw incompleteSignature();
  if (accessKeyId === undefined || accessKeyId === '') throw missingParameter('AccessKeyId');
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
  if (nonce === undefined || nonce === '') throw missingParameter('SignatureNonce');
  if (!world.nonces.use(`${accessKeyId}\n${nonce}`, now)) {
    throw new ApiError(400, 'SignatureNonceUsed', 'Specified signature nonce was used already.');
  }
  return key.caller;
}

function rpcExpectation(received: Received, secret: string): readonly [string, string, string] {
  const signature = received.params.get('Signature');
  const method = received.params.get('SignatureMethod') ?? 'HMAC-SHA1';
  if (signature === undefined || method.toUpperCase() !== 'HMAC-SHA1') throw incompleteSignature();
  const stringToSign = rpcStringToSign(received.method, received.params);
  return [signature, stringToSign, rpcSignature(stringToSign, secret)];
}

function acs3Expectation(
  received: Received,
  acs3: { readonly signedHeaders: readonly string[]; readonly signature: string },
  secret: string,
): readonly [string, string, string] {
  const declared = headerOf(received, 'x-acs-content-sha256');
  if (
    REQUIRED_SIGNED_HEADERS.some((name) => !acs3.signedHeaders.includes(name)) ||
    declared !== sha256Hex(received.body)
  ) {
    throw incompleteSignature();
  }
  const stringToSign = acs3StringToSign(received, acs3.signedHeaders);
  return [acs3.signature, stringToSign, acs3Signature(stringToSign, secret)];
}

function incompleteSignature(): ApiError {
  return new ApiError(400, 'IncompleteSignature', 'The request signature does not conform to Aliyun standards.');
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

export function headerOf(received: { readonly headers: IncomingMessage['headers'] }, name: string): string | undefined {
  const value = received.headers[name];
  return typeof value === 'string' ? value : undefined;
}
