/** Common code of ECS, RAM and STS calls: endpoint, credentials, timeouts and response checks. */
import { $OpenApiUtil } from '@alicloud/openapi-core';
import { announceCall, type CloudCall } from './call-events.js';
import { reportChange, sendUnderLease } from './change-lease.js';
import type { CredentialSource, Credentials } from './credentials.js';
import { endpointIn } from './endpoints.js';
import { useGuardedAgents } from './sdk-agents.js';
import { type Service, sdkFailure, unreadable } from './sdk-errors.js';

export interface SdkPlace {
  /** `http://127.0.0.1:PORT` or `https://host`, with `{region}` for the region; absent: the vendor's endpoint of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Timeout of one call. The SDK's default of 3 s is too short for slow responses of the cloud. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

useGuardedAgents();

/**
 * Returns the client of a call. Each call has current credentials: with other ones, the client is a new one. A client has no
 * state of a call, so that concurrent calls share it.
 */
export function createClients<Client>(
  create: (config: $OpenApiUtil.Config) => Client,
): (place: SdkPlace) => Promise<Client> {
  let kept: { readonly place: SdkPlace; readonly key: Credentials; readonly client: Client } | null = null;
  return async (place) => {
    const key = await place.credentials();
    if (kept === null || kept.place !== place || !isSame(kept.key, key)) {
      kept = { place, key, client: create(configOf(place, key)) };
    }
    return kept.client;
  };
}

function isSame(one: Credentials, other: Credentials): boolean {
  return (
    one.accessKeyId === other.accessKeyId &&
    one.accessKeySecret === other.accessKeySecret &&
    one.securityToken === other.securityToken
  );
}

/** The configuration of one call, so that it has current credentials. */
export async function sdkConfig(place: SdkPlace): Promise<$OpenApiUtil.Config> {
  return configOf(place, await place.credentials());
}

/** The SDK's retries stay off, because Temporal retries. */
function configOf(place: SdkPlace, key: Credentials): $OpenApiUtil.Config {
  const timeoutMs = place.timeoutMs ?? TIMEOUT_MS;
  return new $OpenApiUtil.Config({
    ...endpointOf(endpointIn(place.region, place.endpoint)),
    regionId: place.region,
    accessKeyId: key.accessKeyId,
    accessKeySecret: key.accessKeySecret,
    ...(key.securityToken === undefined ? {} : { securityToken: key.securityToken }),
    readTimeout: timeoutMs,
    // The SDK uses it as the idle timeout of the socket. A value below the read timeout would cut off slow responses.
    connectTimeout: timeoutMs,
  });
}

/** The SDK expects the host without the scheme. Otherwise it resolves a host named `http`. */
function endpointOf(endpoint: string | undefined): { readonly protocol: string; readonly endpoint?: string } {
  if (endpoint === undefined) return { protocol: 'HTTPS' };
  const { protocol, host } = new URL(endpoint);
  return { protocol: protocol.replace(':', '').toUpperCase(), endpoint: host };
}

interface SdkResponse<Body> {
  readonly statusCode?: number;
  readonly body?: Body;
}

export async function sdkCall<Client extends { readonly _regionId?: string }, Body extends object>(
  service: Service,
  action: string,
  makeClient: () => Promise<Client>,
  perform: (client: Client) => Promise<SdkResponse<Body>>,
): Promise<Body> {
  // An error here is not an error of a call, because nothing was sent.
  const client = await makeClient();
  const call: CloudCall = { service, action, region: client._regionId ?? null, bucket: null };
  return await announceCall(call, async () => {
    const response = await sendUnderLease(action, async () => {
      try {
        return await perform(client);
      } catch (error) {
        throw sdkFailure(service, action, error);
      }
    });
    // The SDK treats a redirect as a success.
    if ((response.statusCode ?? 200) >= 300)
      throw unreadable(service, action, `has the HTTP status ${response.statusCode}`);
    if (response.body === undefined) throw unreadable(service, action, 'is empty');
    const requestId = 'requestId' in response.body ? response.body.requestId : undefined;
    if (typeof requestId === 'string') call.requestId = requestId;
    reportChange(service, action, requestId);
    return response.body;
  });
}

/** The fields of the vendor's request class, at any depth. Null and undefined are not sent. */
type Fields<Model> = Model extends readonly (infer Item)[]
  ? readonly Fields<Item>[]
  : Model extends object
    ? { readonly [Name in keyof Model]?: Fields<Model[Name]> | null | undefined }
    : Model;

/** Builds a request. The vendor's constructors accept any map and drop unknown fields; here a misspelled field is a compiler error. */
export function ask<Model>(
  request: new (fields: Record<string, unknown>) => Model,
  fields: Fields<Model> & object,
): Model {
  return new request(Object.fromEntries(Object.entries(fields)));
}

/** Splits a list into lists of at most `size` items. */
export function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const all: Item[][] = [];
  for (let start = 0; start < items.length; start += size) all.push(items.slice(start, start + size));
  return all;
}
