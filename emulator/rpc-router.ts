/** Serves ECS, RAM and STS: parses a request of either signature version, authenticates it and runs the action. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { ecsActions } from './ecs/actions.js';
import { ApiError } from './errors.js';
import { permits } from './identity.js';
import { perform } from './perform.js';
import { quotaActions } from './quota-center.js';
import { ramActions } from './ram/actions.js';
import { sharingActions } from './resource-sharing.js';
import { authenticate, headerOf, type Received } from './rpc-authentication.js';
import type { ApiAction, ApiCall } from './rpc-call.js';
import { errorBody, missingParameter, permissionError, ThrottledError, toXml, unknownAction } from './rpc-errors.js';
import { parseAcs3 } from './signature/acs3.js';
import { decodeQuery } from './signature/encoding.js';
import { stsActions } from './sts/actions.js';
import { newRequestId, type World } from './world.js';

export interface Service {
  readonly name: string;
  readonly version: string;
  readonly host: string;
  readonly actions: Readonly<Record<string, ApiAction>>;
}

export const services: readonly Service[] = [
  { name: 'ecs', version: '2014-05-26', host: 'ecs.aliyuncs.com', actions: ecsActions },
  { name: 'quotas', version: '2020-05-10', host: 'quotas.aliyuncs.com', actions: quotaActions },
  { name: 'ram', version: '2015-05-01', host: 'ram.aliyuncs.com', actions: ramActions },
  { name: 'resourcesharing', version: '2020-01-10', host: 'resourcesharing.aliyuncs.com', actions: sharingActions },
  { name: 'sts', version: '2015-04-01', host: 'sts.aliyuncs.com', actions: stsActions },
];

const MAX_BODY_BYTES = 1_048_576;

/** Parameters of the RPC protocol; all others belong to the action. */
const PROTOCOL = new Set(
  'Action Version Format AccessKeyId SignatureMethod SignatureVersion SignatureType SignatureNonce Timestamp Signature SecurityToken'.split(
    ' ',
  ),
);

/** Unlike OSS, the RPC services name the action in a header or a parameter. */
export function isRpc(request: IncomingMessage, path: string, query: string): boolean {
  if (request.headers['x-acs-action'] !== undefined) return true;
  if (path !== '/') return false;
  return /(^|&)(Action|SignatureMethod)=/.test(query) || (request.method === 'POST' && query === '');
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
  const { received, isMalformed } = readRequest(request, path, query, body);
  const { params } = received;
  const action = headerOf(request, 'x-acs-action') ?? params.get('Action') ?? '';
  const version = headerOf(request, 'x-acs-version') ?? params.get('Version') ?? '';
  const service = services.find((known) => known.version === version);
  const format = formatOf(received);
  const type = format === 'json' ? 'application/json;charset=utf-8' : 'text/xml;charset=utf-8';
  const ownParams = Object.fromEntries([...params].filter(([name]) => !PROTOCOL.has(name)));

  await perform(world, response, {
    service: service?.name ?? 'unknown',
    action: action === '' ? 'unknown' : action,
    requestId,
    accessKeyId: parseAcs3(request.headers.authorization)?.accessKeyId ?? params.get('AccessKeyId') ?? null,
    params: ownParams,
    bytesReceived: () => body.length,
    execute: async () => {
      if (isMalformed)
        throw new ApiError(400, 'InvalidParameter', 'The query or form contains an invalid percent-encoding.');
      const caller = authenticate(world, received);
      if (action === '') throw missingParameter('Action');
      if (service === undefined) {
        const known = services.map((one) => `${one.name} ${one.version}`).join(', ');
        const message = `Specified parameter Version is not valid. (The emulator supports ${known}; not "${version}".)`;
        throw new ApiError(400, 'InvalidParameter', message);
      }
      const entry = Object.hasOwn(service.actions, action) ? service.actions[action] : undefined;
      if (entry === undefined) throw unknownAction(service.name, action);
      const account = world.ofKey(caller.accessKeyId);
      const call = { world: account, service: service.name, action, params: ownParams, caller, now: world.now() };
      checkPermission(call, entry);
      checkRate(call);
      const answer = { RequestId: requestId, ...(await entry.run(call)) };
      const text = format === 'json' ? JSON.stringify(answer) : toXml(`${action}Response`, answer);
      return { status: 200, headers: { 'content-type': type, 'x-acs-request-id': requestId }, body: text };
    },
    formatError: (error) => ({
      status: error.status,
      headers: { 'content-type': type, 'x-acs-request-id': requestId, ...retryAfter(error) },
      body: errorBody(error, requestId, hostOf(service, ownParams.RegionId), format),
    }),
  });
}

/** `isMalformed`: the query or form contains an invalid percent-encoding such as `%zz`. The parameters are then empty. */
function readRequest(
  request: IncomingMessage,
  path: string,
  query: string,
  body: Buffer,
): { readonly received: Received; readonly isMalformed: boolean } {
  const common = { method: request.method ?? 'GET', path, headers: request.headers, body };
  try {
    const decoded = decodeQuery(query);
    const form = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded')
      ? decodeQuery(body.toString())
      : [];
    const params = new Map([...decoded, ...form].map(([name, value]): [string, string] => [name, value ?? '']));
    return { received: { ...common, query: decoded, params }, isMalformed: false };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    return { received: { ...common, query: [], params: new Map() }, isMalformed: true };
  }
}

function formatOf(received: Received): 'json' | 'xml' {
  const format = received.params.get('Format');
  if (format !== undefined) return format.toUpperCase() === 'JSON' ? 'json' : 'xml';
  // Without Format, the older protocol defaults to XML and the current one follows the Accept header.
  if (received.headers['x-acs-version'] === undefined && received.params.has('Signature')) return 'xml';
  return received.headers.accept?.includes('xml') ? 'xml' : 'json';
}

function hostOf(service: Service | undefined, regionId: string | undefined): string {
  if (service === undefined) return 'unknown';
  return service.name === 'ram' || regionId === undefined ? service.host : service.host.replace('.', `.${regionId}.`);
}

function retryAfter(error: ApiError): Readonly<Record<string, string>> {
  if (!(error instanceof ThrottledError) || error.retryAfterMs === undefined) return {};
  return { 'x-acs-retry-after': String(error.retryAfterMs) };
}

/** The rate limit applies to each API and region separately. All users and roles of the account share it. */
function checkRate(call: ApiCall): void {
  for (const limit of call.world.settings.rateLimits) {
    if (limit.service !== call.service || (limit.action !== '*' && limit.action !== call.action)) continue;
    const name = `${call.service}\n${call.action}\n${call.params.RegionId ?? ''}`;
    if (!call.world.rates.allow(name, limit.perMinute, call.now)) throw new ThrottledError(limit);
  }
}

function checkPermission(call: ApiCall, entry: ApiAction): void {
  if (entry.resource === null) return;
  const resource =
    entry.resource?.(call) ??
    (call.service === 'ecs'
      ? `acs:ecs:${call.params.RegionId ?? '*'}:${call.world.accountId}:*`
      : `acs:ram:*:${call.world.accountId}:*`);
  for (const one of typeof resource === 'string' ? [resource] : resource) {
    const verdict = permits(call.world, call.caller, `${call.service}:${call.action}`, one);
    if (verdict !== 'allow') throw permissionError(call.service, call.action, one, call.caller, verdict);
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    // No action has a larger body. The rest is read and discarded, so that the client receives the response.
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
