/** The late checks of ended imports (domain/late-check.ts). A check writes to an ended import under a version of its own. */
import type pg from 'pg';
import { lateCheckAt } from '../domain/late-check.js';
import type { LedgerWrite } from '../domain/ledger.js';
import { type OssAccess, ossAccessOf } from '../domain/oss-access.js';
import type { ImportRequest } from '../domain/request/request.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { superseded } from './ledger.js';
import { storedEntry } from './step-notes.js';
import { CHANGES_CHANNEL } from './step-write.js';

export interface LateCheck {
  readonly importId: string;
  /** Of the request; undefined: that of the worker's own credentials. */
  readonly account: string | undefined;
  /** Only the last run that claimed the import may write. */
  readonly version: number;
  /** Resources are ours only if they were created in this time; ms since 1970. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** Images that superseded workers reported after the end. */
  readonly reportedImages: readonly string[];
  /** How its objects are reached. */
  readonly access: OssAccess;
}

export interface LateCheckResult {
  readonly found: boolean;
  /** Null: everything was checked, and what was found was removed. */
  readonly failed: string | null;
}

/**
 * A check whose worker has died is repeated after this time: like the heartbeat timeout of the activity, whose next attempt then
 * repeats it. A worker renews the claims of its checks meanwhile.
 */
const CLAIM_MS = 30_000;
export const RENEW_CLAIM_MS = CLAIM_MS / 4;
const UNTIL_REPEATED = `now() + ${CLAIM_MS} * interval '1 millisecond'`;
/** A check that fails is repeated less often with time. */
const [REPEAT_FIRST_MS, REPEAT_LAST_MS] = [60_000, 60 * 60_000];
/** A check that fails is repeated until this time after the window. */
const GIVE_UP_AFTER_MS = 24 * 60 * 60_000;

export function lateCheckQueries(pool: pg.Pool, windowMs: number) {
  return {
    async isLateCheckDue(): Promise<boolean> {
      const { rows } = await pool.query<{ due: boolean }>(
        `select exists (select from ecs_image_import.imports where check_after <= now() and state in ${FINAL_STATES_SQL}) as due`,
      );
      return rows[0]?.due === true;
    },

    async claimLateChecks(limit: number): Promise<readonly LateCheck[]> {
      const { rows } = await pool.query<ClaimedRow>(
        `with due as (
           select id from ecs_image_import.imports where check_after <= now() and state in ${FINAL_STATES_SQL}
           order by check_after limit $1 for update skip locked
         ), claimed as (
           update ecs_image_import.imports set late_version = late_version + 1, check_after = ${UNTIL_REPEATED}
           from due where imports.id = due.id returning imports.id, request ->> 'account' as account, late_version, created_at,
             updated_at,
             jsonb_build_object('upload', request -> 'upload', 'storageLocationArn', request -> 'storageLocationArn') as reached
         )
         select claimed.*,
           coalesce((select ended_at from ecs_image_import.timeline where import_id = claimed.id and phase = 'done'), updated_at) as ended_at,
           array(select detail -> 'late' ->> 'imageId' from ecs_image_import.events
             where import_id = claimed.id and detail -> 'late' ->> 'imageId' is not null) as reported
         from claimed order by id`,
        [limit],
      );
      return rows.map((row) => ({
        importId: row.id,
        account: row.account ?? undefined,
        version: Number(row.late_version),
        fromMs: row.created_at.getTime(),
        untilMs: row.ended_at.getTime() + windowMs,
        reportedImages: row.reported,
        access: ossAccessOf(row.reached),
      }));
    },

    /**
     * Renews the claims of checks that have not ended. One that is due again stays so: another run has claimed it, or is to. One that
     * has been settled meanwhile is due later than a claim ends: renewed, its last check would come before late calls are over.
     */
    async renewLateChecks(checks: readonly Pick<LateCheck, 'importId' | 'version'>[]): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set check_after = ${UNTIL_REPEATED}
         from unnest($1::text[], $2::bigint[]) as claimed (id, version)
         where imports.id = claimed.id and late_version = claimed.version and check_after > now() and check_after <= ${UNTIL_REPEATED}`,
        [checks.map(({ importId }) => importId), checks.map(({ version }) => version)],
      );
    },

    /** Throws `Import.Superseded` if another run has claimed the import. */
    async requireLateCheck({ importId, version }: LateCheck): Promise<void> {
      const { rowCount } = await pool.query(
        'select from ecs_image_import.imports where id = $1 and late_version = $2',
        [importId, version],
      );
      if (rowCount === 0) throw superseded(importId, 'the late check changes nothing');
    },

    /** Like `record`, for what a late check has found and removed. */
    async recordLate({ importId, version }: LateCheck, entry: LedgerWrite): Promise<void> {
      const { rowCount } = await pool.query(
        `with fence as (
           select id, state from ecs_image_import.imports where id = $1 and late_version = $2::bigint for no key update
         )
         select ecs_image_import.write_ledger_entry(id, 'done', state, $3::jsonb), pg_notify('${CHANGES_CHANNEL}', id) from fence`,
        [importId, version, storedEntry(entry)],
      );
      if (rowCount === 1) return;
      throw superseded(importId, `${entry.kind} ${entry.key} is not recorded as ${entry.status}`);
    },

    /**
     * Ends a check. The next one is due at its time; sooner after one that failed or found something; immediately if a
     * superseded worker has reported a resource in the meantime.
     */
    async settleLateCheck(
      { importId, version, untilMs }: LateCheck,
      { found, failed }: LateCheckResult,
    ): Promise<void> {
      const endedMs = untilMs - windowMs;
      const giveUp = Date.now() > untilMs + GIVE_UP_AFTER_MS;
      const note =
        failed === null
          ? null
          : `the late check could not finish: ${failed}${giveUp ? '. It is not repeated: check with ecs-image-import orphans' : ''}`;
      await pool.query(
        `with before as (
           select id, late_checks + $3::int as checks from ecs_image_import.imports where id = $1 and late_version = $2 for update
         ), changed as (
           update ecs_image_import.imports set late_checks = before.checks, check_after = case
             when check_after <= now() then check_after
             else to_timestamp(($4::float8[])[before.checks + 1] / 1000) end
           from before where imports.id = before.id
           returning imports.id, phase, state
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message)
           select id, 'note', phase, state, $5 from changed where $5::text is not null
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [importId, version, found || failed !== null ? 0 : 1, dueTimes(endedMs, found, failed, giveUp), note],
      );
    },
  };

  /** When the check with each number is due. */
  function dueTimes(endedMs: number, found: boolean, failed: string | null, giveUp: boolean): readonly number[] {
    const times: number[] = [];
    const now = Date.now();
    const repeatMs = Math.min(REPEAT_LAST_MS, Math.max(REPEAT_FIRST_MS, (now - endedMs) / 4));
    const notBefore = failed !== null ? now + repeatMs : found ? now + (lateCheckAt(windowMs, 0) ?? 0) : 0;
    for (let check = 0; ; check++) {
      const at = lateCheckAt(windowMs, check);
      if (at === null || giveUp) return times;
      times.push(Math.max(endedMs + at, notBefore));
    }
  }
}

interface ClaimedRow {
  readonly id: string;
  readonly account: string | null;
  readonly late_version: string;
  readonly created_at: Date;
  readonly ended_at: Date;
  readonly reported: readonly string[];
  readonly reached: Pick<ImportRequest, 'upload' | 'storageLocationArn'>;
}
