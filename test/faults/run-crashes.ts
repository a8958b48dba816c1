/** Kills the worker during calls: many concurrent imports, each blocked at its own call, and one kill for all of them. */
import type { Service } from '../support/e2e/service.js';
import type { CrashCase } from './crash-cases.js';
import { groupsOf, holdAll } from './held-calls.js';
import { judge, type Verdict } from './run-case.js';
import { withSandboxes } from './run-matrix.js';

/** Calls block far longer than the kill takes. */
const CRASH_ENV: NodeJS.ProcessEnv = {
  ECS_IMPORT_CALL_TIMEOUT_MS: '60000',
  ECS_IMPORT_PATIENCE_MS: '120000',
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '2000',
  ECS_IMPORT_RETRY_FIRST_MS: '100',
  ECS_IMPORT_RETRY_MAX_MS: '500',
  ECS_IMPORT_MAX_UPLOADS: '20',
};

export async function runCrashes(cases: readonly CrashCase[], say: (verdict: Verdict) => void): Promise<void> {
  await withSandboxes(CRASH_ENV, async (service, source) => {
    for (const group of groupsOf(cases)) {
      for (const verdict of await runGroup(service, group, source)) say(verdict);
    }
  });
}

export async function runGroup(
  service: Service,
  group: readonly CrashCase[],
  source: string,
): Promise<readonly Verdict[]> {
  const began = Date.now();
  const kindOf = ({ moment }: CrashCase) => (moment === 'before' ? 'hang' : 'hang-after');
  const { runs, following } = await holdAll(service, group, source, kindOf);
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
