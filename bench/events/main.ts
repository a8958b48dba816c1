/**
 * npm run bench:events -- [--listeners 1000] [--imports 20] [--rounds 100]: starts PostgreSQL and the API, opens event streams, writes events
 * to each import, and prints the memory of the API before, during and after, and how long events take. docs/scale.md has the results.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openPool } from '../../store/database.js';
import { createImportStore } from '../../store/imports.js';
import { migrate } from '../../store/migrate.js';
import { CHANGES_CHANNEL } from '../../store/step-write.js';
import { API_TOKEN, startApi, startPostgres, startTemporal } from '../store/servers.js';

const { values } = parseArgs({
  options: {
    listeners: { type: 'string', default: '1000' },
    imports: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '100' },
  },
});
const LISTENERS = Number(values.listeners);
const IMPORTS = Number(values.imports);
const ROUNDS = Number(values.rounds);
const REPORT_EVERY = Math.max(1, Math.floor(ROUNDS / 5));

const folder = await mkdtemp(path.join(tmpdir(), 'bench-events-'));
const postgres = await startPostgres(folder);
await migrate(postgres.url);
const pool = openPool({ url: postgres.url, applicationName: 'bench' });
const temporal = await startTemporal(folder);
const api = await startApi(postgres.url, temporal.url);
const apiPid = Number(
  execFileSync('pgrep', ['-P', String(process.pid), '-f', 'main.js api'], { encoding: 'utf8' }).trim(),
);

/** Resident memory of the API, in MiB. */
async function memory(): Promise<number> {
  const status = await readFile(`/proc/${apiPid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

const delays: number[] = [];
let received = 0;
let open = 0;

/** Resolves when the stream is open. */
function listen(id: string): Promise<http.ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = http.get(`${api.url}/v1/imports/${id}/events`, {
      agent: false,
      headers: { authorization: `Bearer ${API_TOKEN}` },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      if (response.statusCode !== 200) return reject(new Error(`status ${response.statusCode}`));
      open += 1;
      response.on('close', () => {
        open -= 1;
      });
      response.on('error', () => undefined);
      response.on('data', (chunk: Buffer) => {
        for (const [, sentAt] of chunk.toString('utf8').matchAll(/"sentAt":(\d+)/g)) {
          received += 1;
          delays.push(Date.now() - Number(sentAt));
        }
      });
      resolve(request);
    });
  });
}

async function emit(ids: readonly string[]): Promise<void> {
  await pool.query(
    `insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
     select id, 'note', 'upload', 'running', 'an event of the benchmark', jsonb_build_object('sentAt', $2::bigint) from unnest($1::text[]) as id`,
    [ids, Date.now()],
  );
  for (const id of ids) await pool.query(`select pg_notify('${CHANGES_CHANNEL}', $1)`, [id]);
}

const percentile = (share: number) => [...delays].sort((a, b) => a - b)[Math.floor(delays.length * share)] ?? 0;
const note = async (what: string) =>
  console.log(`${what}: API ${(await memory()).toFixed(0)} MiB, ${open} streams, ${received} events received`);

try {
  const store = createImportStore(pool);
  const ids = Array.from({ length: IMPORTS }, (_, index) => `imp-bench-${index}`);
  for (const id of ids) {
    const request = { region: 'cn-hangzhou', imageName: id, disks: [], tags: {}, upload: {} };
    await pool.query(
      `insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest, workflow_started_at, workflow_checked_at)
       values ($1, 'running', 'upload', $2, '{"phase":"upload","percent":1}', 'none', '', now(), 'infinity')`,
      [id, JSON.stringify(request)],
    );
  }
  await store.ping();
  await note('before');
  const requests: http.ClientRequest[] = [];
  while (requests.length < LISTENERS) {
    const next = Array.from({ length: Math.min(50, LISTENERS - requests.length) }, (_, index) =>
      listen(ids[(requests.length + index) % IMPORTS] ?? ''),
    );
    requests.push(...(await Promise.all(next)));
  }
  await sleep(1_000);
  await note('all streams open');
  for (let round = 1; round <= ROUNDS; round++) {
    await emit(ids);
    const expected = round * LISTENERS;
    const until = Date.now() + 30_000;
    while (received < expected && Date.now() < until) await sleep(5);
    if (received < expected) throw new Error(`${expected - received} events were not received`);
    if (round % REPORT_EVERY === 0) await note(`after ${round} events on each import`);
  }
  for (const request of requests) request.destroy();
  await sleep(3_000);
  await note('all streams closed');
  console.log(
    `${LISTENERS} listeners of ${IMPORTS} imports, ${received} events: p50 ${percentile(0.5)} ms, p95 ${percentile(0.95)} ms until received`,
  );
} finally {
  await api.stop();
  await temporal.stop();
  await pool.end();
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}
