/**
 * Which endpoint of OSS the calls of an import use. A request chooses `public`, `internal` or `accelerate`. Otherwise it is what
 * the operator configured (a custom domain of the bucket, an endpoint of the region, OSS_ENDPOINT), else the internal endpoint
 * where this worker runs on ECS in the region, else the public one. A request never names a host: it would receive signed
 * calls and security tokens.
 */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { fail } from '../domain/errors/index.js';
import { cloudBoxIdOf, type OssAccess } from '../domain/oss-access.js';
import { type Agents, createAgents } from '../network/agents.js';
import { USER_AGENT } from '../network/user-agent.js';
import type { OssEndpoints } from './cloud.js';
import { ACCELERATE_HOST, cloudBoxOfHost, endpointIn, ossHosts } from './endpoints.js';
import type { Metadata } from './metadata-service.js';
import type { EndpointView } from './oss-api.js';

export interface OssEndpoint extends EndpointView {
  /** The origin of all buckets, or of one bucket: `https://oss-cn-hangzhou.aliyuncs.com`. */
  readonly url: string;
  /** Where a request names the bucket: a custom domain belongs to one bucket, which is signed but not sent. */
  readonly bucketIn: 'host' | 'path' | 'signature';
  /** Signs for the OSS of a CloudBox; null: for that of the region. */
  readonly cloudBoxId: string | null;
}

export interface LocatorOptions {
  readonly region: string;
  readonly access: OssAccess;
  readonly endpoints: OssEndpoints;
  readonly metadata: Metadata;
  /** Where every endpoint is reached: tests and emulators. Default: `oss`, if it is local. */
  readonly address?: string | undefined;
}

export interface Locator {
  /** Throws a `FailureError` if the requested endpoint does not exist for this worker. */
  readonly locate: (bucket: string) => Promise<OssEndpoint>;
  /** Agents that reach these endpoints. */
  readonly connect: () => Agents;
}

/** IP addresses and localhost take the bucket in the path. The vendor's hosts take it only as a subdomain. */
export function isLocal(endpoint: string | undefined): endpoint is string {
  if (endpoint === undefined) return false;
  return parsed(endpoint).isLocal;
}

interface Parsed {
  readonly endpoint: string;
  readonly url: URL;
  readonly isLocal: boolean;
}

let lastParsed: Parsed | null = null;

/** Every request asks for its endpoint. */
function parsed(endpoint: string): Parsed {
  if (lastParsed?.endpoint !== endpoint) {
    const url = new URL(endpoint);
    const isAddress = url.hostname === 'localhost' || isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0;
    lastParsed = { endpoint, url, isLocal: isAddress };
  }
  return lastParsed;
}

const PROBE_LIMIT_MS = 2_000;
const PROBES = 2;
/** How long an internal endpoint that could not be reached is not tried again. One that was reached is not tried again at all. */
const UNREACHABLE_FOR_MS = 5 * 60_000;

export function createLocator(options: LocatorOptions): Locator {
  const { region, access, endpoints, metadata } = options;
  const address = options.address ?? (isLocal(endpoints.oss) ? endpoints.oss : undefined);
  const connect = () => createAgents(address === undefined ? {} : { connectTo: address });
  const internal = createInternal(connect(), region, (url) => reachedAt(url, address));

  const at = (kind: OssEndpoint['kind'], url: string, reason: string, rest: Partial<OssEndpoint> = {}): OssEndpoint => {
    const origin = reachedAt(url, address);
    return { kind, url: origin, host: parsed(origin).url.host, reason, bucketIn: 'host', cloudBoxId: null, ...rest };
  };
  const publicEndpoint = (reason: string) => at('public', `https://${ossHosts(region).public}`, reason);

  const automatic = async (bucket: string): Promise<OssEndpoint> => {
    const domain = endpoints.byBucket?.[bucket];
    if (domain !== undefined) {
      return at('custom', domain, `configured for bucket ${bucket}`, { bucketIn: 'signature' });
    }
    const regional = endpoints.byRegion?.[region];
    if (regional !== undefined) {
      const isDomain = regional.includes('{bucket}');
      const reason = `configured for region ${region}`;
      const url = regional.replaceAll('{bucket}', bucket);
      return at(isDomain ? 'custom' : 'configured', url, reason, { bucketIn: isDomain ? 'signature' : 'host' });
    }
    const configured = endpointIn(region, endpoints.oss);
    if (configured !== undefined) {
      return at('configured', configured, 'OSS_ENDPOINT', { bucketIn: isLocal(configured) ? 'path' : 'host' });
    }
    const place = await metadata();
    if (place.kind === 'none') return publicEndpoint(place.reason);
    if (place.regionId !== region) {
      return publicEndpoint(`the worker runs on ECS in ${place.regionId}, the bucket is in ${region}`);
    }
    const found = await internal(bucket);
    if (found.url === null) return publicEndpoint(found.reason);
    return at('internal', found.url, `the worker runs on ECS in ${region}`);
  };

  const ofCloudBox = (arn: string): OssEndpoint => {
    const cloudBoxId = cloudBoxIdOf(arn);
    const url = endpoints.byCloudBox?.[cloudBoxId] ?? cloudBoxEndpoint(endpointIn(region, endpoints.oss), cloudBoxId);
    if (url === undefined) throw noCloudBoxEndpoint(cloudBoxId, region);
    return at('cloudbox', url, `configured for CloudBox ${cloudBoxId}`, { cloudBoxId });
  };

  const locate = async (bucket: string): Promise<OssEndpoint> => {
    if (access.storageLocationArn !== null) return ofCloudBox(access.storageLocationArn);
    const reason = `upload.endpoint is ${access.endpoint}`;
    switch (access.endpoint) {
      case 'auto':
        return await automatic(bucket);
      case 'public':
        return publicEndpoint(reason);
      case 'accelerate':
        return at('accelerate', `https://${ACCELERATE_HOST}`, reason);
      case 'internal': {
        const found = await internal(bucket);
        if (found.url === null) throw unreachable(region, found.reason);
        return at('internal', found.url, reason);
      }
    }
  };
  return { locate, connect };
}

