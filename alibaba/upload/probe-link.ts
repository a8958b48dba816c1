/** Measures the speed of the link with a few parts of zeros, for the decision whether a conversion saves time. */
import { withBuffers } from './buffers.js';
import type { ObjectCalls, UploadSettings } from './object-calls.js';
import { rateLimited } from './rate-limiter.js';

const MIB = 1024 ** 2;
/** Sends more in each round until one takes long enough to measure; at most 85 MiB, on a very fast link. */
const ROUNDS: readonly { readonly parts: number; readonly partBytes: number }[] = [
  { parts: 1, partBytes: MIB },
  { parts: 4, partBytes: MIB },
  { parts: 4, partBytes: 4 * MIB },
  { parts: 4, partBytes: 16 * MIB },
];
const LONG_ENOUGH_MS = 500;

export async function probeLink(
  calls: ObjectCalls,
  { rateLimiter }: Pick<UploadSettings, 'rateLimiter'>,
  signal: AbortSignal,
) {
  const uploadId = await calls.initiate();
  try {
    for (const { parts, partBytes } of ROUNDS) {
      const begun = performance.now();
      await Promise.all(
        Array.from({ length: parts }, (_, index) =>
          withBuffers(async ([zeros]) => {
            zeros.fill(0);
            const whole = function* () {
              for (let sent = 0; sent < partBytes; sent += zeros.byteLength) {
                yield zeros.subarray(0, Math.min(zeros.byteLength, partBytes - sent));
              }
            };
            const body = { length: partBytes, chunks: () => rateLimited(whole(), rateLimiter, signal) };
            await calls.sendPart(uploadId, index + 1, body, () => undefined, signal);
          }),
        ),
      );
      if (performance.now() - begun >= LONG_ENOUGH_MS) return;
    }
  } finally {
    await calls.abort(uploadId);
  }
}
