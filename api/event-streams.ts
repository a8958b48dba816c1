/** Limits of event streams: how many an identity may have open in this process, and how slowly they may be read. */
import { ServerResponse } from 'node:http';
import type { Context } from 'hono';
import type { StreamingApi } from 'hono/utils/stream';
import { problem } from './problems.js';

export interface StreamLimits {
  /** Of one identity, in one process of the API. */
  readonly perIdentity: number;
  /** How long a reader may leave an event unread; ms. */
  readonly readWithinMs: number;
  /** After this time, what a slow reader has still not read is discarded with its connection; ms. */
  readonly drainedWithinMs: number;
}

const LIMITS: StreamLimits = { perIdentity: 1_000, readWithinMs: 30_000, drainedWithinMs: 10_000 };

const RETRY_AFTER_S = 5;
const CLOSED = ': closed, because events were not read in time; connect again with Last-Event-ID\n\n';

export function createStreamLimit({ perIdentity, readWithinMs, drainedWithinMs }: StreamLimits = LIMITS) {
  const open = new Map<string, number>();
  return {
    /** Throws a problem if the identity has too many. Call the returned function once, when the stream has ended. */
    enter(identity: string): () => void {
      const count = open.get(identity) ?? 0;
      if (count >= perIdentity) {
        throw problem(
          'tooManyStreams',
          `${identity} has ${count} open event streams`,
          'Close streams that are no longer read. To follow many imports, poll GET /v1/imports?sort=-updated instead.',
          { retryAfterSeconds: RETRY_AFTER_S },
        );
      }
      open.set(identity, count + 1);
      return () => {
        const left = (open.get(identity) ?? 1) - 1;
        if (left === 0) open.delete(identity);
        else open.set(identity, left);
      };
    },

    /** @returns false if the reader has not read it in time */
    async inTime(write: Promise<unknown>): Promise<boolean> {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), readWithinMs);
      });
      try {
        return await Promise.race([write.then(() => true), late]);
      } finally {
        clearTimeout(timer);
      }
    },

    /** Ends the stream after what was written. The connection is closed if the reader does not even read that. */
    closeSlow(context: Context, stream: StreamingApi): void {
      void stream.write(CLOSED);
      void stream.close();
      const { outgoing } = context.env ?? {};
      if (!(outgoing instanceof ServerResponse)) return;
      const timer = setTimeout(() => outgoing.destroy(), drainedWithinMs);
      outgoing.once('close', () => clearTimeout(timer));
    },
  };
}
