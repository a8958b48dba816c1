/** Runs cases concurrently on one service: each sandbox takes the next case after the verdict of its last one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, startService } from '../support/e2e/service.js';
import { raw } from '../support/emulator/made-disks.js';
import type { FaultCase } from './cases.js';
import { runCase, type Verdict } from './run-case.js';
import { isShared, SANDBOX_BUCKETS, SANDBOXES, type Sandbox } from './sandboxes.js';
import { FAILURE, RESOURCE_SHARE, SCENARIOS, type Scenario } from './scenarios.js';

/** Short, so that permanent faults end soon; the patience is still longer than five hanging calls. */
export const QUICK_ENV: NodeJS.ProcessEnv = {
  ECS_IMPORT_CALL_TIMEOUT_MS: '1000',
  ECS_IMPORT_PATIENCE_MS: '9000',
  ECS_IMPORT_RETRY_FIRST_MS: '100',
  ECS_IMPORT_RETRY_MAX_MS: '500',
  ECS_IMPORT_MAX_UPLOADS: '20',
};

/** Identical cloud reads within this time share one call. */
export const ASKED_ONCE_WITHIN_MS = 2_100;

/** Starts a service with the buckets of the sandboxes and a small disk to import; removes both after `use`. */
export async function withSandboxes<T>(
  env: NodeJS.ProcessEnv,
  use: (service: Service, source: string) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-matrix-'));
  const file = path.join(folder, 'disk.raw');
  writeFileSync(file, raw());
  const service = await startService({ env, buckets: SANDBOX_BUCKETS });
  try {
    await service.learnNoLimits();
    return await use(service, `file://${file}`);
  } finally {
    await service.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function setCloud(service: Service, cloud: Scenario['cloud']): Promise<void> {
  const copiesLose = ['Features', 'BootMode', 'ResourceGroupId'];
  const settings = {
    ...cloud,
    copiesLose,
    resourceShares: [RESOURCE_SHARE],
    detectionSeconds: 0.1,
    cancelSeconds: 0.2,
    failImports: [FAILURE],
  };
  await service.settings(settings);
}

export async function runCases(
  service: Service,
  cases: readonly FaultCase[],
  source: string,
  width: number,
  say: (verdict: Verdict) => void,
): Promise<readonly Verdict[]> {
  const verdicts: Verdict[] = [];
  for (const group of groups(cases)) {
    const [first] = group;
    if (first === undefined) continue;
    await setCloud(service, SCENARIOS[first.scenario].cloud);
    const queue = [...group];
    // A fault that hits every import: one import at a time.
    const alone = isShared(first);
    const sandboxes = alone ? SANDBOXES.slice(0, 1) : SANDBOXES.slice(0, width);
    const work = async (sandbox: Sandbox) => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        if (alone) await sleep(ASKED_ONCE_WITHIN_MS);
        const verdict = await runCase(service, one, sandbox, source);
        verdicts.push(verdict);
        say(verdict);
      }
    };
    await Promise.all(sandboxes.map(work));
  }
  return verdicts;
}

/** Groups cases that may run concurrently: those with the same cloud settings, except faults that hit every import. */
function groups(cases: readonly FaultCase[]): readonly (readonly FaultCase[])[] {
  const byKey = new Map<string, FaultCase[]>();
  for (const one of cases) {
    const key = `${isShared(one)} ${JSON.stringify(SCENARIOS[one.scenario].cloud)}`;
    byKey.set(key, [...(byKey.get(key) ?? []), one]);
  }
  return [...byKey.values()];
}
