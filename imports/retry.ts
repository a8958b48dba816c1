/** Starts a new import from the request of one that has ended, with changes. The earlier import stays as it is. */
import { type Named, namedBy } from '../domain/access/named.js';
import { isFinal, type State } from '../domain/import.js';
import type { Requester } from '../domain/import-facts.js';
import { changedRequest } from '../domain/request/amend.js';
import type { RequestProblem } from '../domain/request/request.js';
import { type StartDependencies, type StartOutcome, startImport } from './start.js';

export interface RetryOrder {
  readonly importId: string;
  /** Fields of the request to change first: path to value; null removes the field. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly idempotencyKey: string | null;
  readonly by?: Requester;
  /** What of the new request is outside the scope of the caller. Default: nothing. */
  readonly outsideScope?: (named: Named) => readonly RequestProblem[];
}

export type RetryOutcome =
  | (StartOutcome & { readonly warnings: readonly RequestProblem[] })
  | { readonly kind: 'unknownImport' }
  /** It may still succeed, and its image has the name that the new one needs. */
  | { readonly kind: 'notEnded'; readonly state: State }
  | { readonly kind: 'invalid'; readonly problems: readonly RequestProblem[] }
  | { readonly kind: 'outsideScope'; readonly problems: readonly RequestProblem[] };

export async function retryImport(deps: StartDependencies, order: RetryOrder): Promise<RetryOutcome> {
  const { importId, set, idempotencyKey, by } = order;
  const found = await deps.store.get(importId);
  if (found === null) return { kind: 'unknownImport' };
  if (!isFinal(found.state)) return { kind: 'notEnded', state: found.state };
  const changed = changedRequest(found.request, set);
  if (!changed.ok) return { kind: 'invalid', problems: changed.problems };
  const { request, warnings } = changed;
  const outside = order.outsideScope?.(namedBy(request)) ?? [];
  if (outside.length > 0) return { kind: 'outsideScope', problems: outside };
  const sealed = found.request.disks.map(({ source }) => source);
  const given = { retryOf: importId, set };
  const outcome = await startImport(deps, {
    ...{ request, given, idempotencyKey, sealed },
    ...(by === undefined ? {} : { by }),
  });
  if (outcome.kind === 'accepted' && outcome.isNew) {
    const note = { changed: Object.keys(set), ...(by === undefined ? {} : { by }) };
    await deps.store.note(outcome.importId, 'retry of another import', { retryOf: importId, ...note });
    await deps.store.note(importId, 'retried as another import', { retriedAs: outcome.importId, ...note });
  }
  return { ...outcome, warnings };
}
