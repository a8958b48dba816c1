/**
 * The connections of the vendor's SDKs for ECS, RAM, STS and credentials. The SDKs have no setting for their agents: they send every
 * request with the function `request` of the package httpx, which takes an agent. Tests prove that it is used.
 */
import type http from 'node:http';
import { createRequire } from 'node:module';
import { createAgents } from '../network/agents.js';
import { USER_AGENT } from '../network/user-agent.js';
import { guarded } from './change-lease.js';

interface HttpxOptions {
  readonly agent?: http.Agent;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Httpx {
  request: (url: string, options?: HttpxOptions) => unknown;
}

let replaced = false;

export function useGuardedAgents(): void {
  if (replaced) return;
  replaced = true;
  const agents = createAgents();
  guarded(agents.http);
  guarded(agents.https);
  const httpx = loadHttpx();
  const { request } = httpx;
  httpx.request = (url, options) =>
    request(url, {
      // The SDKs write the scheme in upper case.
      agent: /^https:/i.test(url) ? agents.https : agents.http,
      ...options,
      headers: withProduct(options?.headers ?? {}),
    });
}

/** The SDKs' own User-Agent stays, as the vendor asks. */
function withProduct(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'user-agent') ?? 'user-agent';
  const own = headers[name];
  return { ...headers, [name]: own === undefined ? USER_AGENT : `${USER_AGENT} ${own}` };
}

/** The copy of httpx that the SDKs use. */
function loadHttpx(): Httpx {
  const core = createRequire(import.meta.resolve('@alicloud/openapi-core'));
  const httpx: Httpx = createRequire(core.resolve('@darabonba/typescript'))('httpx');
  return httpx;
}
