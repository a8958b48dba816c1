/** Searches of imports: which ones they find, and how many rows they read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { load } from '../../bench/store/load.js';
import type { Phase, State } from '../../domain/import.js';
import { IMPORT_SORTS, type ImportFilter, type ImportSort } from '../../domain/import-filter.js';
import { openPool } from '../../store/database.js';
import { type ImportSearch, type Position, type SearchBounds, searchImports } from '../../store/import-search.js';
import { countRowsRead } from '../support/store/rows-read.js';
import { startTestDatabase, type TestDatabase } from '../support/store/test-database.js';

let database: TestDatabase;
/** One connection, so that the counters of the server are complete. */
let pool: TestDatabase['pool'];

beforeAll(async () => {
  database = await startTestDatabase();
  await load(database.url, { imports: 3_000, batches: 6 }, () => undefined);
  pool = openPool({ url: database.url, applicationName: 'test', maxConnections: 1 });
  // As in a large table: a plan that reads all of it is never the best one.
  await pool.query('set enable_seqscan = off');
});
afterAll(async () => {
  await pool?.end();
  await database?.close();
});

const rowsRead = (work: () => Promise<unknown>) => countRowsRead(pool, 500, work);

describe('a search of the imports', () => {
  interface Row {
    readonly id: string;
    readonly state: State;
    readonly phase: Phase;
    readonly code: string | null;
    readonly region: string;
    readonly bucket: string;
    readonly tags: Readonly<Record<string, string>>;
    readonly batch: string | null;
    readonly creator: string;
    readonly created: string;
    readonly updated: string;
    readonly name: string;
  }
  const rowsOf = async (): Promise<readonly Row[]> =>
    (
      await pool.query<Row>(
        `select id, state, phase, coalesce(error ->> 'code', attention ->> 'code') as code, request ->> 'region' as region,
           request -> 'upload' ->> 'bucket' as bucket, request -> 'tags' as tags, batch_id as batch, created_by ->> 'identity' as creator,
           to_char(created_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as created, to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as updated,
           lower(request ->> 'imageName') as name
         from ecs_image_import.imports`,
      )
    ).rows;

  const matches = (row: Row, filter: ImportFilter): boolean =>
    [
      [filter.state, row.state],
      [filter.phase, row.phase],
      [filter.code, row.code],
      [filter.region, row.region],
      [filter.bucket, row.bucket],
      [filter.batch, row.batch],
      [filter.createdBy, row.creator],
    ].every(([wanted, value]) => wanted === undefined || wanted === value) &&
    (filter.tags ?? []).every(({ key, value }) => row.tags[key] === value) &&
    (filter.since === undefined || row.created >= filter.since) &&
    (filter.until === undefined || row.created < filter.until) &&
    (filter.name === undefined || `-${row.name}`.includes(`-${filter.name.toLowerCase().replaceAll(/[.:_ ]/g, '-')}`));

  const sorted = (rows: readonly Row[], sort: ImportSort): readonly string[] => {
    const field = sort.replace('-', '') as 'created' | 'updated' | 'name';
    const key = (row: Row) => [field === 'created' ? row.id : row[field], row.id] as const;
    const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);
    const up = [...rows].sort((one, other) => compare(key(one)[0], key(other)[0]) || compare(one.id, other.id));
    return (sort.startsWith('-') ? up.reverse() : up).map(({ id }) => id);
  };

  async function pages(search: Omit<ImportSearch, 'cursor'>, bounds?: SearchBounds, between?: () => Promise<unknown>) {
    const found: string[] = [];
    let cursor: Position | null = null;
    do {
      const page = await searchImports(pool, { ...search, ...(cursor === null ? {} : { cursor }) }, undefined, bounds);
      found.push(...page.ids);
      cursor = page.next;
      await between?.();
    } while (cursor !== null);
    return found;
  }

  const FILTERS: readonly ImportFilter[] = [
    {},
    { state: 'succeeded' },
    { state: 'cancelling' },
    { phase: 'import' },
    { phase: 'done', name: 'fleet-web' },
    { code: 'InvalidImage.NoOs' },
    { code: 'QuotaExceed.Image', state: 'attention' },
    { region: 'cn-hangzhou' },
    { bucket: 'images-cn-beijing', state: 'failed' },
    { tags: [{ key: 'team', value: 'team-7' }] },
    {
      tags: [
        { key: 'team', value: 'team-7' },
        { key: 'build', value: '47' },
      ],
    },
    { createdBy: 'key:3', region: 'cn-shanghai' },
    { name: 'WEB_12' },
    { name: 'web 12 ' },
    { name: 'eet-web' },
    { name: 'fleet', state: 'succeeded', createdBy: 'key:4' },
    {
      since: new Date(Date.now() - 200 * 86_400_000).toISOString(),
      until: new Date(Date.now() - 100 * 86_400_000).toISOString(),
    },
    { since: new Date(Date.now() - 20 * 86_400_000).toISOString(), state: 'failed' },
    { region: 'nowhere' },
  ];

  test('with each filter and order, in pages of any size → the imports that match, each once and in this order', async () => {
    const rows = await rowsOf();
    for (const filter of FILTERS) {
      const all = rows.filter((row) => matches(row, filter));
      for (const sort of IMPORT_SORTS) {
        const expected = sorted(all, sort);
        const limit = Math.max(40, Math.ceil(expected.length / 3));
        expect(await pages({ ...filter, sort, limit }), `${sort} ${JSON.stringify(filter)}`).toEqual(expected);
      }
    }
  });

  test('that examines fewer imports than it needs for a page → short pages, and together the same imports', async () => {
    const filter: ImportFilter = { phase: 'done', name: 'fleet-web-1' };
    const expected = (await rowsOf()).filter((row) => matches(row, filter));
    for (const sort of IMPORT_SORTS) {
      const whole = { ...filter, sort, limit: 50 } as const;
      expect(await pages(whole, { candidates: 100, examined: 130 }), sort).toEqual(sorted(expected, sort));
    }
  });

  test.each(FILTERS)('%j → reads a bounded number of rows in each order', async (filter) => {
    for (const sort of IMPORT_SORTS) {
      const search = () =>
        searchImports(pool, { ...filter, sort, limit: 50 }, undefined, { candidates: 50, examined: 100 });
      // 50 candidates of each filter, 100 imports in their order, and the open imports, which are 270.
      expect(await rowsRead(search), sort).toBeLessThan(900);
    }
  });

  test('while imports are inserted, end and are renamed → the others come once each, and in their order', async () => {
    const before = await rowsOf();
    const touched = new Set(before.filter(({ state }) => state === 'running').map(({ id }) => id));
    let round = 0;
    const change = async () => {
      round += 1;
      await pool.query(
        `insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest)
         select 'imp-new-' || n || '-' || $1::int, 'running', 'accepted', request || jsonb_build_object('imageName', 'fleet-web-' || n), progress, file_queue, ''
         from ecs_image_import.imports, generate_series(1, 5) as n where id = $2`,
        [round, before[0]?.id],
      );
      await pool.query(
        `update ecs_image_import.imports set state = 'succeeded', updated_at = now(), request = request || '{"imageName":"a-renamed-one"}'
         where id in (select id from ecs_image_import.imports where state = 'running' and id not like 'imp-new-%' order by id limit 10)`,
      );
    };
    try {
      for (const sort of IMPORT_SORTS) {
        const found = (await pages({ sort, limit: 400 }, undefined, change)).filter(
          (id) => !touched.has(id) && !id.startsWith('imp-new-'),
        );
        expect(found, sort).toEqual(sorted(before, sort).filter((id) => !touched.has(id)));
      }
    } finally {
      await pool.query("delete from ecs_image_import.imports where id like 'imp-new-%'");
    }
    expect(
      (await pool.query("select from ecs_image_import.import_terms where import_id like 'imp-new-%'")).rowCount,
    ).toBe(0);
  });

  test('after a change of the request and of the state → found by the new values only', async () => {
    const { rows } = await pool.query<{ id: string }>(
      `update ecs_image_import.imports set request = request || '{"region":"cn-new","imageName":"unheard-of","tags":{"team":"new"}}', state = 'failed'
       where id = (select max(id) from ecs_image_import.imports where state = 'succeeded') returning id`,
    );
    const ids = rows.map(({ id }) => id);
    const find = async (filter: ImportFilter) =>
      (await searchImports(pool, { ...filter, sort: '-created', limit: 5 })).ids;
    for (const filter of [{ region: 'cn-new' }, { name: 'unheard' }, { tags: [{ key: 'team', value: 'new' }] }]) {
      expect(await find(filter)).toEqual(ids);
    }
    expect(await find({ region: 'cn-new', state: 'succeeded' })).toEqual([]);
    const terms = await pool.query(
      "select from ecs_image_import.import_terms where import_id = $1 and term like 'region:%'",
      ids,
    );
    expect(terms.rowCount).toBe(1);
  });
});
