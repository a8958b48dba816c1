/** A Temporal server that runs nothing: it takes messages for the workflows that are said to run, and keeps them. */
import type { CancelSignal, ImportOutcome, ResumeSignal } from '../../../domain/process-names.js';
import type { TemporalServer } from '../../../domain/temporal-server.js';
import type { Delivery, ImportWorkflows, WorkflowStart, WorkflowStatus } from '../../../imports/ports.js';

export type Message =
  | { readonly kind: 'start'; readonly importId: string }
  | { readonly kind: 'cancel'; readonly importId: string; readonly signal: CancelSignal }
  | { readonly kind: 'resume'; readonly importId: string; readonly signal: ResumeSignal }
  | {
      readonly kind: 'startCancelled';
      readonly importId: string;
      readonly start: WorkflowStart;
      readonly after: 'nothing' | 'broken';
      readonly delayMs: number;
    };

export const HERE: TemporalServer = { namespace: 'default', namespaceId: 'namespace-1', clusterId: 'cluster-1' };

export type FakeWorkflows = ReturnType<typeof createFakeWorkflows>;

export function createFakeWorkflows() {
  const statuses = new Map<string, WorkflowStatus>();
  const sent: Message[] = [];
  const server = {
    sent,
    /** While true, no message arrives. */
    away: false,
    /** How often late checks were started. */
    lateChecks: 0,
    /** Null: it does not answer. */
    identity: HERE as TemporalServer | null,
    outcomes: new Map<string, ImportOutcome>(),
    /** Runs before a message is delivered, for what happens at that moment. */
    before: async (_message: Message): Promise<void> => undefined,
    hasWorkflow: (importId: string, status: WorkflowStatus) => void statuses.set(importId, status),
    to: (importId: string) => sent.filter((message) => message.importId === importId),
  };

  async function deliver(message: Message, needsRunning: boolean): Promise<Delivery> {
    await server.before(message);
    if (server.away) return { kind: 'unreachable', reason: '14 UNAVAILABLE: No connection established' };
    const status = statuses.get(message.importId)?.kind ?? 'unknown';
    if (needsRunning && status !== 'running') return { kind: 'notRunning' };
    if (status === 'completed') return { kind: 'notRunning' };
    statuses.set(message.importId, { kind: 'running' });
    sent.push(message);
    return { kind: 'delivered' };
  }

  const workflows: ImportWorkflows = {
    namespace: 'default',
    activitiesEndWithinMs: 20_000,
    server: { now: async () => server.identity, lately: async () => server.identity },
    outcome: async (importId) => server.outcomes.get(importId) ?? null,
    start: ({ importId }) => deliver({ kind: 'start', importId }, false),
    cancel: (importId, signal) => deliver({ kind: 'cancel', importId, signal }, true),
    resume: (importId, signal) => deliver({ kind: 'resume', importId, signal }, true),
    startCancelled: (start, _signal, after, delayMs) =>
      deliver({ kind: 'startCancelled', importId: start.importId, start, after, delayMs }, false),
    startLateChecks: async () => {
      server.lateChecks += 1;
      return server.away ? { kind: 'unreachable', reason: 'away' } : { kind: 'delivered' };
    },
    status: async (importId) =>
      server.away ? { kind: 'unreachable', reason: 'away' } : (statuses.get(importId) ?? { kind: 'unknown' }),
  };
  return { server, workflows };
}