/** At a local address, the protocol of that address is used. */
function reachedAt(url: string, address: string | undefined): string {
  if (address === undefined || isLocal(url)) return parsed(url).url.origin;
  const { protocol } = new URL(address);
  return `${protocol}//${new URL(url).host}`;
}

/** An operator whose workers serve one CloudBox may set its endpoint as OSS_ENDPOINT. */
function cloudBoxEndpoint(endpoint: string | undefined, cloudBoxId: string): string | undefined {
  return endpoint !== undefined && cloudBoxOfHost(new URL(endpoint).hostname) === cloudBoxId ? endpoint : undefined;
}

interface Internal {
  /** Null: no internal endpoint can be reached, or the bucket is at none. */
  readonly url: string | null;
  readonly reason: string;
}

function createInternal(agents: Agents, region: string, reached: (url: string) => string) {
  const known = new Map<string, { readonly found: Promise<Internal>; untilMs: number }>();
  const hosts = ossHosts(region).internal;
  return (bucket: string): Promise<Internal> => {
    // With one host it does not depend on the bucket.
    const key = hosts.length === 1 ? '' : bucket;
    const now = performance.now();
    const entry = known.get(key);
    if (entry !== undefined && now < entry.untilMs) return entry.found;
    const found = findInternal(agents, hosts, bucket, reached);
    const fresh = { found, untilMs: Number.POSITIVE_INFINITY };
    known.set(key, fresh);
    void found.then(({ url }) => {
      if (url === null) fresh.untilMs = performance.now() + UNREACHABLE_FOR_MS;
    });
    return found;
  };
}

async function findInternal(
  agents: Agents,
  hosts: readonly string[],
  bucket: string,
  reached: (url: string) => string,
): Promise<Internal> {
  const reasons: string[] = [];
  for (const host of hosts) {
    const problem = await probe(agents, reached(`https://${bucket}.${host}`));
    if (problem === null) return { url: `https://${host}`, reason: '' };
    reasons.push(`${host} ${problem}`);
  }
  return { url: null, reason: reasons.join('; ') };
}

/** Null: a bucket at this host can be reached. The request is not signed, so any answer of OSS proves that. */
async function probe(agents: Agents, url: string): Promise<string | null> {
  for (let tries = 1; ; tries++) {
    try {
      const text = await firstBytes(agents, `${url}/?max-keys=1`);
      return text.includes('must be addressed using the specified endpoint')
        ? 'is not the endpoint of the bucket'
        : null;
    } catch (error) {
      if (tries < PROBES) continue;
      const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'timeout';
      return `cannot be reached from this worker (${code})`;
    }
  }
}

function firstBytes(agents: Agents, url: string): Promise<string> {
  const isSecure = url.startsWith('https:');
  return new Promise((resolve, reject) => {
    const request = (isSecure ? https : http).get(url, {
      agent: isSecure ? agents.https : agents.http,
      headers: { 'user-agent': USER_AGENT },
      signal: AbortSignal.timeout(PROBE_LIMIT_MS),
    });
    request.on('error', (error) => reject(error.name === 'AbortError' ? new Error('timeout') : error));
    request.on('response', (response) => {
      let text = '';
      response.on('data', (piece: Buffer) => {
        text += piece.toString();
        if (text.length > 4_096) response.destroy();
      });
      response.on('close', () => resolve(text));
      response.on('error', reject);
    });
  });
}

function unreachable(region: string, reason: string) {
  return fail('Upload.EndpointUnreachable', reason, { service: 'oss', action: 'endpoint', values: { region } });
}

function noCloudBoxEndpoint(cloudBoxId: string, region: string) {
  const message = `no endpoint of the OSS of CloudBox ${cloudBoxId} is configured`;
  return fail('CloudBox.NoEndpoint', message, {
    service: 'oss',
    action: 'endpoint',
    values: { region, cloudBox: cloudBoxId },
  });
}
