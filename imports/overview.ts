/** The state of the service, or of the part of it that a caller may see. */
import { isWithin, type Limits } from '../domain/access/may.js';
import { namedBy } from '../domain/access/named.js';
import type { Phase, State } from '../domain/import.js';
import {
  type BudgetHealth,
  type EndedSummary,
  everyHour,
  type HourTotals,
  type OpenSummary,
  type QueueHealth,
  type RunningPhase,
} from '../domain/overview.js';
import { hostOfQueue } from '../domain/worker-wait.js';
import type { OverviewStore } from '../store/overview.js';
import type { WaitingCause } from '../store/waiting.js';
import type { Clock } from './ports.js';
import { createSharedReads } from './shared-reads.js';
import { repeat, type SweepLog } from './sweep.js';

export interface Overview {
  readonly at: string;
  readonly states: Readonly<Partial<Record<State, number>>>;
  readonly causes: readonly WaitingCause[];
  readonly running: {
    readonly imports: number;
    readonly waiting: number;
    readonly stalled: number;
    readonly bytesPerSecond: number;
    readonly phases: readonly RunningPhase[];
  };
  /** One entry an hour, the current one last. */
  readonly hours: readonly HourTotals[];
  readonly isComplete: boolean;
  readonly queues: readonly QueueHealth[];
  /** Only for identities without a scope. */
  readonly budgets: readonly BudgetHealth[];
}

interface OverviewDependencies {
  readonly overview: OverviewStore;
  readonly waitingCauses: (limits?: Limits) => Promise<readonly WaitingCause[]>;
  readonly namespace: string;
  readonly clock: Clock;
}

const HOUR_MS = 3_600_000;
const SUM_EVERY_MS = 60_000;

export type OverviewReading = ReturnType<typeof overviewReading>;

export function overviewReading(deps: OverviewDependencies) {
  const shared = createSharedReads<Overview>();
  return {
    /** @param limits only imports within them */
    read: (hours: number, limits?: Limits): Promise<Overview> =>
      shared(JSON.stringify([hours, limits]), () => overviewOf(deps, hours, limits)),
  };
}

/** Keeps the sums of hours short, until the returned function is called. */
export function keepSummingHours(overview: OverviewStore, log: SweepLog): () => void {
  return repeat(SUM_EVERY_MS, () =>
    overview.sumHours().catch((error: unknown) => log.warn({ error: String(error) }, 'sum of hours failed')),
  );
}

async function overviewOf(deps: OverviewDependencies, hours: number, limits?: Limits): Promise<Overview> {
  const { overview, namespace, clock, waitingCauses } = deps;
  const nowMs = clock.now();
  const since = new Date(nowMs - (hours - 1) * HOUR_MS).toISOString();
  const [open, causes, ended, queues, budgets] = await Promise.all([
    limits === undefined ? overview.openSummary() : openWithin(overview, limits),
    waitingCauses(limits),
    limits === undefined ? wholeService(overview, since) : endedWithin(overview, since, limits),
    overview.queues(namespace),
    limits === undefined ? overview.budgets() : [],
  ]);
  const { states, phases, waiting } = open;
  const sum = (of: (phase: RunningPhase) => number) => phases.reduce((total, phase) => total + of(phase), 0);
  return {
    at: new Date(nowMs).toISOString(),
    states,
    causes,
    running: {
      imports: sum((phase) => phase.imports),
      waiting: sum((phase) => phase.waiting),
      stalled: sum((phase) => phase.stalled),
      bytesPerSecond: sum((phase) => phase.bytesPerSecond),
      phases,
    },
    hours: everyHour(ended.hours, hours, nowMs),
    isComplete: ended.isComplete,
    queues: withWaits(queues, waiting),
    budgets,
  };
}

async function wholeService(overview: OverviewStore, since: string): Promise<EndedSummary> {
  return { hours: await overview.hourTotals(since), isComplete: true };
}

async function openWithin(overview: OverviewStore, limits: Limits): Promise<OpenSummary> {
  const states: Partial<Record<State, number>> = {};
  const phases = new Map<Phase, RunningPhase>();
  const waiting: Record<string, number> = {};
  for await (const one of overview.openImports()) {
    if (!isWithin(limits, namedBy(one.request))) continue;
    const { state, phase, queue, progress } = one;
    states[state] = (states[state] ?? 0) + 1;
    if (queue !== null) waiting[queue] = (waiting[queue] ?? 0) + 1;
    if (state !== 'running') continue;
    const known = phases.get(phase) ?? { phase, imports: 0, waiting: 0, stalled: 0, bytesPerSecond: 0 };
    phases.set(phase, {
      phase,
      imports: known.imports + 1,
      waiting: known.waiting + Number(one.isWaiting),
      stalled: known.stalled + Number(one.isStalled),
      bytesPerSecond: known.bytesPerSecond + (progress.bytesPerSecond ?? 0),
    });
  }
  return { states, phases: [...phases.values()], waiting };
}

async function endedWithin(overview: OverviewStore, since: string, limits: Limits): Promise<EndedSummary> {
  const { found, isComplete } = await overview.endedImports(since);
  const hours = new Map<string, HourTotals>();
  for (const { hour, state, request, bytes } of found) {
    if (!isWithin(limits, namedBy(request))) continue;
    const known = hours.get(hour) ?? { hour, succeeded: 0, failed: 0, cancelled: 0, bytes: 0 };
    hours.set(hour, { ...known, [state]: known[state] + 1, bytes: known.bytes + bytes });
  }
  return { hours: [...hours.values()], isComplete };
}

/** A queue that no worker has polled within a day is listed only if imports wait for it. */
function withWaits(
  polled: readonly Omit<QueueHealth, 'waiting'>[],
  waiting: OpenSummary['waiting'],
): readonly QueueHealth[] {
  const known = new Set(polled.map(({ queue }) => queue));
  const others = Object.keys(waiting).filter((queue) => !known.has(queue));
  return [...polled, ...others.map((queue) => ({ queue, host: hostOfQueue(queue), workers: 0, seenAt: null }))].map(
    (one) => ({ ...one, waiting: waiting[one.queue] ?? 0 }),
  );
}
