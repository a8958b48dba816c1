/** Claims the items of a batch page by page. A page is claimed at most once. */
import type pg from 'pg';
import { atStartOf } from './imports.js';
import { type ClaimedItem, ITEM_COLUMNS } from './items-to-start.js';
import { transaction } from './transaction.js';

/** The limits that choose a page of items. */
export interface PageChoice {
  readonly batchId: string;
  readonly page: number;
  /** Ids for the imports, which also limit their number. */
  readonly importIds: readonly string[];
  /** The maximum number of items on their first attempt. */
  readonly fresh: number;
  readonly perRegion: number | null;
  readonly perBucket: number | null;
  /** How many imports the image quota of each region still allows, by `keyOfRegion`; no entry: no known limit. */
  readonly regionRoom: Readonly<Record<string, number>>;
}

export interface PageTaken {
  readonly items: readonly ClaimedItem[];
  /** The page was claimed before. If it is empty now, the next page follows. */
  readonly isRepeated: boolean;
}

/** As `keyOfRegion`. @param row prefix of the columns */
export const PLACE_SQL = (row = '') =>
  `case when ${row}account = '' then ${row}region else ${row}account || '/' || ${row}region end`;

const NO_LIMIT = 2_147_483_647;

export function batchPageQueries(pool: pg.Pool) {
  return {
    /**
     * Claims the next page of items and writes the records of their imports. A page that was claimed before is returned
     * unchanged, so that a lost response loses no items; imports of it that have ended are omitted. No other items are
     * added to it: a frozen worker that requests it late must not claim items that no workflow starts.
     */
    takePage(choice: PageChoice): Promise<PageTaken> {
      return transaction(pool, async (client) => {
        const batch = await client.query<{ claimed_page: number }>(
          'select claimed_page from ecs_image_import.batches where id = $1 for update',
          [choice.batchId],
        );
        const isRepeated = (batch.rows[0]?.claimed_page ?? 0) >= choice.page;
        return { items: await (isRepeated ? claimedPage : claimPage)(client, choice), isRepeated };
      });
    },

    /** The items of a page that was claimed before, except those whose imports have ended; none: it was not claimed, or all have ended. */
    claimedItems: (batchId: string, page: number) => claimedPage(pool, { batchId, page }),

    /** From now on, `takePage` claims no items for this page. Items that it has claimed stay claimed. */
    async closePage(batchId: string, page: number): Promise<void> {
      await pool.query('update ecs_image_import.batches set claimed_page = $2 where id = $1 and claimed_page < $2', [
        batchId,
        page,
      ]);
    },
  };
}

async function claimedPage(
  client: pg.Pool | pg.PoolClient,
  { batchId, page }: Pick<PageChoice, 'batchId' | 'page'>,
): Promise<readonly ClaimedItem[]> {
  const result = await client.query<ClaimedItem>(
    `select ${ITEM_COLUMNS} from ecs_image_import.batch_items item join ecs_image_import.batches batch on batch.id = item.batch_id
     where item.batch_id = $1 and page = $2 and item.state = 'started' order by rank, item`,
    [batchId, page],
  );
  return result.rows;
}

/**
 * Reads the first items of every account, region and bucket, then applies the limits, then the order. The number of rows read
 * grows with these pairs and room, not with the waiting items. An item that exceeds its bucket's limit uses no room of its region.
 */
async function claimPage(client: pg.PoolClient, choice: PageChoice): Promise<readonly ClaimedItem[]> {
  const result = await client.query<ClaimedItem>(
    `with busy as (
       select ${PLACE_SQL('b.')} as place, b.bucket, count(*)::int as n
       from ecs_image_import.batch_items b join ecs_image_import.imports i on i.id = b.import_id
       where b.batch_id = $1 and b.state = 'started' and i.state <> 'attention' group by place, b.bucket
     ), heads as (
       select h.* from ecs_image_import.batch_lanes l cross join lateral (
         select item, ${PLACE_SQL()} as place, bucket, rank, attempt from ecs_image_import.batch_items
         where batch_id = l.batch_id and region = l.region and bucket = l.bucket and account = l.account and state = 'waiting'
         order by rank limit $4
       ) h where l.batch_id = $1
     ), in_bucket as (
       select h.*, coalesce((select n from busy where place = h.place and bucket = h.bucket), 0)
         + row_number() over (partition by place, bucket order by rank) as nth from heads h
     ), in_region as (
       select b.*, row_number() over (partition by place order by rank) as nth_of_region,
         coalesce((select sum(n) from busy where place = b.place), 0) as busy_in_region
       from in_bucket b where nth <= $6
     ), in_wave as (
       select r.*, case when attempt = 0 then row_number() over (partition by attempt = 0 order by rank) else 0 end as nth_fresh
       from in_region r
       where nth_of_region + busy_in_region <= $5
         and nth_of_region <= coalesce(($8::jsonb ->> place)::int, ${NO_LIMIT})
     ), picked as (
       select item, row_number() over (order by rank) as nth from in_wave where nth_fresh <= $7 order by rank limit $4
     ), claimed as (
       update ecs_image_import.batch_items b set state = 'started', attempt = b.attempt + 1, page = $2, started_at = now(), ended_at = null,
         import_id = ($3::text[])[p.nth]
       from picked p where b.batch_id = $1 and b.item = p.item
       returning b.*
     ), made as (
       insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, request_digest, batch_id, workflow_started_at, temporal, created_by)
       select c.import_id, 'running', 'accepted', c.request, $9, c.file_queue, '', c.batch_id, now(), b.temporal, b.created_by
       from claimed c join ecs_image_import.batches b on b.id = c.batch_id
       returning id
     ), line as (
       insert into ecs_image_import.timeline (import_id, phase) select id, 'accepted' from made
     ), event as (
       insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
       select id, 'state', 'accepted', 'running', 'accepted', coalesce(
         (select jsonb_build_object('by', created_by, 'batch', id) from ecs_image_import.batches
          where id = $1 and created_by is not null), '{}') from made
     ), given_out as (
       update ecs_image_import.batches set claimed_page = $2 where id = $1 and exists (select from claimed)
     )
     select ${ITEM_COLUMNS} from claimed item join ecs_image_import.batches batch on batch.id = item.batch_id order by rank, item.item`,
    [
      choice.batchId,
      choice.page,
      choice.importIds,
      choice.importIds.length,
      choice.perRegion ?? NO_LIMIT,
      choice.perBucket ?? NO_LIMIT,
      Math.min(choice.fresh, NO_LIMIT),
      JSON.stringify(choice.regionRoom),
      JSON.stringify(atStartOf('accepted')),
    ],
  );
  return result.rows;
}
