/** Cancel and resume of an existing import. Each decision is one SQL statement. */
import type pg from 'pg';
import type { Phase, State } from '../domain/import.js';
import type { CancelSignal } from '../domain/process-names.js';
import type { ImportRequest } from '../domain/request/request.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { CANCELS_CHANNEL, CHANGES_CHANNEL } from './step-write.js';

/** The state of an import that a use case needs before it decides. */
export interface ImportStanding {
  readonly id: string;
  readonly state: State;
  readonly phase: Phase;
  readonly request: ImportRequest;
  readonly fileQueue: string;
  /** The highest version written; the next workflow of this import starts above it. */
  readonly version: number;
  /** The version of the current stop for attention. */
  readonly attentionVersion: number | null;
  /** False until a start of its workflow has been confirmed. */
  readonly workflowStarted: boolean;
  readonly createdAt: string;
  /** Of an import that has ended: when it ended. */
  readonly updatedAt: string;
}

export interface ResumeClaim {
  readonly importId: string;
  /** The version of the resumed stop. */
  readonly attentionVersion: number;
  /** The complete amended request; null if nothing changed. */
  readonly request: ImportRequest | null;
}

export function decisionStatements(pool: pg.Pool) {
  async function changes(sql: string, values: readonly unknown[]): Promise<boolean> {
    const result = await pool.query(sql, [...values]);
    return (result.rowCount ?? 0) > 0;
  }

  return {
    async standing(importId: string): Promise<ImportStanding | null> {
      const result = await pool.query<StandingRow>(
        `select ${STANDING_COLUMNS} from ecs_image_import.imports where id = $1`,
        [importId],
      );
      const row = result.rows[0];
      return row === undefined ? null : standingOf(row);
    },

    /**
     * Sets the state to `cancelling`; afterwards the import cannot end as `succeeded`. A stop at which the workflow still waits
     * stays visible: a stop of `accepted`, or a stop of the cleanup that was written after the cancel was sent.
     * @param seen version of the stop that the cancel ended, as the record showed it before
     * @param undelivered the cancel, if the workflow has not received it; the sweep delivers it
     * @returns false if the import has ended
     */
    recordCancel(importId: string, seen: number | null, undelivered: CancelSignal | null): Promise<boolean> {
      return changes(
        `with before as (
           select id, state as old_state,
             state = 'attention' and attention_version is not null
               and (phase = 'accepted' or phase = 'cleanup' and attention_version is distinct from $2) as stays
           from ecs_image_import.imports where id = $1 and state not in ${FINAL_STATES_SQL} for update
         ), changed as (
           update ecs_image_import.imports set cancel_asked_at = coalesce(cancel_asked_at, now()), cancel_undelivered = $3::jsonb,
             state = case when stays then state else 'cancelling' end,
             attention = case when stays then attention end,
             attention_version = case when stays then attention_version end,
             updated_at = now()
           from before where imports.id = before.id
           returning imports.id, old_state, state, phase
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message)
           select id, 'state', phase, state, phase || ' (' || state || ')' from changed where old_state <> state
         )
         select pg_notify('${CHANGES_CHANNEL}', id), pg_notify('${CANCELS_CHANNEL}', id) from changed`,
        [importId, seen, undelivered === null ? null : JSON.stringify(undelivered)],
      );
    },

    /**
     * Claims a stop for one resume: sets the state to `running` and stores the amended request. The claim stays until
     * `settleResume`, so that the signal is sent again if the process exits before it is delivered.
     * @returns false if another resume has claimed this stop, or the import no longer waits at it
     */
    claimResume(claim: ResumeClaim, note: Readonly<Record<string, unknown>>): Promise<boolean> {
      return changes(
        `with before as (
           select id, attention, request from ecs_image_import.imports
           where id = $1 and state = 'attention' and attention_version = $2 for update
         ), changed as (
           update ecs_image_import.imports set state = case when cancel_asked_at is null then 'running' else 'cancelling' end,
             attention = null, attention_version = null, resumed_version = $2,
             request = coalesce($3::jsonb, imports.request),
             resume_claim = jsonb_build_object(
               'attentionVersion', $2::bigint, 'attention', before.attention, 'request', $3::jsonb, 'requestBefore', before.request),
             resume_claimed_at = now(), updated_at = now()
           from before where imports.id = before.id
           returning imports.id, phase, state
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'note', phase, state, 'resume requested', $4::jsonb from changed
           union all
           select id, 'state', phase, state, phase || case state when 'running' then '' else ' (' || state || ')' end, '{}' from changed
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [
          claim.importId,
          claim.attentionVersion,
          claim.request === null ? null : JSON.stringify(claim.request),
          JSON.stringify(note),
        ],
      );
    },

    /** Deletes the claim after its signal was delivered. */
    async settleResume({ importId, attentionVersion }: Omit<ResumeClaim, 'request'>): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set resume_claim = null, resume_claimed_at = null
         where id = $1 and (resume_claim ->> 'attentionVersion')::bigint = $2`,
        [importId, attentionVersion],
      );
    },

    /** Reverts a claim that no workflow received: restores the stop and the previous request. */
    releaseResume({ importId, attentionVersion }: Omit<ResumeClaim, 'request'>): Promise<boolean> {
      return changes(
        `with changed as (
           update ecs_image_import.imports set state = 'attention', attention = resume_claim -> 'attention', attention_version = $2,
             request = resume_claim -> 'requestBefore', resumed_version = null,
             resume_claim = null, resume_claimed_at = null, updated_at = now()
           where id = $1 and (resume_claim ->> 'attentionVersion')::bigint = $2 and version = $2
             and state not in ${FINAL_STATES_SQL}
           returning id, phase, attention
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'attention', phase, 'attention', attention ->> 'message', attention from changed
         )
         select pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [importId, attentionVersion],
      );
    },

    /** Claims whose signal was not confirmed for `olderThanMs`: the process exited in between, or Temporal is unavailable. */
    async resumesToDeliver(olderThanMs: number, limit: number): Promise<readonly ResumeClaim[]> {
      const result = await pool.query<{ id: string; attention_version: string; request: ImportRequest | null }>(
        `select id, resume_claim ->> 'attentionVersion' as attention_version,
           nullif(resume_claim -> 'request', 'null') as request
         from ecs_image_import.imports
         where resume_claim is not null and resume_claimed_at < now() - $1 * interval '1 millisecond'
         order by resume_claimed_at limit $2`,
        [olderThanMs, limit],
      );
      return result.rows.map((row) => ({
        importId: row.id,
        attentionVersion: Number(row.attention_version),
        request: row.request,
      }));
    },
  };
}

export const STANDING_COLUMNS = `id, state, phase, request, file_queue, version, attention_version, created_at, updated_at,
  workflow_started_at is not null as workflow_started`;

export interface StandingRow {
  readonly id: string;
  readonly state: State;
  readonly phase: Phase;
  readonly request: ImportRequest;
  readonly file_queue: string;
  readonly version: string;
  readonly attention_version: string | null;
  readonly created_at: Date;
  readonly updated_at: Date;
  readonly workflow_started: boolean;
}

export function standingOf(row: StandingRow): ImportStanding {
  return {
    id: row.id,
    state: row.state,
    phase: row.phase,
    request: row.request,
    fileQueue: row.file_queue,
    version: Number(row.version),
    attentionVersion: row.attention_version === null ? null : Number(row.attention_version),
    workflowStarted: row.workflow_started,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
