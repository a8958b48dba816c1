/** Ends event streams whose sender may no longer read them: its key was revoked or has expired, or its scope has changed. */
import type { MiddlewareHandler } from 'hono';

/** How long a stream stays open after its sender has lost access; ms. */
const CHECK_EVERY_MS = 2_000;

/** @param stillMay whether the sender of the request may still read the response; an error means that it is not known */
export function endStreams(
  stillMay: (context: Parameters<MiddlewareHandler>[0]) => Promise<boolean>,
  everyMs = CHECK_EVERY_MS,
): MiddlewareHandler {
  return async (context, next) => {
    await next();
    const { res } = context;
    if (res.body === null || !res.headers.get('content-type')?.startsWith('text/event-stream')) return;
    const body = untilFalse(res.body, () => stillMay(context), everyMs);
    context.res = new Response(body, { status: res.status, headers: res.headers });
  };
}

function untilFalse(
  source: ReadableStream<Uint8Array>,
  isTrue: () => Promise<boolean>,
  everyMs: number,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  let timer: NodeJS.Timeout | undefined;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    clearTimeout(timer);
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const check = async () => {
        // While the database cannot be reached, the stream has nothing to show either.
        if (await isTrue().catch(() => true)) {
          if (!hasEnded) timer = setTimeout(check, everyMs).unref();
          return;
        }
        if (hasEnded) return;
        end();
        controller.close();
        await reader.cancel().catch(() => undefined);
      };
      timer = setTimeout(check, everyMs).unref();
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (hasEnded) return;
        if (!done) return controller.enqueue(value);
        end();
        controller.close();
      } catch (error) {
        if (hasEnded) return;
        end();
        controller.error(error);
      }
    },
    async cancel(reason) {
      end();
      await reader.cancel(reason);
    },
  });
}
