/** What ECS, RAM and STS calls share: where they go, whose keys sign them, how long they may take, and what counts as an answer. */
import { $OpenApiUtil } from '@alicloud/openapi-core';
import type { CredentialSource } from './credentials.js';
import { type Service, sdkFailure, unreadable } from './sdk-errors.js';

export interface SdkPlace {
  /** `http://127.0.0.1:PORT` or `https://host`; absent: the vendor's own endpoint of the region. */
  readonly endpoint: string | undefined;
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Of one call, from the first byte to the last; the SDK's own 3 s are too short for the cloud's slower answers. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 20_000;

/** A configuration for one call, so that each call has the credentials of its own moment. The SDK's retries stay off: Temporal owns them. */
export async function sdkConfig(place: SdkPlace): Promise<$OpenApiUtil.Config> {
  const key = await place.credentials();
  const timeoutMs = place.timeoutMs ?? TIMEOUT_MS;
  return new $OpenApiUtil.Config({
    ...endpointOf(place.endpoint),
    regionId: place.region,
    accessKeyId: key.accessKeyId,
    accessKeySecret: key.accessKeySecret,
    ...(key.securityToken === undefined ? {} : { securityToken: key.securityToken }),
    readTimeout: timeoutMs,
    // It is applied as the idle time of the socket: shorter than the read time-out, it would cut off answers that are on their way.
    connectTimeout: timeoutMs,
  });
}

/** The SDK wants the host alone, and would look up a host named `http` otherwise. */
function endpointOf(endpoint: string | undefined): { readonly protocol: string; readonly endpoint?: string } {
  if (endpoint === undefined) return { protocol: 'HTTPS' };
  const { protocol, host } = new URL(endpoint);
  return { protocol: protocol.replace(':', '').toUpperCase(), endpoint: host };
}

interface Answer<Body> {
  readonly statusCode?: number;
  readonly body?: Body;
}

export async function sdkCall<Client, Body extends object>(
  service: Service,
  action: string,
  makeClient: () => Promise<Client>,
  perform: (client: Client) => Promise<Answer<Body>>,
): Promise<Body> {
  // What fails here never left this machine, and is no failure of a call.
  const client = await makeClient();
  let answer: Answer<Body>;
  try {
    answer = await perform(client);
  } catch (error) {
    throw sdkFailure(service, action, error);
  }
  // The SDK takes a redirect for a success.
  if ((answer.statusCode ?? 200) >= 300) throw unreadable(service, action, `has the HTTP status ${answer.statusCode}`);
  if (answer.body === undefined) throw unreadable(service, action, 'is empty');
  return answer.body;
}

/** The fields of a request as the vendor's class has them, at any depth; what is null or undefined is not sent. */
type Fields<Model> = Model extends readonly (infer Item)[]
  ? readonly Fields<Item>[]
  : Model extends object
    ? { readonly [Name in keyof Model]?: Fields<Model[Name]> | null | undefined }
    : Model;

/** The vendor's constructors take any map and drop what they do not know: here a misspelt field is an error of the compiler. */
export function ask<Model>(
  request: new (fields: Record<string, unknown>) => Model,
  fields: Fields<Model> & object,
): Model {
  return new request(Object.fromEntries(Object.entries(fields)));
}

/** Splits a list into the pieces that one call takes. */
export function pieces<Item>(items: readonly Item[], size: number): Item[][] {
  const all: Item[][] = [];
  for (let start = 0; start < items.length; start += size) all.push(items.slice(start, start + size));
  return all;
}
