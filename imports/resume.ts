/**
 * Resumes imports in attention. A resume first claims the stop in the record, so that only one of several succeeds;
 * then it signals the workflow. The sweep repeats signals that were claimed but not delivered.
 */

import { isWithin, type Limits } from '../domain/access/may.js';
import { type Named, namedBy } from '../domain/access/named.js';
import { type FinalState, isFinal, type State } from '../domain/import.js';
import { isLostImport } from '../domain/lost-workflow.js';
import { amendedRequest } from '../domain/request/amend.js';
import type { RequestProblem } from '../domain/request/request.js';
import { sealedRequest } from '../domain/request/source-secrets.js';
import type { ResumeClaim } from '../store/decisions.js';
import { PAYLOAD_KEY_MISSING } from '../store/payload-keys.js';
import { WORKER_MISSING } from '../store/worker-waits.js';
import { isFoundAgain } from './check-workflows.js';
import type { ImportDependencies } from './ports.js';
import { unknownCode } from './unknown-code.js';

export type ResumeOutcome =
  | StopOutcome
  | { readonly kind: 'unknownImport' }
  /** A field in `set` cannot be changed in this phase, or the amended request is invalid. */
  | { readonly kind: 'notAmendable'; readonly refused: string | null; readonly problems: readonly RequestProblem[] }
  /** The amended request names what is outside the scope of the caller. */
  | { readonly kind: 'outsideScope'; readonly problems: readonly RequestProblem[] };

export interface ResumeSettings {
  /** Additional fields of the event `resume requested`. */
  readonly note?: Readonly<Record<string, unknown>>;
  /** What of an amended request is outside the scope of the caller. Default: nothing. */
  readonly outsideScope?: (named: Named) => readonly RequestProblem[];
}

/** The result of resuming one stop. */
export type StopOutcome =
  /** `delivered` is false if Temporal could not be reached: the sweep repeats the signal. */
  | { readonly kind: 'resumed'; readonly delivered: boolean }
  /** The import is not in attention, or another resume came first. */
  | { readonly kind: 'notWaiting'; readonly state: State }
  | { readonly kind: 'ended'; readonly state: FinalState }
  /** The import still waits, because its workflow does not run. */
  | { readonly kind: 'workflowGone'; readonly namespace: string };

export async function resumeImport(
  deps: ImportDependencies,
  importId: string,
  set: Readonly<Record<string, unknown>>,
  settings: ResumeSettings = {},
): Promise<ResumeOutcome> {
  const found = await deps.store.get(importId);
  if (found === null) return { kind: 'unknownImport' };
  const { attentionVersion, attention, state } = found;
  if (state === 'attention' && attentionVersion === null && attention?.code === WORKER_MISSING) {
    return await waitAgain(deps, importId, set);
  }
  if (state === 'attention' && attention !== null && isLostImport(attention)) {
    // The workflow may run again: an operator has corrected the address.
    if (await isFoundAgain(deps, importId)) return resumeImport(deps, importId, set, settings);
    return { kind: 'workflowGone', namespace: deps.workflows.namespace };
  }
  if (state === 'attention' && attention?.code === PAYLOAD_KEY_MISSING) {
    return { kind: 'notAmendable', refused: 'the import continues by itself when the key is there', problems: [] };
  }
  if (state !== 'attention' || attentionVersion === null) return { kind: 'notWaiting', state };
  const amended = amendedRequest(found, set);
  if (!amended.ok) return { kind: 'notAmendable', refused: amended.refused, problems: amended.problems };
  const problems = amended.request === null ? [] : (settings.outsideScope?.(namedBy(amended.request)) ?? []);
  if (problems.length > 0) return { kind: 'outsideScope', problems };
  const stored = found.request.disks.map(({ source }) => source);
  const request = amended.request === null ? null : sealedRequest(amended.request, deps.sealSource, stored);
  const claim = { importId, attentionVersion, request };
  const changed = Object.keys(set);
  const what = { code: attention?.code ?? null, ...(changed.length === 0 ? {} : { changed }) };
  return resumeStop(deps, claim, { ...what, ...settings.note });
}

/** The workflow does not know of a stop for a missing worker: nothing is signalled, and no field can be changed. */
async function waitAgain(
  { store }: ImportDependencies,
  importId: string,
  set: Readonly<Record<string, unknown>>,
): Promise<ResumeOutcome> {
  if (Object.keys(set).length > 0) {
    return {
      kind: 'notAmendable',
      refused: 'no field can be changed while the import waits for a worker',
      problems: [],
    };
  }
  const [waits] = await store.waitForWorkerAgain(importId);
  if (waits !== undefined) return { kind: 'resumed', delivered: true };
  const state = (await store.progressOf(importId))?.state ?? 'running';
  return isFinal(state) ? { kind: 'ended', state } : { kind: 'notWaiting', state };
}

