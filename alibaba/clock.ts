/** The clock skew between this host and the cloud. The cloud rejects signatures with a skew of 15 minutes or more. */

import http from 'node:http';
import https from 'node:https';
import { FailureError } from '../domain/errors/failure.js';
import { failureOf } from '../domain/errors/index.js';
import { createAgents } from '../network/agents.js';
import { USER_AGENT } from '../network/user-agent.js';

const TIMEOUT_MS = 10_000;

/**
 * Milliseconds that the cloud's clock is ahead, exact to one or two seconds. The request is unsigned, because a wrong clock invalidates signatures.
 * @param endpoint of any service; absent: the STS endpoint of the region
 */
export async function clockSkewMs(endpoint: string | undefined, region: string): Promise<number> {
  const url = endpoint ?? `https://sts.${region}.aliyuncs.com`;
  const sentAt = Date.now();
  try {
    const headers = await headersOf(url);
    const answeredAt = Date.now();
    const date = Date.parse(headers.date ?? '');
    if (!Number.isFinite(date)) throw new Error('no date');
    // The header has whole seconds, so it is half a second early on average.
    return date + 500 - (sentAt + answeredAt) / 2;
  } catch (error) {
    const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
    const facts = { service: 'sts', action: 'clock', message: `${new URL(url).host} returned no valid Date header` };
    throw new FailureError(failureOf({ ...facts, code: code ?? 'RequestTimeoutError' }));
  }
}

/** The headers of the response, whatever its status. */
async function headersOf(url: string): Promise<http.IncomingHttpHeaders> {
  const agents = createAgents();
  const isSecure = url.startsWith('https:');
  try {
    return await new Promise((resolve, reject) => {
      const call = (isSecure ? https : http).request(url, {
        agent: isSecure ? agents.https : agents.http,
        headers: { 'user-agent': USER_AGENT },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      call.on('error', (error) =>
        reject(call.destroyed && error.name === 'AbortError' ? new Error('timed out') : error),
      );
      call.on('response', (response) => {
        resolve(response.headers);
        response.destroy();
      });
      call.end();
    });
  } finally {
    agents.destroy();
  }
}
