/** The statements that write import records. Reads are in import-reads.ts. */

import type pg from 'pg';
import type { Attention, ImportError, ImportView, Phase, Progress, State } from '../domain/import.js';
import type { ImportFacts, Requester } from '../domain/import-facts.js';
import { LATE_WINDOW_MS, lateCheckAt } from '../domain/late-check.js';
import type { LedgerEntry } from '../domain/ledger.js';
import type { ImportRequest } from '../domain/request/request.js';
import type { TemporalServer } from '../domain/temporal-server.js';
import { allEvents } from './all-events.js';
import { decisionStatements } from './decisions.js';
import { endedCountQueries } from './ended-counts.js';
import { FINAL_STATES_SQL } from './final-states.js';
import { findingQueries } from './findings.js';
import { type LedgerRow, type TimelineRow, timelineEntry, timeOf } from './import-children.js';
import { factQueries, factsOf, keepCalls, type StoredFacts } from './import-facts.js';
import { importReads } from './import-reads.js';
import { isoTime } from './iso-time.js';
import { jsonText } from './json-text.js';
import { keptResourceQueries } from './kept-resources.js';
import { lateCheckQueries } from './late-checks.js';
import { entriesOf, ledgerQueries } from './ledger.js';
import { orphanSnapshotQueries } from './orphan-snapshots.js';
import { orphanQueries } from './orphans.js';
import { createPlanBasis } from './plan-basis.js';
import { retryQueries } from './retries.js';
import { type StepNote, storedNotes } from './step-notes.js';
import { CHANGES_CHANNEL, type StepWrite } from './step-write.js';
import { type SharedUpload, toUpload, type UploadRow } from './uploads.js';
import { waitingQueries } from './waiting.js';
import { workerWaitQueries } from './worker-waits.js';
import { workflowCheckQueries } from './workflow-checks.js';

export interface NewImport {
  readonly id: string;
  readonly request: ImportRequest;
  readonly fileQueue: string;
  readonly idempotencyKey: string | null;
  /** Digest of the request as sent; the same idempotency key with another digest is refused. */
  readonly requestDigest: string;
  /** Absent: not known. */
  readonly by?: Requester;
}

export type InsertOutcome =
  | { readonly kind: 'created' | 'same'; readonly importId: string }
  | { readonly kind: 'conflict'; readonly importId: string };

export interface ImportToStart {
  readonly id: string;
  readonly request: ImportRequest;
  readonly fileQueue: string;
  /** Absent: not known. */
  readonly by?: Requester;
}

interface StartRow {
  readonly id: string;
  readonly request: ImportRequest;
  readonly file_queue: string;
  readonly created_by: Requester | null;
}

const START: Omit<Progress, 'phase'> = {
  percent: 0,
  bytesDone: null,
  bytesTotal: null,
  bytesPerSecond: null,
  etaSeconds: null,
};

export function atStartOf(phase: Phase): Progress {
  return { phase, ...START };
}

/** What a step can read of the record while it starts. */
export type StepRead = 'ledger' | 'uploads' | 'facts';

/** What was read; null: not asked for. */
export interface StartedStep {
  readonly ledger: readonly LedgerEntry[] | null;
  /** Every object that the import has used and that is not deleted yet. */
  readonly uploads: readonly SharedUpload[] | null;
  readonly facts: ImportFacts | null;
}

export interface AcceptedStep {
  /** False: the import has ended, or a newer step or attempt has begun. */
  readonly isCurrent: boolean;
  /** Null: there is no record. */
  readonly request: ImportRequest | null;
}

export type ImportTimes = Pick<ImportView, 'createdAt' | 'timeline'>;

interface StartedRow {
  readonly changed: boolean;
  readonly ledger: readonly LedgerRow[] | null;
  readonly uploads: readonly UploadRow[] | null;
  readonly facts: StoredFacts | null;
  readonly batch: string | null;
}

interface FinishedRow {
  readonly createdAt: number;
  readonly timeline: readonly TimelineRow[];
}

export type ImportStore = ReturnType<typeof createImportStore>;

