/**
 * The cost of the proxy in front of the embedded Temporal server: latency of a call, workflows per second and CPU time, beside a server that is
 * reached directly. Rounds alternate, because other work of the machine changes the figures.
 * `npm run bench:temporal-proxy -- [--rounds N] [--workflows N]`
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Connection } from '@temporalio/client';
import { connectionOptions } from '../../config/temporal.js';
import { readTemporalSettings } from '../../config/temporal-environment.js';
import { cacheDir, makePrivateDir } from '../../local/supervisor/folders.js';
import { portPicker } from '../../local/supervisor/ports.js';
import { openSupervisor, type Supervisor } from '../../local/supervisor/supervisor.js';
import { findTemporal } from '../../local/temporal/binary.js';
import { planTemporal } from '../../local/temporal/plan.js';
import { openTemporal } from '../../local/temporal/server.js';
import { cpuSeconds } from '../batch/measure.js';
import { plainWorkflows } from '../batch/plain.js';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, workflows: { type: 'string', default: '200' } },
});
const ROUNDS = Number(values.rounds);
const RUN = { workflows: Number(values.workflows), concurrency: 50, activities: 6 };
const CALLS = 500;
const MAIN = path.resolve(import.meta.dirname, '../../dist/local/temporal/proxy/main.js');

const folder = await mkdtemp(path.join(os.tmpdir(), 'bench-temporal-proxy-'));
const say = (line: string) => console.error(line);
const pickPort = portPicker();
const { env } = process;
const { signal } = new AbortController();

const direct = await startDirect(path.join(folder, 'direct'));
const proxied = await startProxied(path.join(folder, 'proxied'));
try {
  const ways = [
    { name: 'direct', ...direct, ms: [] as number[], perSecond: [] as number[], cpuMs: [] as number[] },
    { name: 'through the proxy', ...proxied, ms: [] as number[], perSecond: [] as number[], cpuMs: [] as number[] },
  ];
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const way of ways) {
      way.ms.push(...(await latencies(way.variables)));
      const cpuBefore = await way.cpuSeconds();
      way.perSecond.push((await plainWorkflows(way.variables, RUN)).perSecond);
      way.cpuMs.push((((await way.cpuSeconds()) - cpuBefore) * 1_000) / RUN.workflows);
    }
  }
  for (const { name, ms, perSecond, cpuMs } of ways) {
    const at = (share: number) => sorted(ms)[Math.floor(ms.length * share)]?.toFixed(2);
    const rates = perSecond.map((rate) => rate.toFixed(1)).join(', ');
    const cpu = cpuMs.map((one) => one.toFixed(1)).join(', ');
    console.log(
      `${name}: call p50 ${at(0.5)} ms, p99 ${at(0.99)} ms; workflows per second: ${rates}; CPU ms of server and proxy per workflow: ${cpu}`,
    );
  }
} finally {
  await direct.stop();
  await proxied.stop();
  await rm(folder, { recursive: true, force: true });
}

async function startDirect(dataDir: string) {
  await makePrivateDir(dataDir, '');
  const supervisor = await openSupervisor({ dataDir, say });
  const binary = await findTemporal({ env, cacheDir: cacheDir(env), say, signal });
  const port = await pickPort();
  const server = { binary, folder: dataDir, namespace: 'default', port, env };
  await supervisor.start([openTemporal(server, { http: await pickPort(), metrics: await pickPort() })]);
  return { variables: { TEMPORAL_ADDRESS: `127.0.0.1:${port}` }, ...measured(supervisor) };
}

async function startProxied(dataDir: string) {
  await makePrivateDir(dataDir, '');
  const supervisor = await openSupervisor({ dataDir, say });
  const planned = await planTemporal({
    ...{ env, dataDir, supervisor, pickPort, previousPort: undefined, say, signal },
    ...{ program: [process.execPath, MAIN], settings: [], times: {}, apiUrl: 'http://127.0.0.1:1' },
  });
  if (!planned.hasUi) throw new Error('this system does not permit the isolation');
  await supervisor.start(planned.parts);
  return { variables: planned.env, ...measured(supervisor) };
}

function measured({ parts, stop }: Supervisor) {
  return {
    stop,
    /** Of all processes since their start. */
    cpuSeconds: async () => {
      const used = await Promise.all(parts().map(({ pid }) => cpuSeconds(pid)));
      return used.reduce((sum, seconds) => sum + seconds, 0);
    },
  };
}

/** Of calls one after another, in ms. */
async function latencies(variables: Readonly<Record<string, string>>): Promise<readonly number[]> {
  const connection = await Connection.connect(connectionOptions(readTemporalSettings(variables)));
  try {
    const all: number[] = [];
    for (let call = 0; call < CALLS; call += 1) {
      const since = performance.now();
      await connection.workflowService.describeNamespace({ namespace: 'default' });
      all.push(performance.now() - since);
    }
    return all;
  } finally {
    await connection.close();
  }
}

function sorted(numbers: readonly number[]): readonly number[] {
  return [...numbers].sort((a, b) => a - b);
}