export type CauseOutcome =
  | {
      readonly kind: 'resumed';
      readonly resumed: readonly string[];
      readonly notResumed: readonly { readonly id: string; readonly reason: string }[];
    }
  /** No import waits for this code, and the code does not exist. */
  | { readonly kind: 'unknownCode'; readonly nearest: string | null };

/** The limit per call; further imports require another call. */
const MAX_PER_CALL = 10_000;
const CONCURRENT = 20;

/**
 * Resumes all imports that wait for the same cause. An import that cannot be resumed does not affect the others.
 * @param limits only imports within them
 */
export async function resumeCause(
  deps: ImportDependencies,
  code: string,
  note: Readonly<Record<string, unknown>> = {},
  limits?: Limits,
): Promise<CauseOutcome> {
  if (code === WORKER_MISSING) {
    return { kind: 'resumed', resumed: await waitForWorkerAgain(deps, limits), notResumed: [] };
  }
  const waiting = (await deps.store.waitingFor(code, MAX_PER_CALL)).filter(
    ({ request }) => limits === undefined || isWithin(limits, namedBy(request)),
  );
  const unknown = waiting.length === 0 ? unknownCode(code) : null;
  if (unknown !== null) return { kind: 'unknownCode', ...unknown };
  const reasons = new Map<string, string>();
  const queue = [...waiting].reverse();
  let unreachable = false;
  const work = async () => {
    for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
      if (unreachable) {
        reasons.set(next.id, 'Temporal cannot be reached');
        continue;
      }
      const claim = { importId: next.id, attentionVersion: next.attentionVersion, request: null };
      const outcome = await resumeStop(deps, claim, { code, all: true, ...note }).catch(String);
      if (typeof outcome !== 'string' && outcome.kind === 'resumed') unreachable ||= !outcome.delivered;
      else reasons.set(next.id, typeof outcome === 'string' ? outcome : reasonOf(outcome));
    }
  };
  await Promise.all(Array.from({ length: CONCURRENT }, work));
  return {
    kind: 'resumed',
    resumed: waiting.map(({ id }) => id).filter((id) => !reasons.has(id)),
    notResumed: waiting.flatMap(({ id }) => {
      const reason = reasons.get(id);
      return reason === undefined ? [] : [{ id, reason }];
    }),
  };
}

async function waitForWorkerAgain({ store }: ImportDependencies, limits?: Limits): Promise<readonly string[]> {
  if (limits === undefined) return await store.waitForWorkerAgain(null);
  const resumed: string[] = [];
  for await (const { id, request } of store.stoppedImports(WORKER_MISSING)) {
    if (isWithin(limits, namedBy(request))) resumed.push(...(await store.waitForWorkerAgain(id)));
  }
  return resumed;
}

/** Repeats the signals of unconfirmed claims: the process died, or Temporal could not be reached. */
export async function deliverClaims(deps: ImportDependencies, olderThanMs: number, limit: number): Promise<void> {
  for (const claim of await deps.store.resumesToDeliver(olderThanMs, limit)) {
    const outcome = await deliver(deps, claim);
    if (outcome.kind === 'resumed' && !outcome.delivered) return;
  }
}

async function resumeStop(
  deps: ImportDependencies,
  claim: ResumeClaim,
  note: Readonly<Record<string, unknown>>,
): Promise<StopOutcome> {
  if (await deps.store.claimResume(claim, note)) return deliver(deps, claim);
  const now = await deps.store.progressOf(claim.importId);
  const state = now?.state ?? 'running';
  return isFinal(state) ? { kind: 'ended', state } : { kind: 'notWaiting', state };
}

/** Safe to repeat: the workflow ignores a resume that it has already received. */
async function deliver(deps: ImportDependencies, claim: ResumeClaim): Promise<StopOutcome> {
  const { store, workflows } = deps;
  const { importId, attentionVersion, request } = claim;
  const delivery = await workflows.resume(importId, { attentionVersion, request });
  if (delivery.kind === 'unreachable') return { kind: 'resumed', delivered: false };
  if (delivery.kind === 'notRunning' && (await store.releaseResume(claim))) {
    return { kind: 'workflowGone', namespace: workflows.namespace };
  }
  await store.settleResume(claim);
  if (delivery.kind === 'delivered') return { kind: 'resumed', delivered: true };
  const state = (await store.progressOf(importId))?.state ?? 'running';
  return isFinal(state) ? { kind: 'ended', state } : { kind: 'notWaiting', state };
}

function reasonOf(outcome: Exclude<StopOutcome, { readonly kind: 'resumed' }>): string {
  switch (outcome.kind) {
    case 'notWaiting':
      return `it is in state ${outcome.state}: another resume came first`;
    case 'ended':
      return `it has ended as ${outcome.state}`;
    case 'workflowGone':
      return `its workflow does not run in namespace ${outcome.namespace}`;
  }
}
