/** The statements of deliveries: which are due, how an attempt ended, and what users see of them. */
import type pg from 'pg';
import type { DeliveryAttempt, DeliveryState, DeliveryView } from '../domain/webhooks.js';
import { pageCondition } from './pages.js';

/** A delivery whose attempt this process has begun. */
export interface ClaimedDelivery {
  readonly webhookId: string;
  readonly creatorId: string;
  readonly url: string;
  /** Those that sign, the newest first. */
  readonly secrets: readonly string[];
  readonly id: string;
  readonly payload: string;
  /** The fence of the result. */
  readonly attempt: number;
  /** Attempts of the current schedule, with this one. */
  readonly tries: number;
}

export interface ClaimLimits {
  /** Attempts under way by webhook. */
  readonly running: Readonly<Record<string, number>>;
  readonly perWebhook: number;
  readonly total: number;
  /** After this time, the process of an attempt counts as dead. */
  readonly leaseMs: number;
}

/** How an attempt ended. */
export type AttemptEnd = { readonly attempt: DeliveryAttempt } & (
  | { readonly kind: 'delivered' }
  /** @param pauseMs the target receives nothing for this time; 0: no pause */
  | { readonly kind: 'repeated'; readonly waitMs: number; readonly pauseMs: number }
  | { readonly kind: 'dead' }
);

export interface DeliveryFilter {
  readonly state?: DeliveryState;
  /** `nextCursor` of the previous page. */
  readonly cursor?: number;
  readonly limit: number;
}

export interface DeliveryPage {
  readonly deliveries: readonly DeliveryView[];
  /** Null on the last page. */
  readonly nextCursor: string | null;
}

const KEPT_ATTEMPTS = 20;
const SUCCESS_NOTED_EVERY = `interval '1 minute'`;
/** A page of old deliveries per statement. */
const PRUNED_AT_A_TIME = 1_000;

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;