/** @param lateWindowMs how long after the end of an import its calls may still take effect */
export function createImportStore(pool: pg.Pool, lateWindowMs = LATE_WINDOW_MS) {
  const ledger = ledgerQueries(pool);

  /** Runs one statement. @returns false if it changed nothing, because the record has a newer version */
  async function write(sql: string, values: readonly unknown[]): Promise<boolean> {
    const result = await pool.query<{ changed: boolean }>(sql, [...values]);
    return result.rows[0]?.changed ?? false;
  }

  async function finishNow(
    step: StepWrite,
    state: State,
    error: ImportError | null,
    more: readonly StepNote[],
  ): Promise<ImportTimes | null> {
    const pending = step.pending?.take() ?? [];
    const notes = [...pending, ...more];
    try {
      const { rows } = await pool.query<{ finished: FinishedRow | null }>(
        'select ecs_image_import.finish_import($1, $2, $3, $4::jsonb, $5, $6::jsonb, $7::jsonb, $8) as finished',
        [
          step.importId,
          step.version,
          step.phase,
          storedNotes(notes),
          state,
          error === null ? null : jsonText(error),
          JSON.stringify({ ...atStartOf('done'), percent: 100 }),
          lateCheckAt(lateWindowMs, 0),
        ],
      );
      const finished = rows[0]?.finished ?? null;
      if (finished === null) {
        await keepCalls(pool, step, notes);
        return null;
      }
      const { createdAt, timeline } = finished;
      return { createdAt: timeOf(createdAt), timeline: timeline.map(timelineEntry) };
    } catch (failed) {
      step.pending?.restore(pending);
      throw failed;
    }
  }

  return {
    /** Inserts the record of a new import. With an idempotency key, a repeated request returns the existing import. */
    async insert(input: NewImport): Promise<InsertOutcome> {
      const inserted = await pool.query(
        `with made as (
           insert into ecs_image_import.imports (id, state, phase, request, progress, file_queue, idempotency_key, request_digest, created_by)
           values ($1, 'running', 'accepted', $2, $3, $4, $5, $6, $7::jsonb -> 'by')
           on conflict do nothing
           returning id
         ), line as (
           insert into ecs_image_import.timeline (import_id, phase) select id, 'accepted' from made
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'state', 'accepted', 'running', 'accepted', $7::jsonb from made
         )
         select id, pg_notify('${CHANGES_CHANNEL}', id) from made`,
        [
          input.id,
          JSON.stringify(input.request),
          JSON.stringify(atStartOf('accepted')),
          input.fileQueue,
          input.idempotencyKey,
          input.requestDigest,
          JSON.stringify(input.by === undefined ? {} : { by: input.by }),
        ],
      );
      if (inserted.rowCount === 1) return { kind: 'created', importId: input.id };
      const found = await pool.query<{ id: string; request_digest: string }>(
        'select id, request_digest from ecs_image_import.imports where id = $1 or idempotency_key = $2',
        [input.id, input.idempotencyKey],
      );
      const row = found.rows[0];
      if (row === undefined)
        throw new Error(`import ${input.id} was not inserted, and no import has its id or idempotency key`);
      return { kind: row.request_digest === input.requestDigest ? 'same' : 'conflict', importId: row.id };
    },

    /**
     * Starts the first step. Also creates the record, so that a workflow that was not started by the API has one.
     * @param request null: the record exists
     */
    async accept(step: StepWrite, request: ImportRequest | null, fileQueue: string): Promise<AcceptedStep> {
      const { rows } = await pool.query<{ started: StartedRow & { readonly request: ImportRequest | null } }>(
        'select ecs_image_import.accept_import($1, $2, $3::jsonb, $4, $5::jsonb) as started',
        [
          step.importId,
          step.version,
          request === null ? null : JSON.stringify(request),
          fileQueue,
          JSON.stringify(atStartOf('accepted')),
        ],
      );
      const started = rows[0]?.started;
      if (started === undefined) throw new Error('PostgreSQL returned no row');
      return { isCurrent: started.changed, request: started.request };
    },

    /** Imports whose workflow start was not confirmed for `olderThanMs`: the process exited in between, or Temporal was unavailable. */
    async toStart(olderThanMs: number, limit: number): Promise<readonly ImportToStart[]> {
      const result = await pool.query<StartRow>(
        `select id, request, file_queue, created_by from ecs_image_import.imports
         where workflow_started_at is null and created_at < now() - $1 * interval '1 millisecond'
         order by created_at limit $2`,
        [olderThanMs, limit],
      );
      return result.rows.map(({ id, request, file_queue: fileQueue, created_by: by }) => ({
        ...{ id, request, fileQueue },
        ...(by === null ? {} : { by }),
      }));
    },

    /**
     * The first activity may have confirmed the start before, without knowing the server.
     * @param server where the workflow was started; null: unknown
     */
    async markStarted(importId: string, server: TemporalServer | null = null): Promise<void> {
      await pool.query(
        `update ecs_image_import.imports set workflow_started_at = coalesce(workflow_started_at, now()),
           temporal = case when workflow_started_at is null then coalesce($2::jsonb, temporal) else coalesce(temporal, $2::jsonb) end
         where id = $1 and (workflow_started_at is null or temporal is null and $2::jsonb is not null)`,
        [importId, server === null ? null : JSON.stringify(server)],
      );
    },

    /**
     * Starts a phase, or continues it after attention; ends the previous phase in the timeline.
     * @param reads what the step needs of the record, which costs no further statement
     * @returns null if the import has ended, or if a newer step or attempt has begun
     */
    async startPhase(
      step: StepWrite,
      state: State = 'running',
      reads: readonly StepRead[] = [],
    ): Promise<StartedStep | null> {
      const { rows } = await pool.query<{ started: StartedRow }>(
        'select ecs_image_import.start_step($1, $2, $3, $4, $5::jsonb, $6) as started',
        [step.importId, step.version, step.phase, state, JSON.stringify(atStartOf(step.phase)), reads],
      );
      const started = rows[0]?.started;
      return started === undefined ? null : toStarted(started);
    },

    /**
     * Writes what the step before has left, and starts the next phase, as `startPhase`. Throws `Import.Superseded` if a newer
     * step or attempt than the one before has begun.
     */
    async startNextPhase(
      before: StepWrite,
      step: StepWrite,
      reads: readonly StepRead[] = [],
    ): Promise<StartedStep | null> {
      const started = await ledger.flushInto(before, async (notes) => {
        const { rows } = await pool.query<{ started: StartedRow | null }>(
          'select ecs_image_import.next_step($1, $2, $3, $4::jsonb, $5, $6, $7, $8::jsonb, $9) as started',
          [
            ...[before.importId, before.version, before.phase, notes],
            ...[step.version, step.phase, 'running', JSON.stringify(atStartOf(step.phase)), reads],
          ],
        );
        return rows[0]?.started ?? null;
      });
      return toStarted(started);
    },

    progress(step: StepWrite, progress: Progress): Promise<boolean> {
      return write(
        `with changed as (
           update ecs_image_import.imports set version = $2, progress = $4, updated_at = now()
           where id = $1 and version <= $2 and phase = $3 and state in ('running', 'cancelling')
           returning id
         )
         select true as changed, pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [step.importId, step.version, step.phase, JSON.stringify(progress)],
      );
    },

    /**
     * Ignored for a stop that has been resumed, and for an import with a cancel request before its cleanup: no step waits there.
     * @returns the time of the stop by the clock of the database, which all workers share; null if ignored
     */
    async attention(step: StepWrite, attention: Omit<Attention, 'since'>): Promise<string | null> {
      const { rows } = await pool.query<{ since: string }>(
        `with stop as (
           select $4::jsonb || jsonb_build_object('since', ${isoTime('now()')}) as attention
         ), changed as (
           update ecs_image_import.imports set version = $2, phase = $3, state = 'attention', attention = stop.attention,
             attention_version = $2, waiting_for = null, retrying = null, updated_at = now()
           from stop
           where id = $1 and version <= $2 and state not in ${FINAL_STATES_SQL}
             and resumed_version is distinct from $2 and (cancel_asked_at is null or $3 in ('accepted', 'cleanup'))
           returning id, imports.attention
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'attention', $3, 'attention', attention ->> 'message', attention from changed
         )
         select attention ->> 'since' as since, pg_notify('${CHANGES_CHANNEL}', id) from changed`,
        [step.importId, step.version, step.phase, jsonText(attention)],
      );
      return rows[0]?.since ?? null;
    },

    /**
     * Writes what the step has left for later, the final state and error, and ends the timeline. Schedules a late check where a
     * call may still take effect: an attempt or a phase was repeated, or a cancel interrupted a step. A certain import needs none.
     * @returns null if the import has already ended, or if it would succeed but has a cancel request
     */
    finish(
      step: StepWrite,
      state: State,
      error: ImportError | null,
      more: readonly StepNote[] = [],
    ): Promise<ImportTimes | null> {
      const end = () => finishNow(step, state, error, more);
      return step.pending === undefined ? end() : step.pending.inTurn(end);
    },

    async note(importId: string, message: string, detail: Readonly<Record<string, unknown>> = {}): Promise<void> {
      await write(
        `with import as (
           select id, phase, state from ecs_image_import.imports where id = $1 for no key update
         ), event as (
           insert into ecs_image_import.events (import_id, type, phase, state, message, detail)
           select id, 'note', phase, state, $2, $3 from import
         )
         select true as changed, pg_notify('${CHANGES_CHANNEL}', id) from import`,
        [importId, message, jsonText(detail)],
      );
    },

    ...findingQueries(pool),
    ...factQueries(pool),
    ...importReads(pool),
    ...allEvents(pool),
    ...endedCountQueries(pool),
    ...decisionStatements(pool),
    ...ledger,
    ...waitingQueries(pool),
    ...createPlanBasis(pool),
    ...retryQueries(pool),
    ...workerWaitQueries(pool),
    ...orphanQueries(pool),
    ...lateCheckQueries(pool, lateWindowMs),
    ...orphanSnapshotQueries(pool),
    ...keptResourceQueries(pool),
    ...workflowCheckQueries(pool),

    async ping(): Promise<void> {
      await pool.query('select 1');
    },
  };
}

function toStarted({ changed, ledger, uploads, facts, batch }: StartedRow): StartedStep | null {
  if (!changed) return null;
  return {
    ledger: ledger === null ? null : entriesOf(ledger),
    uploads: uploads?.map(toUpload) ?? null,
    facts: facts === null ? null : factsOf(facts, batch),
  };
}
