/**
 * The connections of the vendor's SDKs for ECS, RAM and STS. The SDKs have no setting for their agents: they send every
 * request with the function `request` of the package httpx, which takes an agent. Tests prove that it is used.
 */
import http from 'node:http';
import https from 'node:https';
import { createRequire } from 'node:module';
import { guarded } from './change-lease.js';

interface Httpx {
  request: (url: string, options: { readonly agent?: http.Agent }) => unknown;
}

let replaced = false;

export function useGuardedAgents(): void {
  if (replaced) return;
  replaced = true;
  const agents = {
    'http:': guarded(new http.Agent({ keepAlive: true })),
    'https:': guarded(new https.Agent({ keepAlive: true })),
  };
  const httpx = loadHttpx();
  const { request } = httpx;
  httpx.request = (url, options) =>
    request(url, { agent: url.startsWith('https:') ? agents['https:'] : agents['http:'], ...options });
}

/** The copy of httpx that the SDKs use. */
function loadHttpx(): Httpx {
  const core = createRequire(import.meta.resolve('@alicloud/openapi-core'));
  const httpx: Httpx = createRequire(core.resolve('@darabonba/typescript'))('httpx');
  return httpx;
}
