/** Batches: many imports with one policy. */
import type { BatchItemView, BatchState, BatchView, ItemState } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { type BatchSummary, readBatch, readBatchPage, readItemPage } from './answers.js';
import { allPages, retrying, withQuery } from './paging.js';
import type { ImportRequestInput } from './request.js';
import type { Transport } from './transport.js';

export interface BatchInput {
  /** The same name and items return the same batch. */
  readonly name?: string;
  readonly policy?: Partial<BatchPolicy>;
  /** Fields for every item that does not set them. */
  readonly defaults?: Readonly<Record<string, unknown>>;
  readonly items: readonly (ImportRequestInput | Readonly<Record<string, unknown>>)[];
}

export interface BatchCreateOptions {
  /** The same key and items return the same batch. */
  readonly idempotencyKey?: string;
  /** Start the valid items even if others are invalid. Default false: one invalid item rejects the whole batch. */
  readonly skipInvalid?: boolean;
}

export interface BatchClient {
  readonly create: (batch: BatchInput, options?: BatchCreateOptions) => Promise<BatchView>;
  readonly get: (id: string) => Promise<BatchView>;
  /** Newest first; fetches pages as needed. */
  readonly list: (filter?: { readonly state?: BatchState }) => AsyncGenerator<BatchSummary, void, undefined>;
  readonly items: (
    id: string,
    filter?: { readonly state?: ItemState },
  ) => AsyncGenerator<BatchItemView, void, undefined>;
  /** Starts no new imports; running ones continue. */
  readonly pause: (id: string) => Promise<BatchView>;
  /** Without `cause`: resumes the batch. With `cause`: resumes its imports that stopped with this code, or `all` of them. */
  readonly resume: (
    id: string,
    options?: { readonly cause?: string; readonly set?: Readonly<Record<string, unknown>> },
  ) => Promise<BatchView>;
  /** `running: 'finish'` lets imports that have started finish. Default `cancel`. */
  readonly cancel: (id: string, options?: { readonly running?: 'cancel' | 'finish' }) => Promise<BatchView>;
  /** Starts a new attempt of every failed item; with `cancelled`, also of every cancelled item. */
  readonly retry: (id: string, options?: { readonly cancelled?: boolean }) => Promise<BatchView>;
  readonly changePolicy: (id: string, change: Partial<BatchPolicy>) => Promise<BatchView>;
  /** Markdown, JSON or CSV with every item. Default `markdown`. */
  readonly report: (id: string, format?: 'markdown' | 'json' | 'csv') => Promise<string>;
}

/** The API validates all items, possibly tens of thousands, before it responds. */
const CREATED_WITHIN_MS = 30 * 60_000;
const REPORT_WITHIN_MS = 10 * 60_000;

export function createBatchClient(transport: Transport): BatchClient {
  const steer = async (id: string, action: string, body: unknown) =>
    readBatch((await transport.call({ method: 'POST', path: batchPath(id, action), body })).text);
  return {
    async create(batch, { idempotencyKey, skipInvalid = false } = {}) {
      const { text } = await transport.call({
        method: 'POST',
        path: withQuery('/v1/batches', skipInvalid ? { skipInvalid: 'true' } : {}),
        body: batch,
        answerWithinMs: CREATED_WITHIN_MS,
        ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
      });
      return readBatch(text);
    },
    get: async (id) => readBatch((await transport.call(retrying(batchPath(id)))).text),
    list: (filter = {}) =>
      allPages(async (cursor) =>
        readBatchPage((await transport.call(retrying(withQuery('/v1/batches', { ...filter, cursor })))).text),
      ),
    items: (id, filter = {}) =>
      allPages(async (cursor) =>
        readItemPage((await transport.call(retrying(withQuery(batchPath(id, '/items'), { ...filter, cursor })))).text),
      ),
    pause: (id) => steer(id, '/pause', {}),
    resume: (id, options = {}) => steer(id, '/resume', options),
    cancel: (id, options = {}) => steer(id, '/cancel', options),
    retry: (id, options = {}) => steer(id, '/retry', options),
    changePolicy: (id, change) => steer(id, '/policy', change),
    async report(id, format = 'markdown') {
      const path = withQuery(batchPath(id, '/report'), { format });
      return (await transport.call({ ...retrying(path), answerWithinMs: REPORT_WITHIN_MS })).text;
    },
  };
}

function batchPath(id: string, rest = ''): string {
  return `/v1/batches/${encodeURIComponent(id)}${rest}`;
}
