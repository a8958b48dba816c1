/** The statements of webhooks: create, list, delete, disable, and their secrets. */
import type pg from 'pg';
import type { Identity } from '../domain/access/identity.js';
import type { WebhookDisabled, WebhookView } from '../domain/webhooks.js';
import { isoTime } from './iso-time.js';
import { transaction } from './transaction.js';

export interface NewWebhook {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly creator: Identity;
  readonly secret: string;
}

/** Of all users together, and of one. */
export const MAX_WEBHOOKS = 100;
export const MAX_WEBHOOKS_OF_ONE = 20;

/** Serializes the creation, so that the limits hold. */
const CREATE_LOCK = 7_203_114_052;

interface WebhookRow {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly creator: Identity;
  readonly disabled: WebhookDisabled | null;
  readonly failing_since: Date | null;
  readonly last_success_at: Date | null;
  readonly previous_until: string | null;
  readonly created_at: Date;
}

/** Secrets are not read: no view contains them. */
const COLUMNS = `id, url, description, events, creator, disabled, failing_since, last_success_at, created_at,
  case when (secrets -> 1 ->> 'until')::timestamptz > now() then secrets -> 1 ->> 'until' end as previous_until`;

/** A webhook and the identity whose events it gets. */
export interface OwnedWebhook {
  readonly view: WebhookView;
  readonly creator: Identity;
}

export type WebhookStore = ReturnType<typeof createWebhookStore>;

export function createWebhookStore(pool: pg.Pool) {
  return {
    /** @returns null if there are too many */
    async create(webhook: NewWebhook): Promise<OwnedWebhook | null> {
      return await transaction(pool, async (client) => {
        await client.query('select pg_advisory_xact_lock($1)', [CREATE_LOCK]);
        const { rows } = await client.query<WebhookRow>(
          `insert into ecs_image_import.webhooks (id, url, description, events, creator, secrets)
           select $1, $2, $3, $4, $5, jsonb_build_array(jsonb_build_object('secret', $6::text, 'until', null))
           where (select count(*) from ecs_image_import.webhooks) < ${MAX_WEBHOOKS}
             and (select count(*) from ecs_image_import.webhooks where creator ->> 'id' = $5::jsonb ->> 'id') < ${MAX_WEBHOOKS_OF_ONE}
           returning ${COLUMNS}`,
          [
            webhook.id,
            webhook.url,
            webhook.description,
            webhook.events,
            JSON.stringify(webhook.creator),
            webhook.secret,
          ],
        );
        return rows[0] === undefined ? null : toWebhook(rows[0]);
      });
    },

    /** @param creatorId null: of all users */
    async list(creatorId: string | null): Promise<readonly OwnedWebhook[]> {
      const { rows } = await pool.query<WebhookRow>(
        `select ${COLUMNS} from ecs_image_import.webhooks where $1::text is null or creator ->> 'id' = $1 order by id`,
        [creatorId],
      );
      return rows.map(toWebhook);
    },

    async get(id: string): Promise<OwnedWebhook | null> {
      const { rows } = await pool.query<WebhookRow>(`select ${COLUMNS} from ecs_image_import.webhooks where id = $1`, [
        id,
      ]);
      return rows[0] === undefined ? null : toWebhook(rows[0]);
    },

    /** Deletes its deliveries too. @returns false if it does not exist */
    async remove(id: string): Promise<boolean> {
      const { rowCount } = await pool.query('delete from ecs_image_import.webhooks where id = $1', [id]);
      return rowCount === 1;
    },

    /** The previous secret signs too until `overlapMs` from now; an older one no longer. @returns false if it does not exist */
    async rotate(id: string, secret: string, overlapMs: number): Promise<boolean> {
      const { rowCount } = await pool.query(
        `update ecs_image_import.webhooks set secrets = jsonb_build_array(
           jsonb_build_object('secret', $2::text, 'until', null),
           (secrets -> 0) || jsonb_build_object('until', ${isoTime("(now() + $3 * interval '1 millisecond')")}))
         where id = $1`,
        [id, secret, overlapMs],
      );
      return rowCount === 1;
    },

    /** @returns false if it does not exist */
    async enable(id: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        'update ecs_image_import.webhooks set disabled = null, failing_since = null, paused_until = null where id = $1',
        [id],
      );
      return rowCount === 1;
    },

    /** Ends the webhook's deliveries too. Has no effect on one that is disabled. @returns whether it was enabled */
    async disable(id: string, reason: string): Promise<boolean> {
      const { rowCount } = await pool.query(
        `with changed as (
           update ecs_image_import.webhooks set disabled = jsonb_build_object('reason', $2::text, 'since', ${isoTime('now()')})
           where id = $1 and disabled is null returning id
         ), ended as (
           update ecs_image_import.webhook_deliveries set state = 'dead', ended_at = now()
           from changed where webhook_id = changed.id and state = 'pending'
         )
         select from changed`,
        [id, reason],
      );
      return rowCount === 1;
    },

    /** For metrics. */
    async countByState(): Promise<{ readonly enabled: number; readonly failing: number; readonly disabled: number }> {
      const { rows } = await pool.query<{ enabled: number; failing: number; disabled: number }>(
        `select (count(*) filter (where disabled is null and failing_since is null))::int as enabled,
           (count(*) filter (where disabled is null and failing_since is not null))::int as failing,
           (count(*) filter (where disabled is not null))::int as disabled from ecs_image_import.webhooks`,
      );
      return rows[0] ?? { enabled: 0, failing: 0, disabled: 0 };
    },
  };
}

function toWebhook(row: WebhookRow): OwnedWebhook {
  return {
    creator: row.creator,
    view: {
      id: row.id,
      url: row.url,
      description: row.description,
      events: row.events,
      state: row.disabled !== null ? 'disabled' : row.failing_since !== null ? 'failing' : 'enabled',
      disabled: row.disabled,
      failingSince: row.failing_since?.toISOString() ?? null,
      lastSuccessAt: row.last_success_at?.toISOString() ?? null,
      previousSecretUntil: row.previous_until,
      createdBy: { id: row.creator.id, name: row.creator.name },
      createdAt: row.created_at.toISOString(),
    },
  };
}
