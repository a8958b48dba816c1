/**
 * Freezes the worker during calls: many concurrent imports, each blocked at its own call, and one SIGSTOP for all of them.
 * Another worker takes over, the imports end, the first worker wakes. The verdict comes after the last late check.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { openPool } from '../../store/database.js';
import { type ExtraWorker, startExtraWorker } from '../support/e2e/extra-worker.js';
import type { Service } from '../support/e2e/service.js';
import type { FreezeCase } from './freeze-cases.js';
import { groupsOf, holdAll } from './held-calls.js';
import { judge, type Verdict } from './run-case.js';
import { withSandboxes } from './run-matrix.js';

const CALL_TIMEOUT_MS = { 'in time': 120_000, 'timed out': 20_000 } as const;

export function freezeEnv(wakes: FreezeCase['wakes'], lateWindowMs: number): NodeJS.ProcessEnv {
  return {
    ECS_IMPORT_CALL_TIMEOUT_MS: String(CALL_TIMEOUT_MS[wakes]),
    ECS_IMPORT_LATE_WINDOW_MS: String(lateWindowMs),
    ECS_IMPORT_PATIENCE_MS: '120000',
    ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '2000',
    ECS_IMPORT_POLL_FIRST_MS: '100',
    ECS_IMPORT_POLL_MAX_MS: '500',
    ECS_IMPORT_LOOK_EVERY_MS: '200',
    ECS_IMPORT_RETRY_FIRST_MS: '100',
    ECS_IMPORT_RETRY_MAX_MS: '500',
    ECS_IMPORT_MAX_UPLOADS: '20',
  };
}

/** Longer than the freeze, so that the last late check comes after the worker has woken. */
const LATE_WINDOW_MS = 25_000;

export async function runFreezes(cases: readonly FreezeCase[], say: (verdict: Verdict) => void): Promise<void> {
  for (const wakes of ['in time', 'timed out'] as const) {
    const some = cases.filter((one) => one.wakes === wakes);
    if (some.length === 0) continue;
    const env = freezeEnv(wakes, LATE_WINDOW_MS);
    await withSandboxes(env, async (service, source) => {
      for (const group of groupsOf(some, areTogether)) {
        for (const verdict of await runFrozen(service, env, group, source)) say(verdict);
      }
    });
  }
}

/** @param env of the service, for the other worker */
export async function runFrozen(
  service: Service,
  env: NodeJS.ProcessEnv,
  group: readonly FreezeCase[],
  source: string,
): Promise<readonly Verdict[]> {
  const [first] = group;
  if (first === undefined) return [];
  const began = Date.now();
  const kindOf = ({ moment }: FreezeCase) => (moment === 'sent' ? 'hold' : 'hold-after');
  const { runs, following } = await holdAll(service, group, source, kindOf);
  const frozenMs = Date.now();
  service.signal('worker', 'SIGSTOP');
  let other: ExtraWorker | null = null;
  try {
    other = await startExtraWorker(service, env);
    await Promise.all(runs.map(({ one, id }) => (one.then === 'cancelled' ? cancel(service, id) : undefined)));
    const followed = await Promise.all(following);
    if (first.wakes === 'timed out') await sleep(frozenMs + CALL_TIMEOUT_MS[first.wakes] - Date.now());
    const hits = await service.hits();
    for (const { faultId, turnIds } of runs)
      for (const planted of [faultId, ...turnIds]) await service.endFault(planted);
    service.signal('worker', 'SIGCONT');
    await untilChecked(
      service,
      runs.map(({ id }) => id),
    );
    return await Promise.all(
      runs.map(async ({ one, id, faultId }, index) => {
        const verdict = await judge(
          service,
          await service.get(id),
          one.scenario,
          followed[index]?.stops ?? [],
          one.then === 'cancelled' && 'always',
        );
        return { name: one.name, ...verdict, hits: hits.get(faultId) ?? 0, seconds: (Date.now() - began) / 1_000 };
      }),
    );
  } finally {
    service.signal('worker', 'SIGCONT');
    await other?.end();
  }
}

/** 409: it has ended. */
async function cancel(service: Service, id: string): Promise<void> {
  for (;;) {
    const { status } = await service.request('POST', `/v1/imports/${id}/cancel`, {});
    if (status === 202 || status === 409) return;
    await sleep(200);
  }
}

const CHECKED_WITHIN_MS = 120_000;

/** Waits until no late check of these imports is due any more. */
export async function untilChecked(
  service: Service,
  ids: readonly string[],
  withinMs = CHECKED_WITHIN_MS,
): Promise<void> {
  const pool = openPool({ url: service.databaseUrl(), applicationName: 'test', maxConnections: 1 });
  try {
    for (const end = Date.now() + withinMs; ; await sleep(250)) {
      const { rowCount } = await pool.query(
        'select from ecs_image_import.imports where id = any($1) and check_after is not null',
        [ids],
      );
      if (rowCount === 0) return;
      if (Date.now() > end) throw new Error(`${rowCount} imports were not checked within ${withinMs} ms`);
    }
  } finally {
    await pool.end();
  }
}

/** A held read of a source occupies one of the few processes that inspect images, for which other imports would wait. */
function areTogether(one: FreezeCase, other: FreezeCase): boolean {
  return (other.action === 'GetObject') === (one.action === 'GetObject');
}
