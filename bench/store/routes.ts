/** The requests that the benchmark sends, each with values of the loaded database. */
import type pg from 'pg';
import { FINAL_STATES_SQL } from '../../store/final-states.js';
import type { Call, Measurable } from './measure.js';

export interface Route extends Measurable {
  readonly name: string;
}

interface Samples {
  /** Of ended imports. */
  readonly ids: readonly string[];
  /** Of imports that run. */
  readonly live: readonly string[];
  readonly smallBatches: readonly string[];
  readonly runningBatches: readonly string[];
  readonly largest: string;
  readonly keys: readonly string[];
}

export async function samplesOf(pool: pg.Pool): Promise<Samples> {
  const column = async (sql: string): Promise<readonly string[]> =>
    (await pool.query<{ value: string }>(sql)).rows.map(({ value }) => value);
  const every = `(select greatest(1, count(*) / 200)::int from ecs_image_import.imports)`;
  const batches = await column(
    `select id as value from ecs_image_import.batches where state = 'succeeded' order by id`,
  );
  return {
    ids: await column(
      `select id as value from (select id, row_number() over (order by id) as n from ecs_image_import.imports where state in ${FINAL_STATES_SQL}) i where n % ${every} = 0`,
    ),
    live: await column(
      `select id as value from ecs_image_import.imports where state = 'running' order by id limit 100`,
    ),
    smallBatches: batches.slice(1, 200),
    runningBatches: await column(
      `select id as value from ecs_image_import.batches where state = 'running' order by id limit 20`,
    ),
    largest: batches[0] ?? '',
    keys: await column(
      `select idempotency_key as value from ecs_image_import.imports where idempotency_key is not null order by id desc limit 100`,
    ),
  };
}

const get = (path: string): Call => ({ method: 'GET', path });

export function routesOf({ ids, live, smallBatches, runningBatches, largest, keys }: Samples, imports: number) {
  const of = (values: readonly string[], n: number) => values[n % values.length] ?? 'none';
  const read = (name: string, path: (n: number) => string, status = 200): Route => ({
    name,
    status,
    next: (n) => get(path(n)),
  });
  const halfOfLargest = Math.floor(imports / 20);
  const routes: readonly Route[] = [
    read('healthz', () => '/healthz'),
    read('readyz, without a worker', () => '/readyz', 503),
    read('metrics', () => '/metrics'),
    read('imports, first page of 50', () => '/v1/imports'),
    read('imports, first page, fewer fields', () => '/v1/imports?fields=state,phase,progress,request,image,createdAt'),
    read('imports, deep cursor', (n) => `/v1/imports?limit=50&cursor=${of(ids, n * 7)}`),
    read(
      'imports, 500 with a deep cursor, fewer fields',
      (n) => `/v1/imports?limit=500&fields=id,state&cursor=${of(ids, n * 7)}`,
    ),
    ...['running', 'attention', 'cancelling', 'succeeded', 'failed', 'cancelled'].map((state) =>
      read(`imports, state=${state}`, () => `/v1/imports?limit=50&state=${state}`),
    ),
    read('imports, state=failed, deep cursor', (n) => `/v1/imports?state=failed&cursor=${of(ids, n * 7)}`),
    read('imports of a small batch', (n) => `/v1/imports?batch=${of(smallBatches, n)}`),
    read('imports of the largest batch', () => `/v1/imports?batch=${largest}`),
    read('imports of a small batch, state=failed', (n) => `/v1/imports?batch=${of(smallBatches, n)}&state=failed`),
    read('imports of the largest batch, state=cancelling', () => `/v1/imports?batch=${largest}&state=cancelling`),
    read('imports of an unknown batch', () => '/v1/imports?batch=bat-unknown'),
    read('causes of attention', () => '/v1/imports/waiting'),
    read('import', (n) => `/v1/imports/${of(ids, n)}`),
    read('unknown import', () => '/v1/imports/imp-unknown', 404),
    read('report of an import', (n) => `/v1/imports/${of(ids, n)}/report`),
    read('events of an ended import', (n) => `/v1/imports/${of(ids, n)}/events`),
    read('files of an import', (n) => `/v1/imports/${of(ids, n)}/files`),
    read('batches, first page of 100', () => '/v1/batches'),
    read('batches, state=running', () => '/v1/batches?state=running'),
    read('batches, state=cancelling, no hit', () => '/v1/batches?state=cancelling'),
    read('batches, the last page', () => `/v1/batches?limit=10&cursor=${smallBatches[8] ?? largest}`),
    read('small batch, ended', (n) => `/v1/batches/${of(smallBatches, n)}`),
    read('small batch, running', (n) => `/v1/batches/${of(runningBatches, n)}`),
    read('largest batch, ended', () => `/v1/batches/${largest}`),
    read('items of the largest batch, first page of 100', () => `/v1/batches/${largest}/items`),
    read('items of the largest batch, deep cursor', () => `/v1/batches/${largest}/items?cursor=${halfOfLargest}`),
    ...(['invalid', 'failed', 'started', 'waiting'] as const).map((state) =>
      read(`items of the largest batch, state=${state}`, () => `/v1/batches/${largest}/items?state=${state}`),
    ),
    read('items of a running batch, state=started', (n) => `/v1/batches/${of(runningBatches, n)}/items?state=started`),
    read('report of a small batch', (n) => `/v1/batches/${of(smallBatches, n)}/report?format=csv`),
    {
      name: 'start an import with a known key',
      status: 422,
      next: (n) => ({ ...newImport(n), headers: { 'idempotency-key': of(keys, n) } }),
    },
    { name: 'start an import', status: 202, next: newImport },
    { name: 'cancel an ended import', status: 409, next: (n) => post(`/v1/imports/${of(ids, n)}/cancel`) },
    { name: 'resume a running import', status: 409, next: (n) => post(`/v1/imports/${of(live, n)}/resume`) },
    { name: 'create a batch of 10 items (8 clients)', status: 202, next: newBatch, clients: 8 },
    { name: 'cancel an ended batch', status: 409, next: (n) => post(`/v1/batches/${of(smallBatches, n)}/cancel`) },
  ];
  return routes;
}

const post = (path: string): Call => ({ method: 'POST', path, body: {} });

/** Names that no earlier run on a stored data folder has used. */
const run = Date.now().toString(36);

function newBatch(n: number): Call {
  const items = Array.from({ length: 10 }, (_, index) => ({
    imageName: `item-${n}-${index}`,
    disks: [{ source: `oss://images-cn-hangzhou/item-${index}.qcow2` }],
  }));
  const defaults = { region: 'cn-hangzhou', upload: { bucket: 'images-cn-hangzhou' } };
  return { method: 'POST', path: '/v1/batches', body: { name: `bench-${run}-${n}`, defaults, items } };
}

function newImport(n: number): Call {
  return {
    method: 'POST',
    path: '/v1/imports',
    body: {
      region: 'cn-hangzhou',
      imageName: `new-${n}`,
      disks: [{ source: 'file://host-1/images/new.qcow2' }],
      upload: { bucket: 'images-cn-hangzhou' },
    },
  };
}
