/**
 * Starts an import. The record is written before the workflow is started. If a process dies in between, the sweep starts the
 * workflow; the workflow ID is derived from the import ID, so it starts only once.
 */
import { createHash, randomBytes } from 'node:crypto';
import { newImportId } from '../domain/ids.js';
import type { Requester } from '../domain/import-facts.js';
import { isRecord } from '../domain/json-value.js';
import { accountProblem } from '../domain/request/known-account.js';
import type { ImportRequest, RequestProblem } from '../domain/request/request.js';
import { sealedRequest } from '../domain/request/source-secrets.js';
import { searchOfRequest, summaryOf } from '../domain/search-attributes.js';
import type { ImportToStart } from '../store/imports.js';
import { queueOf } from './file-queue.js';
import type { Delivery, ImportDependencies, ShownWorkflow } from './ports.js';

export interface StartDependencies extends ImportDependencies {
  /** The host whose worker reads sources without a host. */
  readonly workerHost: string;
  /** The accounts that requests may name. Default: none. */
  readonly accounts?: readonly string[];
}

export interface NewImportOrder {
  readonly request: ImportRequest;
  /** The request as received; the same key with another request is rejected. */
  readonly given: unknown;
  readonly idempotencyKey: string | null;
  readonly by?: Requester;
  /** Sources of `request` that are encrypted already: those of the import that is retried. */
  readonly sealed?: readonly string[];
}

export type StartOutcome =
  /** `isNew` is false if the same key and request created the import before. */
  | { readonly kind: 'accepted'; readonly importId: string; readonly isNew: boolean }
  | { readonly kind: 'keyReused'; readonly importId: string }
  | { readonly kind: 'severalHosts'; readonly reason: string }
  | { readonly kind: 'unknownAccount'; readonly problem: RequestProblem };

export async function startImport(deps: StartDependencies, order: NewImportOrder): Promise<StartOutcome> {
  const unknown = accountProblem(order.request.account, deps.accounts);
  if (unknown !== null) return { kind: 'unknownAccount', problem: unknown };
  const queue = queueOf(order.request, deps.workerHost);
  if (!queue.ok) return { kind: 'severalHosts', reason: queue.reason };
  const id = newImportId(deps.clock.now(), randomBytes(10));
  const request = sealedRequest(order.request, deps.sealSource, order.sealed);
  const by = order.by === undefined ? {} : { by: order.by };
  const accepted: ImportToStart = { id, request, fileQueue: queue.fileQueue, ...by };
  const inserted = await deps.store.insert({
    ...accepted,
    idempotencyKey: order.idempotencyKey,
    requestDigest: digestOf(order.given),
  });
  if (inserted.kind === 'conflict') return { kind: 'keyReused', importId: inserted.importId };
  const isNew = inserted.kind === 'created';
  if (isNew) await startWorkflow(deps, accepted);
  return { kind: 'accepted', importId: inserted.importId, isNew };
}

/** If Temporal cannot be reached, the sweep starts the workflow later. */
export async function startWorkflow(deps: ImportDependencies, accepted: ImportToStart): Promise<Delivery> {
  const { id, request, fileQueue, by } = accepted;
  const delivery = await deps.workflows.start({ importId: id, request, fileQueue }, shownOf(request, by));
  if (delivery.kind === 'delivered') await deps.store.markStarted(id, await deps.workflows.server.lately());
  return delivery;
}

export function shownOf(request: ImportRequest, by?: Requester): ShownWorkflow {
  const { imageName, region, upload, disks } = request;
  return {
    search: searchOfRequest(request, by),
    summary: summaryOf(`${imageName} → ${region}`),
    details: `Image \`${imageName}\` in ${region}, from ${disks.length} ${disks.length === 1 ? 'disk' : 'disks'}, by bucket \`${upload.bucket}\``,
  };
}

/** Independent of the order of the fields. */
function digestOf(body: unknown): string {
  return createHash('sha256').update(canonical(body)).digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (isRecord(value)) {
    const fields = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${fields.join(',')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}
