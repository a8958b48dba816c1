/** The clock skew between this host and the cloud. The cloud rejects signatures with a skew of 15 minutes or more. */

import { FailureError } from '../domain/errors/failure.js';
import { failureOf } from '../domain/errors/index.js';

const TIMEOUT_MS = 10_000;

/**
 * Milliseconds that the cloud's clock is ahead, exact to one or two seconds. The request is unsigned, because a wrong clock invalidates signatures.
 * @param endpoint of any service; absent: the STS endpoint of the region
 */
export async function clockSkewMs(endpoint: string | undefined, region: string): Promise<number> {
  const url = endpoint ?? `https://sts.${region}.aliyuncs.com`;
  const sentAt = Date.now();
  try {
    const answer = await fetch(url, { method: 'GET', redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const answeredAt = Date.now();
    await answer.body?.cancel();
    const date = Date.parse(answer.headers.get('date') ?? '');
    if (!Number.isFinite(date)) throw new Error('no date');
    // The header has whole seconds, so it is half a second early on average.
    return date + 500 - (sentAt + answeredAt) / 2;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
    const facts = { service: 'sts', action: 'clock', message: `${new URL(url).host} returned no valid Date header` };
    throw new FailureError(failureOf({ ...facts, code: code ?? 'RequestTimeoutError' }));
  }
}
