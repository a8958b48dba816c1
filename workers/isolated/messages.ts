/** The messages between a worker and the process that runs one activity alone. */
import type { Info } from '@temporalio/activity';
import { ApplicationFailure, type ApplicationFailureCategory, CancelledFailure } from '@temporalio/common';

export interface IsolatedTask {
  readonly activity: string;
  readonly args: readonly unknown[];
  readonly info: Info;
  /** Exists if the watchdog of the process ended it. */
  readonly reportsDir: string;
}

export type ToProcess =
  | { readonly kind: 'run'; readonly task: IsolatedTask }
  | { readonly kind: 'cancel'; readonly message: string };

export type FromProcess =
  | { readonly kind: 'heartbeat'; readonly details: unknown }
  | { readonly kind: 'result'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly failure: PlainFailure };

/** An error that the activity threw, without its class. */
export interface PlainFailure {
  readonly cancelled: boolean;
  readonly message: string;
  readonly type: string | null;
  readonly nonRetryable: boolean;
  readonly details: readonly unknown[];
  readonly nextRetryDelay: ApplicationFailure['nextRetryDelay'] | null;
  readonly category: ApplicationFailureCategory | null;
}

export function toPlain(error: unknown): PlainFailure {
  const application = error instanceof ApplicationFailure ? error : null;
  return {
    cancelled: error instanceof CancelledFailure,
    message: error instanceof Error ? error.message : String(error),
    type: application?.type ?? null,
    nonRetryable: application?.nonRetryable ?? false,
    details: application?.details ?? [],
    nextRetryDelay: application?.nextRetryDelay ?? null,
    category: application?.category ?? null,
  };
}

export function fromPlain(failure: PlainFailure): Error {
  const { cancelled, message, type, nonRetryable, details, nextRetryDelay, category } = failure;
  if (cancelled) return new CancelledFailure(message);
  return ApplicationFailure.create({
    ...{ message, nonRetryable, details: [...details] },
    ...(type === null ? {} : { type }),
    ...(nextRetryDelay === null || nextRetryDelay === undefined ? {} : { nextRetryDelay }),
    ...(category === null ? {} : { category }),
  });
}
