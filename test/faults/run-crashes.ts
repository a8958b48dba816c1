/** Kills the worker during calls: many concurrent imports, each blocked at its own call, and one kill for all of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal } from '../../domain/import.js';
import type { Service } from '../support/e2e/service.js';
import type { CrashCase } from './crash-cases.js';
import { follow, judge, prepare, requestOf, type Verdict } from './run-case.js';
import { setCloud, withSandboxes } from './run-matrix.js';
import { isShared, matchOf, SANDBOXES, type Sandbox } from './sandboxes.js';
import { SCENARIOS } from './scenarios.js';

/** Calls block far longer than the kill takes. */
const CRASH_ENV: NodeJS.ProcessEnv = {
  ECS_IMPORT_CALL_TIMEOUT_MS: '60000',
  ECS_IMPORT_PATIENCE_MS: '120000',
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '2000',
  ECS_IMPORT_RETRY_FIRST_MS: '100',
  ECS_IMPORT_RETRY_MAX_MS: '500',
  ECS_IMPORT_MAX_UPLOADS: '20',
};
/** Number of imports per kill. */
const GROUP_SIZE = 12;
const HELD_WITHIN_MS = 90_000;

export async function runCrashes(cases: readonly CrashCase[], say: (verdict: Verdict) => void): Promise<void> {
  await withSandboxes(CRASH_ENV, async (service, source) => {
    for (const group of groups(cases)) {
      for (const verdict of await runGroup(service, group, source)) say(verdict);
    }
  });
}

export async function runGroup(
  service: Service,
  group: readonly CrashCase[],
  source: string,
): Promise<readonly Verdict[]> {
  const [first] = group;
  if (first === undefined) return [];
  await setCloud(service, SCENARIOS[first.scenario].cloud);
  const began = Date.now();
  const runs = await Promise.all(
    group.map(async (one, index) => {
      const sandbox = SANDBOXES[index];
      if (sandbox === undefined) throw new Error(`there is no sandbox ${index}`);
      return startHeld(service, one, sandbox, source);
    }),
  );
  const following = runs.map(({ one, id, turnIds }) =>
    follow(service, id, { scenario: one.scenario, times: 'once', turnIds }, async () => undefined),
  );
  await allHeld(service, runs);
  service.kill('worker');
  return Promise.all(
    runs.map(async ({ one, faultId, turnIds }, index) => {
      const followed = await following[index];
      if (followed === undefined) throw new Error('the import has no verdict');
      const hits = (await service.hits()).get(faultId) ?? 0;
      for (const planted of [faultId, ...turnIds]) await service.endFault(planted);
      const verdict = await judge(service, followed.view, one.scenario, followed.stops, false);
      return { name: one.name, ...verdict, hits, seconds: (Date.now() - began) / 1_000 };
    }),
  );
}

async function startHeld(service: Service, one: CrashCase, sandbox: Sandbox, source: string) {
  const { service: of, action, moment, after = 0 } = one;
  const request = requestOf(one.scenario, sandbox, source);
  const match = matchOf(one, sandbox, String(request.roleName));
  const kind = moment === 'before' ? 'hang' : 'hang-after';
  const faultId = await service.fault({ service: of, action, match, after, kind, times: 1 });
  const turnIds = await prepare(service, one.scenario, sandbox, request);
  return { one, faultId, turnIds, id: await service.start(request) };
}

/** Waits until every import blocks in its call, or has ended without making it. */
export async function allHeld(
  service: Service,
  runs: readonly { readonly id: string; readonly faultId: string }[],
): Promise<void> {
  for (const end = Date.now() + HELD_WITHIN_MS; Date.now() < end; await sleep(50)) {
    const hits = await service.hits();
    const pending = runs.filter(({ faultId }) => (hits.get(faultId) ?? 0) === 0);
    const views = await Promise.all(pending.map(({ id }) => service.get(id).catch(() => null)));
    if (views.every((view) => view !== null && isFinal(view.state))) return;
  }
}

function groups(cases: readonly CrashCase[]): readonly (readonly CrashCase[])[] {
  const made: CrashCase[][] = [];
  for (const one of cases) {
    const fits = made.find(
      (group) =>
        group.length < GROUP_SIZE &&
        group.every((other) => !isShared(other) && !isShared(one)) &&
        group.every((other) => SCENARIOS[other.scenario].cloud === SCENARIOS[one.scenario].cloud),
    );
    if (fits === undefined) made.push([one]);
    else fits.push(one);
  }
  return made;
}
