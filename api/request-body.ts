/** Reads the bodies of requests: bounded in size, and in time, so that a client that stops sending holds nothing for long. */
import { problem } from './problems.js';

/** After this time without a byte, the request ends with 408. */
export const BODY_IDLE_MS = 10_000;

export interface BodyLimits {
  readonly maxBytes: number;
  /** The longest time without a byte, and the time that any body may take; ms. */
  readonly idleMs: number;
}

/** A slower body is not waited for after `idleMs`. */
const MIN_BYTES_PER_SECOND = 1_024;

/** Yields the body as it arrives. Throws a problem if it is too large, or the client stops sending or sends too slowly. */
export async function* bodyChunks(
  body: ReadableStream<Uint8Array>,
  { maxBytes, idleMs }: BodyLimits,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  let bytes = 0;
  let waitedMs = 0;
  try {
    for (;;) {
      const patienceMs = Math.min(idleMs, idleMs + (bytes / MIN_BYTES_PER_SECOND) * 1_000 - waitedMs);
      const since = performance.now();
      const next = await within(patienceMs, reader.read());
      waitedMs += performance.now() - since;
      if (next === null) throw stopped(bytes, idleMs);
      if (next.done) return;
      bytes += next.value.length;
      if (bytes > maxBytes) throw tooLarge(maxBytes);
      yield next.value;
    }
  } finally {
    // Without an effect on a body that has ended; otherwise nothing reads the rest.
    void reader.cancel().catch(() => undefined);
  }
}

/** The whole body as text. Throws a problem as `bodyChunks` does, and if the bytes are not UTF-8. */
export async function bodyText(body: ReadableStream<Uint8Array> | null, limits: BodyLimits): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const decode = (chunk?: Uint8Array) => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch {
      throw malformed('the body is not UTF-8', 'Encode the body as UTF-8.');
    }
  };
  let text = '';
  for await (const chunk of bodyChunks(body, limits)) text += decode(chunk);
  return text + decode();
}

export function malformed(message: string, remedy: string) {
  const errors = [{ path: '', rule: 'request.syntax', given: null, message, vendorCode: null }];
  return problem('malformedBody', message, remedy, { errors });
}

function tooLarge(maxBytes: number) {
  return problem('tooLarge', `the body is larger than ${maxBytes} bytes`, 'Send one import per request.');
}

function stopped(bytes: number, idleMs: number) {
  return problem(
    'bodyTimeout',
    `the body did not arrive in time: after ${bytes} bytes, less than ${MIN_BYTES_PER_SECOND} bytes per second or nothing for ${idleMs / 1_000} s`,
    'Check the connection and send the request again. Nothing was changed.',
  );
}

/** Null: nothing arrived in time. */
async function within<Value>(ms: number, work: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms));
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
