/** How far this host's clock is from the cloud's: signatures of a clock that is 15 minutes off are refused. */

import { FailureError } from '../domain/errors/failure.js';
import { failureOf } from '../domain/errors/index.js';

const TIMEOUT_MS = 10_000;

/**
 * Milliseconds that the cloud's clock is ahead; exact to a second or two. Asked without a signature, which a wrong clock would spoil.
 * @param endpoint of any service; absent: STS of the region
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
    // The header has whole seconds: on the average half a second has been cut off.
    return date + 500 - (sentAt + answeredAt) / 2;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : null;
    const facts = { service: 'sts', action: 'clock', message: `${new URL(url).host} returns no time` };
    throw new FailureError(failureOf({ ...facts, code: code ?? 'RequestTimeoutError' }));
  }
}
