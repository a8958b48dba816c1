/** Stops whole servers while imports of every scenario run, and restarts them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Service, startService } from '../support/e2e/service.js';
import type { Outage } from './crash-cases.js';
import { follow, judge, requestOf, type Verdict } from './run-case.js';
import { setCloud, withSandboxes } from './run-matrix.js';
import { SANDBOX_BUCKETS, sandboxAt } from './sandboxes.js';
import { SCENARIOS, type ScenarioName } from './scenarios.js';

const ENV: NodeJS.ProcessEnv = {
  ECS_IMPORT_CALL_TIMEOUT_MS: '3000',
  ECS_IMPORT_PATIENCE_MS: '300000',
  ECS_IMPORT_HEARTBEAT_TIMEOUT_MS: '3000',
  ECS_IMPORT_RETRY_FIRST_MS: '100',
  ECS_IMPORT_RETRY_MAX_MS: '1000',
};
/** One import of each scenario with the same cloud settings. */
const CROWD: readonly ScenarioName[] = ['import', 'fails', 'cancel-upload', 'import'];

/** @param awayMs how long a server stays stopped */
export async function runOutages(
  outages: readonly Outage[],
  awayMs: number,
  say: (verdict: Verdict) => void,
): Promise<void> {
  const plain = outages.filter(({ kind }) => kind !== 'disk-full');
  if (plain.length > 0) {
    await withSandboxes(ENV, async (service, source) => {
      await setCloud(service, { importSeconds: 2, copySeconds: 1 });
      for (const outage of plain) {
        for (const verdict of await underOutage(service, outage.name, source, () =>
          strike(service, outage, awayMs, source),
        ))
          say(verdict);
      }
    });
  }
  if (plain.length < outages.length) await onFullDisk(say);
}

async function strike(service: Service, outage: Outage, awayMs: number, source: string): Promise<void> {
  switch (outage.kind) {
    case 'worker-storm':
      for (let times = 0; times < 5; times++) await killOnceItRuns(service, 'worker', 700);
      return;
    case 'kill':
      return service.kill(outage.part);
    case 'freeze':
      service.signal(outage.part, 'SIGSTOP');
      await sleep(awayMs);
      return service.signal(outage.part, 'SIGCONT');
    case 'api-requests':
      return killedApiMakesOneImport(service, source);
    case 'disk-full':
      throw new Error('disk-full needs a separate file system');
  }
}

/** @param afterMs how long the process runs before it is killed */
async function killOnceItRuns(service: Service, name: string, afterMs: number): Promise<void> {
  const pid = () => service.stack.parts().find((part) => part.name === name && part.state === 'ready')?.pid ?? null;
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    const alive = pid();
    if (alive === null) continue;
    await sleep(afterMs);
    if (pid() !== alive) continue;
    service.kill(name);
    // The supervisor notices the exit with a delay.
    while (pid() === alive) await sleep(20);
    return;
  }
}

/** Sends the same request with the same key until it gets a response, while the API is killed: one import. */
async function killedApiMakesOneImport(service: Service, source: string): Promise<void> {
  const sandbox = sandboxAt(-1);
  const request = requestOf('import', sandbox, source);
  const key = `outage-${process.pid}`;
  const send = () => service.request('POST', '/v1/imports', request, { 'idempotency-key': key }).catch(() => null);
  const sent = [send(), send()];
  service.kill('api');
  const answers = await Promise.all(sent);
  for (let answer = answers[0] ?? null; answer?.status !== 202; answer = await send()) await sleep(100);
  const { body } = await service.request('GET', '/v1/imports?limit=500');
  const same = body.imports.filter(
    (view: { request: { imageName: string } }) => view.request.imageName === request.imageName,
  );
  if (same.length !== 1) throw new Error(`one request created ${same.length} imports`);
}

async function underOutage(
  service: Service,
  name: string,
  source: string,
  outage: () => Promise<void>,
): Promise<readonly Verdict[]> {
  const began = Date.now();
  const runs = await Promise.all(
    CROWD.map(async (scenario, index) => {
      const sandbox = sandboxAt(index);
      return { scenario, id: await service.start(requestOf(scenario, sandbox, source)) };
    }),
  );
  const following = runs.map(({ scenario, id }) =>
    follow(service, id, { scenario, times: 'once', turnIds: [] }, async () => undefined),
  );
  await sleep(1_500);
  const failed = await outage().then(
    () => [],
    (error: unknown) => [String(error)],
  );
  const ended = await Promise.all(following);
  return Promise.all(
    runs.map(async ({ scenario }, index) => {
      const followed = ended[index];
      if (followed === undefined) throw new Error('the import has no verdict');
      // An outage has no extra faults: the import may be over before it can be cancelled.
      const judged = SCENARIOS[scenario].ends === 'cancelled' && !followed.isCancelled ? 'import' : scenario;
      const verdict = await judge(service, followed.view, judged, followed.stops, false);
      return {
        name: `${name}: ${scenario} ${index + 1}`,
        ...verdict,
        violations: [...verdict.violations, ...failed],
        hits: 1,
        seconds: (Date.now() - began) / 1_000,
      };
    }),
  );
}

const DISK_MIB = 400;
const FULL_FOR_MS = 8_000;

/** All data of the service is on one small file system, which another program fills completely. */
async function onFullDisk(say: (verdict: Verdict) => void): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'ecs-image-import-full-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m,mode=0755`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true, force: true });
    console.log('disk full for a while: skipped, this user has no permission to mount a small file system');
    return;
  }
  try {
    const source = path.join(folder, 'disk.raw');
    const { raw } = await import('../support/emulator/made-disks.js');
    writeFileSync(source, raw());
    const service = await startService({ env: ENV, buckets: SANDBOX_BUCKETS, dataDir: path.join(folder, 'data') });
    try {
      await setCloud(service, { importSeconds: 2, copySeconds: 1 });
      const verdicts = await underOutage(service, 'disk full for a while', `file://${source}`, async () => {
        const filler = path.join(folder, 'filler');
        fill(filler, folder);
        await sleep(FULL_FOR_MS);
        rmSync(filler);
      });
      for (const verdict of verdicts) say(verdict);
    } finally {
      await service.stop();
    }
  } finally {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  }
}

function fill(file: string, folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const block = Buffer.alloc(1024 ** 2);
  try {
    for (let left = bavail * bsize; left >= 0; left -= block.length) writeFileSync(file, block, { flag: 'a' });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}
