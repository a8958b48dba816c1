/**
 * npm run bench:import: measures the overhead of the service. Runs complete demos first, then sequential imports against
 * an emulator without delays.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Connection } from '@temporalio/client';
import { importWorkflowId } from '../../domain/ids.js';
import { DEMO_IMAGE, type Service, startService } from '../../test/support/e2e/service.js';

const MAIN = path.resolve(import.meta.dirname, '../../dist/cli/main.js');
const IMPORTS = Number(process.env.BENCH_IMPORTS ?? 50);
const MIB = 1024 * 1024;

const quantile = (values: readonly number[], share: number) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? NaN;

function demo(): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'demo'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve((performance.now() - started) / 1_000) : reject(new Error(`demo ended with ${code}`)),
    );
  });
}

async function residentMiB(pid: number | null): Promise<number> {
  const status = pid === null ? '' : await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) / 1024;
}

async function memory(service: Service): Promise<string> {
  const parts = service.stack.parts().filter(({ name }) => name === 'worker' || name === 'api');
  const each = await Promise.all(
    parts.map(async ({ name, pid }) => `${name} ${(await residentMiB(pid)).toFixed(0)} MiB`),
  );
  return each.join(', ');
}

async function historyEvents(service: Service, importId: string): Promise<number> {
  const connection = await Connection.connect(service.temporalConnection());
  const described = await connection.workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution: { workflowId: importWorkflowId(importId) },
  });
  await connection.close();
  return Number(described.workflowExecutionInfo?.historyLength);
}

const first = await demo();
const second = await demo();
console.log(`npm run demo, start to end: first ${first.toFixed(1)} s, second ${second.toFixed(1)} s`);

const service = await startService();
try {
  console.log(`idle memory: ${await memory(service)}`);
  await service.settings({ importSeconds: 0, detectionSeconds: 0 });
  const seconds: number[] = [];
  let last = '';
  for (let count = 0; count < IMPORTS; count += 1) {
    const started = performance.now();
    last = await service.start();
    const view = await service.untilState(last, 'succeeded', 'failed');
    if (view.state !== 'succeeded') throw new Error(`import ${last} failed: ${view.error?.message}`);
    seconds.push((performance.now() - started) / 1_000);
  }
  console.log(
    `${IMPORTS} imports with an instant cloud, one after another: p50 ${quantile(seconds, 0.5).toFixed(2)} s, p95 ${quantile(seconds, 0.95).toFixed(2)} s`,
  );
  console.log(`history events of one import: ${await historyEvents(service, last)}`);
  const before = (await service.calls()).length;
  const measured = await service.start();
  await service.untilState(measured, 'succeeded');
  const counts = new Map<string, number>();
  for (const { service: vendorService, action } of (await service.calls()).slice(before)) {
    const name = `${vendorService} ${action}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  console.log(`cloud calls of one import: ${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')}`);
  console.log(`memory after ${IMPORTS + 1} imports: ${await memory(service)}`);
  console.log(`image sent each time: ${((await readFile(DEMO_IMAGE)).length / MIB).toFixed(1)} MiB`);
} finally {
  await service.stop();
}
