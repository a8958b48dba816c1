/** Measures the processes and stores of a service: memory, handles, database, files. Linux. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type pg from 'pg';
import type { Service } from '../support/e2e/service.js';

const MIB = 1024 ** 2;
const PARTS = ['worker', 'api', 'temporal', 'temporal-proxy', 'postgres'] as const;

/** Series that must not grow, however long the service runs. How far a cancelled import gets is random. */
export const FLAT = / (memory MiB|handles|processes)$|^cached files$|^events of (?!cancelled)/;

export async function measure(service: Service, pool: pg.Pool): Promise<Readonly<Record<string, number>>> {
  const series: Record<string, number> = {};
  const all = await processes();
  for (const { name, pid } of service.stack.parts()) {
    if (pid === null || !PARTS.some((part) => part === name)) continue;
    const family = familyOf(pid, all);
    for (const [index, one] of family.entries()) {
      const { memory, handles } = await usageOf(one);
      // The server of Temporal runs below the inner proxy.
      const label = name === 'temporal' && index === 0 ? 'inner proxy' : name;
      series[`${label} memory MiB`] = (series[`${label} memory MiB`] ?? 0) + memory / MIB;
      series[`${label} handles`] = (series[`${label} handles`] ?? 0) + handles;
    }
    // The readers of images come and go with the load.
    if (name !== 'worker') series[`${name} processes`] = family.length;
  }
  const { rows } = await pool.query<{ size: string }>('select pg_database_size(current_database()) as size');
  series['database MiB'] = Number(rows[0]?.size ?? 0) / MIB;
  series['Temporal’s database MiB'] = (await sizeOf(path.join(service.dataDir, 'temporal'))) / MIB;
  series['logs MiB'] = (await sizeOf(path.join(service.dataDir, 'logs'))) / MIB;
  series['cached files'] = (
    await readdir(path.join(service.dataDir, 'images'), { recursive: true }).catch(() => [])
  ).length;
  return series;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
}

async function processes(): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  return await Promise.all(
    pids.map(async (name) => {
      const text = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '');
      return { pid: Number(name), parent: Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1] ?? 0) };
    }),
  );
}

function familyOf(pid: number, all: readonly Process[]): readonly number[] {
  return [pid, ...all.filter(({ parent }) => parent === pid).flatMap((child) => familyOf(child.pid, all))];
}

/** Private memory: the shared buffers of PostgreSQL are not counted in each of its processes. */
async function usageOf(pid: number): Promise<{ readonly memory: number; readonly handles: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '');
  const anonymous = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  const handles = (await readdir(`/proc/${pid}/fd`).catch(() => [])).length;
  return { memory: anonymous, handles };
}

async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true }).catch(() => []);
  return sum(
    await Promise.all(
      files.map((file) =>
        stat(path.join(folder, file)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    ),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
