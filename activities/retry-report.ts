/** Writes to the record of an import what it retries: the last failure, the next attempt and the end of the patience. */
import type { Info } from '@temporalio/activity';
import type { Failure } from '../domain/errors/failure.js';
import type { ImportStore } from '../store/imports.js';
import type { StepWrite } from '../store/step-write.js';

/** A poller may fail once a second, for each of thousands of imports. */
const WRITE_EVERY_MS = 5_000;

export class RetryReporter {
  private writing: Promise<unknown> = Promise.resolve();
  private shown: { readonly code: string; readonly atMs: number } | null = null;

  /** @param mayBeShown the record may show the failure of an earlier attempt */
  constructor(
    private readonly store: Pick<ImportStore, 'recordRetry' | 'endRetry'>,
    private readonly step: StepWrite,
    private mayBeShown: boolean,
  ) {}

  failed({ code, message, remedy, requestId }: Failure, nextMs: number, givesUpMs: number): void {
    const atMs = Date.now();
    if (this.shown !== null && this.shown.code === code && atMs - this.shown.atMs < WRITE_EVERY_MS) return;
    this.shown = { code, atMs };
    this.mayBeShown = true;
    const [nextAt, givesUpAt] = [new Date(nextMs).toISOString(), new Date(givesUpMs).toISOString()];
    const of = requestId === undefined ? {} : { requestId };
    this.write(() => this.store.recordRetry(this.step, { code, message, remedy, ...of, nextAt, givesUpAt }));
  }

  progressed(): void {
    if (!this.mayBeShown) return;
    this.mayBeShown = false;
    this.shown = null;
    this.write(() => this.store.endRetry(this.step));
  }

  written(): Promise<unknown> {
    return this.writing;
  }

  /** A lost write is ignored: the next failure is written again, and the next phase removes it. */
  private write(statement: () => Promise<void>): void {
    this.writing = this.writing.then(statement).catch(() => undefined);
  }
}

/** The wait before the next attempt of an activity, as Temporal computes it. */
export function nextAttemptMs(
  { attempt, retryPolicy }: Pick<Info, 'attempt' | 'retryPolicy'>,
  failure: Failure,
): number {
  if (failure.retryAfterMs !== undefined) return failure.retryAfterMs;
  const [first, longest] = [Number(retryPolicy?.initialInterval ?? 0), Number(retryPolicy?.maximumInterval ?? 0)];
  return Math.min(longest, first * (retryPolicy?.backoffCoefficient ?? 1) ** (attempt - 1));
}
