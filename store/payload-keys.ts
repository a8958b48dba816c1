/** The statements on the keys of payloads, and on imports whose payloads need a key that a worker does not have. */
import type pg from 'pg';
import { BATCH_WORKFLOW_PREFIX } from '../domain/batch/names.js';
import { IMPORT_WORKFLOW_PREFIX } from '../domain/ids.js';
import type { Attention } from '../domain/import.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { CHANGES_CHANNEL } from './step-write.js';

export const PAYLOAD_KEY_MISSING = 'Payload.KeyMissing';

/** Processes that still run without keys, or with the key before, are replaced within this time. */
const ROLLOUT = `interval '10 minutes'`;
/** Covers processes that read their keys late, and results that are read later. */
const KEY_MARGIN = `interval '1 day'`;
const MAX_KNOWN = 10_000;

export type PayloadKeyStore = ReturnType<typeof createPayloadKeyStore>;

export function createPayloadKeyStore(pool: pg.Pool) {
  /** Old workflows; this never changes, except that their record is deleted. */
  const plain = new Set<string>();

  return {
    /** Records that the key encrypts now; for the first key also the time until which workflows may be plain. */
    async register({ id, fingerprint }: { readonly id: string; readonly fingerprint: string }) {
      // The first time of several processes counts. With no import yet, none can be plain.
      await pool.query(
        `insert into ecs_image_import.payload_encryption (plain_until)
         select case when exists (select from ecs_image_import.imports) or exists (select from ecs_image_import.batches)
           then now() + ${ROLLOUT} else now() end
         on conflict do nothing`,
      );
      const result = await pool.query(
        `with registered as (
           insert into ecs_image_import.payload_keys as known (id, fingerprint) values ($1, $2)
           on conflict (id) do update set replaced_at = null where known.fingerprint = $2
           returning id
         ), replaced as (
           update ecs_image_import.payload_keys set replaced_at = now()
           where id <> $1 and replaced_at is null and exists (select from registered)
         )
         select id from registered`,
        [id, fingerprint],
      );
      return result.rows.length > 0 ? ('registered' as const) : ('otherKey' as const);
    },

    /** The keys that open imports and batches may use. */
    async neededKeys(): Promise<readonly string[]> {
      const openSince = (table: string) =>
        `exists (select from ecs_image_import.${table} where state not in ${FINAL_STATES_SQL}
           and created_at < replaced_at + ${KEY_MARGIN})`;
      const result = await pool.query<{ id: string }>(
        `select id from ecs_image_import.payload_keys
         where replaced_at is null or replaced_at > now() - ${KEY_MARGIN} or ${openSince('imports')} or ${openSince('batches')}
         order by id`,
      );
      return result.rows.map(({ id }) => id);
    },

    /** Whether the workflow belongs to an import or batch that was created before payloads were encrypted. */
    async mayBePlain(workflowId: string): Promise<boolean> {
      if (plain.has(workflowId)) return true;
      const result = await pool.query<{ old: boolean }>(
        `select created_at < (select plain_until from ecs_image_import.payload_encryption) as old from (
           select created_at from ecs_image_import.imports where $1 = '${IMPORT_WORKFLOW_PREFIX}' || id
           union all
           select created_at from ecs_image_import.batches where $1 = '${BATCH_WORKFLOW_PREFIX}' || id
         ) as created`,
        [workflowId],
      );
      const isOld = result.rows[0]?.old === true;
      if (isOld && plain.size < MAX_KNOWN) plain.add(workflowId);
      return isOld;
    },

    /** Stops an import because a worker does not have the key of its payloads. What the record showed before is kept. */
    async stopForKey(importId: string, keyId: string, attention: Attention): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.imports set
             before_key_stop = jsonb_build_object(
               'state', state, 'attention', attention, 'attentionVersion', attention_version, 'keyId', $2::text),
             state = 'attention', attention = $3, attention_version = null, updated_at = now()
           where id = $1 and state not in ${FINAL_STATES_SQL} and before_key_stop is null
           returning id, phase
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'attention', phase, 'attention', $3::jsonb ->> 'message', $3::jsonb from changed
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [importId, keyId, JSON.stringify(attention)],
      );
    },

    /** Restores what the record showed before imports stopped for one of these keys. */
    async endKeyStops(keyIds: readonly string[]): Promise<number> {
      const result = await pool.query(
        `with stopped as (
           select id, before_key_stop as before, state = 'attention' and attention ->> 'code' = $2 as shown
           from ecs_image_import.imports where before_key_stop ->> 'keyId' = any($1) for update
         ), changed as (
           update ecs_image_import.imports set before_key_stop = null,
             state = case when not shown then state when cancel_asked_at is not null then 'cancelling' else before ->> 'state' end,
             attention = case when shown then nullif(before -> 'attention', 'null') else attention end,
             attention_version = case when shown then (before ->> 'attentionVersion')::bigint else attention_version end
           from stopped where imports.id = stopped.id
           returning imports.id, phase, state, shown
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message)
           select id, 'state', phase, state, 'the payload key was added' from changed where shown
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed where shown`,
        [keyIds, PAYLOAD_KEY_MISSING],
      );
      return result.rowCount ?? 0;
    },
  };
}
