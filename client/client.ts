/** The client of the HTTP API: starts, watches and controls imports. */
import { randomUUID } from 'node:crypto';
import type { ImportEvent, ImportView } from '../domain/import.js';
import type { RequestProblem } from '../domain/request/request.js';
import type { Inspection } from '../images/inspection.js';
import { readImport, readImportPage, readInspection, readResumed } from './answers.js';
import type { operations } from './api-types.js';
import { type BatchClient, createBatchClient } from './batches.js';
import { allPages, RETRYING } from './paging.js';
import type { ImportRequestInput } from './request.js';
import { createTransport, TEXT, type TransportOptions, textOf } from './transport.js';
import { type WatchOptions, watchImport } from './watch.js';

export type ImportClientOptions = TransportOptions;

export interface StartOptions {
  /** The same key and request return the same import. Default: a new key, so that a lost response can be retried safely. */
  readonly idempotencyKey?: string;
}

/** A newly accepted import. */
export interface StartedImport extends ImportView {
  /** Valid but unusual fields of the request. */
  readonly warnings?: readonly RequestProblem[];
}

/** The query parameters of `GET /v1/imports`. An import must match all of them. */
export type ListFilter = Omit<
  NonNullable<operations['listImports']['parameters']['query']>,
  'cursor' | 'limit' | 'fields'
>;

/** Every method rejects with `ApiProblem`, `ApiUnreachableError` or `UnexpectedAnswerError`. */
export interface ImportClient {
  readonly start: (request: ImportRequestInput, options?: StartOptions) => Promise<StartedImport>;
  readonly get: (id: string) => Promise<ImportView>;
  /** Newest first; fetches pages as needed. */
  readonly list: (filter?: ListFilter) => AsyncGenerator<ImportView, void, undefined>;
  /** Stops the import and deletes what it created; `keepImage` keeps an image that is already complete. */
  readonly cancel: (id: string, options?: { readonly keepImage?: boolean }) => Promise<ImportView>;
  /** Resumes an import in `attention`. `set` changes fields of its request first: `{ imageName: 'web-02' }`. */
  readonly resume: (id: string, options?: { readonly set?: Readonly<Record<string, unknown>> }) => Promise<ImportView>;
  /** Resumes every import that stopped with this code. Returns their ids. */
  readonly resumeAll: (code: string) => Promise<readonly string[]>;
  /** Yields events; returns the import when it is final or waits in `attention`. */
  readonly watch: (id: string, options?: WatchOptions) => AsyncGenerator<ImportEvent, ImportView, undefined>;
  /** As `watch`, without the events. */
  readonly waitFor: (id: string, options?: WatchOptions) => Promise<ImportView>;
  /** The report of the import as Markdown. */
  readonly report: (id: string) => Promise<string>;
  /** Inspects an image on a worker's disk: whether it can boot on ECS, and why not. */
  readonly inspect: (image: {
    /** `file:///path`, or `file://HOST/path` for the worker of that host. */
    readonly source: string;
    readonly role?: 'system' | 'data';
  }) => Promise<Inspection>;
  readonly batches: BatchClient;
}

const START_RETRY_FOR_MS = 12_000;
/** The inspection of a large guest on a slow disk takes minutes. */
const INSPECTED_WITHIN_MS = 5 * 60_000;

export function createImportClient(options: ImportClientOptions): ImportClient {
  const transport = createTransport(options);
  const api = transport.typed;
  const watch = (id: string, watchOptions?: WatchOptions) => watchImport(transport, id, watchOptions);
  return {
    async start(request, { idempotencyKey = randomUUID() } = {}) {
      const params = { header: { 'Idempotency-Key': idempotencyKey } };
      return readImport(
        await textOf(api({ retryForMs: START_RETRY_FOR_MS }).POST('/v1/imports', { params, body: request, ...TEXT })),
      );
    },
    get: async (id) =>
      readImport(await textOf(api(RETRYING).GET('/v1/imports/{id}', { params: { path: { id } }, ...TEXT }))),
    list: (filter = {}) =>
      allPages(async (cursor) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        return readImportPage(await textOf(api(RETRYING).GET('/v1/imports', { params: { query }, ...TEXT })));
      }),
    async cancel(id, { keepImage = false } = {}) {
      const params = { path: { id } };
      return readImport(await textOf(api().POST('/v1/imports/{id}/cancel', { params, body: { keepImage }, ...TEXT })));
    },
    async resume(id, { set = {} } = {}) {
      const params = { path: { id } };
      return readImport(await textOf(api().POST('/v1/imports/{id}/resume', { params, body: { set }, ...TEXT })));
    },
    async resumeAll(code) {
      return readResumed(await textOf(api().POST('/v1/imports/resume', { body: { code }, ...TEXT })));
    },
    watch,
    async waitFor(id, watchOptions) {
      const events = watch(id, watchOptions);
      for (;;) {
        const next = await events.next();
        if (next.done === true) return next.value;
      }
    },
    report: (id) =>
      textOf(
        api(RETRYING).GET('/v1/imports/{id}/report', {
          params: { path: { id } },
          headers: { accept: 'text/markdown' },
          ...TEXT,
        }),
      ),
    async inspect(image) {
      const call = api({ answerWithinMs: INSPECTED_WITHIN_MS }).POST('/v1/inspections', { body: image, ...TEXT });
      return readInspection(await textOf(call));
    },
    batches: createBatchClient(transport),
  };
}
