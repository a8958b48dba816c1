/**
 * npm run bench:store -- [--sizes 1000,100000,1000000] [--ms 1500] [--keep FOLDER] [--only PATTERN]: loads a PostgreSQL of its
 * own with each number of imports, starts the API on it, and measures every route with one client and with 20, and the statements
 * of background work. `--keep` stores the data folders, and uses them again. docs/scale.md has the results.
 */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openPool } from '../../store/database.js';
import { migrate } from '../../store/migrate.js';
import { load, shapeOf } from './load.js';
import { loopsOf, measureLoop } from './loops.js';
import { type Measured, measure } from './measure.js';
import { type Route, routesOf, samplesOf } from './routes.js';
import { startApi, startPostgres, startTemporal } from './servers.js';

const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1000,100000,1000000' },
    ms: { type: 'string', default: '1500' },
    keep: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});
const SIZES = values.sizes.split(',').map(Number);
const MS = Number(values.ms);
const ONLY = new RegExp(values.only);

const folder = values.keep ?? (await mkdtemp(path.join(tmpdir(), 'bench-store-')));
await mkdir(folder, { recursive: true });

type Row = Map<number, Omit<Measured, 'perSecond' | 'kib'> & Partial<Measured>>;
const routes = new Map<string, Row>();
const loops = new Map<string, Row>();

const note = (line: string) => process.stderr.write(`${line}\n`);

try {
  for (const size of SIZES) await measureSize(size);
} finally {
  if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
}
print();

async function measureSize(size: number): Promise<void> {
  const dataDir = path.join(folder, String(size));
  const loaded = path.join(dataDir, 'loaded');
  await mkdir(dataDir, { recursive: true });
  if (!existsSync(loaded)) {
    const fast = ['fsync=off', 'synchronous_commit=off', 'max_wal_size=8GB', 'autovacuum=off', 'shared_buffers=1GB'];
    const postgres = await startPostgres(dataDir, fast);
    try {
      await migrate(postgres.url);
      await load(postgres.url, shapeOf(size), note);
    } finally {
      await postgres.stop();
    }
    await writeFile(loaded, '');
  }
  // As a server of a team, not the embedded one, which has 64 MB.
  const postgres = await startPostgres(dataDir, ['shared_buffers=1GB']);
  const temporal = await startTemporal(await mkdtemp(path.join(dataDir, 'temporal-')));
  const pool = openPool({ url: postgres.url, applicationName: 'bench' });
  try {
    // A stored data folder may be of an earlier version.
    await migrate(postgres.url, { onProgress: note });
    const samples = await samplesOf(pool);
    const api = await startApi(postgres.url, temporal.url);
    try {
      for (const route of routesOf(samples, size).filter(({ name }) => ONLY.test(name))) {
        await measureRoute(api.url, size, route);
      }
    } finally {
      await api.stop();
    }
    for (const loop of (await loopsOf(pool)).filter(({ name }) => ONLY.test(name))) {
      const measured = await measureLoop(pool, loop, MS / 3);
      add(loops, loop.name, size, measured);
      note(`${size}: ${loop.name}: ${measured.p50.toFixed(1)} ${measured.p95.toFixed(1)} ms`);
    }
  } finally {
    await pool.end();
    await temporal.stop();
    await postgres.stop();
  }
}

async function measureRoute(apiUrl: string, size: number, route: Route): Promise<void> {
  const { name } = route;
  try {
    const measured = await measure(apiUrl, route, MS);
    add(routes, name, size, measured);
    const { p50, p95, perSecond } = measured;
    note(`${size}: ${name}: ${p50.toFixed(1)} ${p95.toFixed(1)} ms, ${perSecond.toFixed(0)}/s`);
  } catch (error) {
    // The other routes are still measured.
    process.exitCode = 1;
    note(`${size}: ${name}: ${String(error)}`);
  }
}

function add(
  table: Map<string, Row>,
  name: string,
  size: number,
  measured: Measured | Omit<Measured, 'perSecond' | 'kib'>,
) {
  const row: Row = table.get(name) ?? new Map();
  table.set(name, row.set(size, measured));
}

/** How p50 grows with the number of imports, from the smallest to the largest: n^0 is flat. Times below 1 ms count as 1 ms. */
function lawOf(row: Row): string {
  const [first = 1, last = 1] = [SIZES[0], SIZES.at(-1)];
  const ratio = ratioOf(row);
  if (first === last || ratio < 2) return 'flat';
  return `n^${(Math.log(ratio) / Math.log(last / first)).toFixed(2)}`;
}

function ratioOf(row: Row): number {
  const of = (size: number | undefined) => Math.max(1, row.get(size ?? 0)?.p50 ?? 1);
  return of(SIZES.at(-1)) / of(SIZES[0]);
}

function print(): void {
  const largest = SIZES.at(-1) ?? 0;
  const ms = (value: number | undefined) => (value === undefined ? '' : value.toFixed(value < 10 ? 1 : 0));
  const line = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`);
  const table = (title: string, rows: Map<string, Row>, withClients: boolean) => {
    const heads = SIZES.map((size) => `p50 / p95 ms at ${size.toLocaleString('en')}`);
    line([title, ...heads, ...(withClients ? ['requests/s of 20 clients', 'KiB'] : []), 'growth']);
    line([...Array(heads.length + (withClients ? 4 : 2)).keys()].map(() => '---'));
    for (const [name, row] of rows) {
      const last = row.get(largest);
      const cells = SIZES.map((size) => `${ms(row.get(size)?.p50)} / ${ms(row.get(size)?.p95)}`);
      const clients = withClients ? [last?.perSecond?.toFixed(0) ?? '', ms(last?.kib)] : [];
      line([name, ...cells, ...clients, lawOf(row)]);
    }
    console.log('');
  };
  table('route', routes, true);
  table('background work', loops, false);
  const worst = [...routes.values()].reduce((most, row) => Math.max(most, row.get(largest)?.p95 ?? 0), 0);
  const growth = [...routes.values()].reduce((most, row) => Math.max(most, ratioOf(row)), 0);
  const size = largest === 1_000_000 ? '1M' : largest.toLocaleString('en');
  console.log(`${routes.size} routes, worst p95 ${worst.toFixed(0)} ms at ${size}, ${growth.toFixed(1)} x of 1k`);
}
