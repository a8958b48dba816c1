/** Attempts of activities that blocked the event loop of their worker until its watchdog ended the process. */
import type pg from 'pg';

export interface BlockedAttempt {
  readonly id: string;
  readonly activity: string;
  /** The ID of the workflow that called the activity. */
  readonly subject: string;
  readonly attempt: number;
  readonly host: string;
  /** Of this program. */
  readonly version: string;
  /** Where it was blocked, as far as is known. */
  readonly stack: string;
}

/** After so many deaths, an activity runs in a process of its own. */
export const DEATHS_BEFORE_ISOLATION = 3;
const COUNTED_DAYS = 30;

export type BlockedAttempts = ReturnType<typeof createBlockedAttempts>;

export function createBlockedAttempts(pool: pg.Pool) {
  return {
    /** Safe to repeat. */
    async record(attempt: BlockedAttempt): Promise<void> {
      await pool.query(
        `insert into ecs_image_import.blocked_attempts (id, activity, subject, attempt, host, version, stack)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
        [attempt.id, attempt.activity, attempt.subject, attempt.attempt, attempt.host, attempt.version, attempt.stack],
      );
    },

    /** The activities to isolate, as `keyOf` names them. Another version of the program may not block: its count starts at 0. */
    async toIsolate(version: string): Promise<ReadonlySet<string>> {
      const result = await pool.query<{ subject: string; activity: string }>(
        `select subject, activity from ecs_image_import.blocked_attempts
         where version = $1 and blocked_at > now() - interval '${COUNTED_DAYS} days'
         group by subject, activity having count(*) >= ${DEATHS_BEFORE_ISOLATION}`,
        [version],
      );
      return new Set(result.rows.map(keyOf));
    },
  };
}

export function keyOf({ subject, activity }: Pick<BlockedAttempt, 'subject' | 'activity'>): string {
  return `${activity} of ${subject}`;
}
