/** The client of the HTTP API: starts, watches and controls imports. */
import { randomUUID } from 'node:crypto';
import type { ImportEvent, ImportView, State } from '../domain/import.js';
import type { RequestProblem } from '../domain/request/request.js';
import type { Inspection } from '../images/inspection.js';
import { readImport, readImportPage, readInspection, readResumed } from './answers.js';
import { type BatchClient, createBatchClient } from './batches.js';
import { allPages, retrying, withQuery } from './paging.js';
import type { ImportRequestInput } from './request.js';
import { createTransport, type TransportOptions } from './transport.js';
import { importPath, type WatchOptions, watchImport } from './watch.js';

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

export interface ListFilter {
  readonly state?: State;
  /** Only imports of this batch. */
  readonly batch?: string;
  /** Only imports of this account. */
  readonly account?: string;
}

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
  const watch = (id: string, watchOptions?: WatchOptions) => watchImport(transport, id, watchOptions);
  return {
    async start(request, { idempotencyKey = randomUUID() } = {}) {
      const { text } = await transport.call({
        method: 'POST',
        path: '/v1/imports',
        body: request,
        headers: { 'idempotency-key': idempotencyKey },
        retryForMs: START_RETRY_FOR_MS,
      });
      return readImport(text);
    },
    get: async (id) => readImport((await transport.call(retrying(importPath(id)))).text),
    list: (filter = {}) =>
      allPages(async (cursor) =>
        readImportPage((await transport.call(retrying(withQuery('/v1/imports', { ...filter, cursor })))).text),
      ),
    async cancel(id, { keepImage = false } = {}) {
      const call = { method: 'POST', path: importPath(id, '/cancel'), body: { keepImage } } as const;
      return readImport((await transport.call(call)).text);
    },
    async resume(id, { set = {} } = {}) {
      const call = { method: 'POST', path: importPath(id, '/resume'), body: { set } } as const;
      return readImport((await transport.call(call)).text);
    },
    async resumeAll(code) {
      return readResumed((await transport.call({ method: 'POST', path: '/v1/imports/resume', body: { code } })).text);
    },
    watch,
    async waitFor(id, watchOptions) {
      const events = watch(id, watchOptions);
      for (;;) {
        const next = await events.next();
        if (next.done === true) return next.value;
      }
    },
    async report(id) {
      const call = { ...retrying(importPath(id, '/report')), headers: { accept: 'text/markdown' } };
      return (await transport.call(call)).text;
    },
    async inspect(image) {
      const call = { method: 'POST', path: '/v1/inspections', body: image } as const;
      return readInspection((await transport.call({ ...call, answerWithinMs: INSPECTED_WITHIN_MS })).text);
    },
    batches: createBatchClient(transport),
  };
}
