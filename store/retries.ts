/** The statements that record what an import retries. */
import type pg from 'pg';
import type { Retry } from '../domain/retry-wait.js';
import { isoTime } from './iso-time.js';
import { jsonText } from './json-text.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';

export function retryQueries(pool: pg.Pool) {
  return {
    /** Records the failure of an attempt. A failure in a row keeps the time of the first one. */
    async recordRetry(step: StepWrite, retry: Omit<Retry, 'since'>): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.imports set updated_at = now(),
             retrying = $4::jsonb || jsonb_build_object('since', coalesce(retrying ->> 'since', ${isoTime('now()')}))
           where id = $1 and version = $2 and phase = $3 and state in ('running', 'cancelling')
           returning id
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [step.importId, step.version, step.phase, jsonText(retry)],
      );
    },

    /** An attempt has got further than the failed one. */
    async endRetry(step: StepWrite): Promise<void> {
      await pool.query(
        `with changed as (
           update ecs_image_import.imports set retrying = null, updated_at = now()
           where id = $1 and version <= $2 and phase = $3 and retrying is not null
           returning id
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [step.importId, step.version, step.phase],
      );
    },
  };
}
