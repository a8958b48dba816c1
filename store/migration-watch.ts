/**
 * Observes the session of a migration from a second connection: reports its progress, and cancels its statement before
 * other sessions have waited for it for a second.
 */
import type pg from 'pg';

const EVERY_MS = 150;
/** Together with the interval and the cancel less than a second. */
const BLOCKS_AT_MOST_MS = 500;
const REPORT_EVERY_MS = 5_000;

interface Observed {
  /** How long another session has waited to read or write behind a lock that the migration has or waits for; ms. */
  readonly blocks_ms: number;
  /** The sessions whose locks the migration waits for. */
  readonly blockers: readonly { pid: number; application: string; state: string; since: string }[];
  readonly build: { phase: string; done: number; total: number } | null;
}

const OBSERVE = `
  select
    coalesce((select extract(epoch from max(clock_timestamp() - waitstart)) * 1000 from pg_locks
      where not granted and locktype in ('relation', 'tuple', 'transactionid')
        and (locktype <> 'relation' or mode in ('AccessShareLock', 'RowShareLock', 'RowExclusiveLock'))
        and pid <> $1 and $1 = any(pg_blocking_pids(pid))), 0)::int as blocks_ms,
    coalesce((select jsonb_agg(jsonb_build_object('pid', pid, 'application', application_name, 'state', coalesce(state, ''),
        'since', coalesce(extract(epoch from clock_timestamp() - xact_start)::int, 0) || ' s'))
      from pg_stat_activity where pid = any(pg_blocking_pids($1))), '[]') as blockers,
    (select jsonb_build_object('phase', phase, 'done', case when blocks_total > 0 then blocks_done else tuples_done end,
        'total', case when blocks_total > 0 then blocks_total else tuples_total end)
      from pg_stat_progress_create_index where pid = $1) as build`;

export interface MigrationWatch {
  /** What the migration waits for, as last seen; null: nothing. */
  waitsFor(): string | null;
  /** True if this watch cancelled the statement. */
  hasCancelled(): boolean;
  stop(): Promise<void>;
}

/**
 * @param pid of the server process that runs the migration
 * @param report called with one line every few seconds
 */
export function watchMigration(observer: pg.Client, pid: number, report: (line: string) => void): MigrationWatch {
  let waits: string | null = null;
  let cancelled = false;
  let reportedAt = Date.now();
  let stopped = false;
  let wake: () => void = () => undefined;

  const observe = async () => {
    const { rows } = await observer.query<Observed>(OBSERVE, [pid]);
    const [seen] = rows;
    if (seen === undefined || stopped) return;
    const [blocker] = seen.blockers;
    if (blocker !== undefined) {
      waits = `process ${blocker.pid} of PostgreSQL (${blocker.application || 'unnamed'}, ${blocker.state}, transaction open for ${blocker.since})`;
    }
    if (seen.blocks_ms >= BLOCKS_AT_MOST_MS) {
      cancelled = true;
      await observer.query('select pg_cancel_backend($1)', [pid]);
    } else if (Date.now() - reportedAt >= REPORT_EVERY_MS) {
      reportedAt = Date.now();
      const { build } = seen;
      const share = build === null || build.total === 0 ? '' : ` ${Math.floor((100 * build.done) / build.total)} %`;
      report(
        [build === null ? 'runs' : `${build.phase}${share}`, blocker === undefined ? '' : `waits for ${waits}`]
          .filter((part) => part !== '')
          .join(', '),
      );
    }
  };
  const running = (async () => {
    while (!stopped) {
      // Without the observer, the time limit of the server for locks still holds.
      await observe().catch(() => undefined);
      if (stopped) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, EVERY_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();

  return {
    waitsFor: () => waits,
    hasCancelled: () => cancelled,
    async stop() {
      stopped = true;
      wake();
      await running;
    },
  };
}
