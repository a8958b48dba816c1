/** Batches: many imports with one policy. */
import type { BatchItemView, BatchState, BatchView, ItemState } from '../domain/batch/batch.js';
import type { BatchPolicy } from '../domain/batch/policy.js';
import { type BatchSummary, readBatch, readBatchPage, readItemPage } from './answers.js';
import { allPages, RETRYING } from './paging.js';
import type { ImportRequestInput } from './request.js';
import { TEXT, type Transport, textOf } from './transport.js';

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

export function createBatchClient({ typed: api, call }: Pick<Transport, 'typed' | 'call'>): BatchClient {
  const of = (id: string) => ({ params: { path: { id } }, ...TEXT });
  return {
    async create(batch, { idempotencyKey, skipInvalid = false } = {}) {
      // Items may be of any shape: `defaults` completes them, and the API checks each.
      const { text } = await call({
        method: 'POST',
        path: `/v1/batches${skipInvalid ? '?skipInvalid=true' : ''}`,
        body: batch,
        answerWithinMs: CREATED_WITHIN_MS,
        ...(idempotencyKey === undefined ? {} : { headers: { 'idempotency-key': idempotencyKey } }),
      });
      return readBatch(text);
    },
    get: async (id) => readBatch(await textOf(api(RETRYING).GET('/v1/batches/{id}', of(id)))),
    list: (filter = {}) =>
      allPages(async (cursor) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        return readBatchPage(await textOf(api(RETRYING).GET('/v1/batches', { params: { query }, ...TEXT })));
      }),
    items: (id, filter = {}) =>
      allPages(async (cursor) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor: Number(cursor) }) };
        const call = api(RETRYING).GET('/v1/batches/{id}/items', { params: { path: { id }, query }, ...TEXT });
        return readItemPage(await textOf(call));
      }),
    pause: async (id) => readBatch(await textOf(api().POST('/v1/batches/{id}/pause', { ...of(id), body: {} }))),
    resume: async (id, options = {}) =>
      readBatch(await textOf(api().POST('/v1/batches/{id}/resume', { ...of(id), body: options }))),
    cancel: async (id, options = {}) =>
      readBatch(await textOf(api().POST('/v1/batches/{id}/cancel', { ...of(id), body: options }))),
    retry: async (id, options = {}) =>
      readBatch(await textOf(api().POST('/v1/batches/{id}/retry', { ...of(id), body: options }))),
    changePolicy: async (id, change) =>
      readBatch(await textOf(api().POST('/v1/batches/{id}/policy', { ...of(id), body: change }))),
    report: (id, format = 'markdown') =>
      textOf(
        api({ ...RETRYING, answerWithinMs: REPORT_WITHIN_MS }).GET('/v1/batches/{id}/report', {
          params: { path: { id }, query: { format } },
          ...TEXT,
        }),
      ),
  };
}