export function createDeliveryStore(pool: pg.Pool) {
  return {
    /**
     * Begins the attempts that are due. For a webhook whose latest attempt failed, one at a time. A row that another process
     * claims at the same time is skipped.
     */
    async claim({ running, perWebhook, total, leaseMs }: ClaimLimits): Promise<readonly ClaimedDelivery[]> {
      const { rows } = await pool.query<ClaimedDelivery>(
        `with free as (
           select id, greatest(0, case when failing_since is null then $2::int else 1 end - coalesce(($1::jsonb ->> id)::int, 0)) as room
           from ecs_image_import.webhooks where disabled is null and (paused_until is null or paused_until <= now())
         ), due as (
           select d.* from free cross join lateral (
             select webhook_id, id from ecs_image_import.webhook_deliveries
             where webhook_id = free.id and state = 'pending' and next_at <= now() order by next_at limit free.room
             for update skip locked) d
           limit $3
         ), claimed as (
           update ecs_image_import.webhook_deliveries d set attempts = attempts + 1, tries = tries + 1,
             next_at = now() + $4 * interval '1 millisecond'
           from due where d.webhook_id = due.webhook_id and d.id = due.id returning d.*
         )
         select c.webhook_id as "webhookId", w.creator ->> 'id' as "creatorId", w.url, c.id, c.payload, c.attempts as attempt, c.tries,
           (select jsonb_agg(s ->> 'secret' order by nth) from jsonb_array_elements(w.secrets) with ordinality as all_secrets (s, nth)
            where s ->> 'until' is null or (s ->> 'until')::timestamptz > now()) as secrets
         from claimed c join ecs_image_import.webhooks w on w.id = c.webhook_id`,
        [JSON.stringify(running), perWebhook, total, leaseMs],
      );
      return rows;
    },

    /**
     * Records the result of an attempt. Ignored if another attempt has begun since.
     * @returns since when the webhook has had no success; null: it has, or the result was ignored
     */
    async settle(
      { webhookId, id, attempt }: Pick<ClaimedDelivery, 'webhookId' | 'id' | 'attempt'>,
      end: AttemptEnd,
    ): Promise<Date | null> {
      const waitMs = end.kind === 'repeated' ? end.waitMs : 0;
      const pauseMs = end.kind === 'repeated' ? end.pauseMs : 0;
      const state: DeliveryState = end.kind === 'repeated' ? 'pending' : end.kind;
      const { rows } = await pool.query<{ failing_since: Date | null }>(
        `with changed as (
           update ecs_image_import.webhook_deliveries set state = $4, next_at = now() + $5 * interval '1 millisecond',
             ended_at = case when $4 <> 'pending' then now() end,
             log = jsonb_path_query_array(jsonb_build_array($6::jsonb) || log, '$[0 to ${KEPT_ATTEMPTS - 1}]')
           where webhook_id = $1 and id = $2 and attempts = $3 and state = 'pending' returning webhook_id
         ), noted as (
           update ecs_image_import.webhooks w set
             failing_since = case when $4 = 'delivered' then null else coalesce(failing_since, now()) end,
             last_success_at = case when $4 = 'delivered' then now() else last_success_at end,
             paused_until = case when $7 > 0 then now() + $7 * interval '1 millisecond' else paused_until end
           from changed where w.id = changed.webhook_id and ($4 <> 'delivered' and (failing_since is null or $7 > 0)
             or $4 = 'delivered' and (failing_since is not null or last_success_at is null or last_success_at < now() - ${SUCCESS_NOTED_EVERY}))
           returning w.failing_since
         )
         select coalesce((select failing_since from noted), w.failing_since) as failing_since
         from changed join ecs_image_import.webhooks w on w.id = changed.webhook_id where $4 <> 'delivered'`,
        [webhookId, id, attempt, state, waitMs, JSON.stringify(end.attempt), pauseMs],
      );
      return rows[0]?.failing_since ?? null;
    },

    /** @returns false if the webhook does not exist */
    async insert(webhookId: string, id: string, type: string, payload: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `insert into ecs_image_import.webhook_deliveries (webhook_id, id, type, payload, state)
         select id, $2, $3, $4, 'pending' from ecs_image_import.webhooks where id = $1 on conflict do nothing`,
        [webhookId, id, type, payload],
      );
      return rowCount === 1;
    },

    async get(webhookId: string, id: string): Promise<DeliveryView | null> {
      const { rows } = await pool.query<DeliveryRow>(
        `select ${COLUMNS} from ecs_image_import.webhook_deliveries where webhook_id = $1 and id = $2`,
        [webhookId, id],
      );
      return rows[0] === undefined ? null : toView(rows[0]);
    },

    /** The newest first. */
    async list(webhookId: string, { state, cursor, limit }: DeliveryFilter): Promise<DeliveryPage> {
      const keys = [
        { column: 'webhook_id', value: webhookId },
        ...(state === undefined ? [] : [{ column: 'state', value: state }]),
      ];
      const page = pageCondition(keys, 'number', cursor === undefined ? undefined : String(cursor), 'desc', 2);
      const { rows } = await pool.query<DeliveryRow>(
        `select ${COLUMNS} from ecs_image_import.webhook_deliveries where ${page.where} order by ${page.orderBy} limit $1`,
        [limit, ...page.values],
      );
      return { deliveries: rows.map(toView), nextCursor: rows.length < limit ? null : (rows.at(-1)?.number ?? null) };
    },

    /**
     * Attempts dead deliveries again, with a new schedule.
     * @param id null: all that were created since
     * @returns how many
     */
    async redeliver(webhookId: string, id: string | null, since: string | null): Promise<number> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.webhook_deliveries set state = 'pending', tries = 0, next_at = now(), ended_at = null
         where webhook_id = $1 and ${id === null ? `state = 'dead' and ($2::timestamptz is null or created_at >= $2)` : `state <> 'pending' and id = $2`}`,
        [webhookId, id ?? since],
      );
      return rowCount ?? 0;
    },

    /** Deletes deliveries that ended, and were created so long ago. @returns false if there may be more */
    async prune(days: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `delete from ecs_image_import.webhook_deliveries where (webhook_id, id) in (
           select webhook_id, id from ecs_image_import.webhook_deliveries
           where created_at < now() - $1 * interval '1 day' and state <> 'pending' order by created_at limit ${PRUNED_AT_A_TIME})`,
        [days],
      );
      return (rowCount ?? 0) < PRUNED_AT_A_TIME;
    },
  };
}

const COLUMNS = `id, number, type, state, attempts, log, created_at, ended_at, case when state = 'pending' then next_at end as next_at`;

interface DeliveryRow {
  readonly id: string;
  readonly number: string;
  readonly type: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly log: readonly DeliveryAttempt[];
  readonly created_at: Date;
  readonly ended_at: Date | null;
  readonly next_at: Date | null;
}

function toView(row: DeliveryRow): DeliveryView {
  return {
    id: row.id,
    type: row.type,
    state: row.state,
    attempts: row.attempts,
    nextAttemptAt: row.next_at?.toISOString() ?? null,
    log: row.log,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  };
}
