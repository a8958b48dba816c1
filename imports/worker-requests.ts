/** Requests that a worker answers while the caller waits: an inspection, and a search for orphans. Nothing is stored. */
import { randomUUID } from 'node:crypto';
import { type Client, WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import type { Failure } from '../domain/errors/failure.js';
import { isRecord } from '../domain/json-value.js';
import {
  INSPECTION_WORKFLOW,
  type InspectionWorkflowInput,
  MAIN_QUEUE,
  ORPHANS_WORKFLOW,
  type OrphanSweep,
  type OrphanSweepInput,
} from '../domain/process-names.js';

const START_MS = 5_000;
/** Longer than the limits of the workflow, so that the caller gets the workflow's error. */
const INSPECTED_WITHIN_MS = 130_000;
const SEARCHED_WITHIN_MS = 600_000;

export type InspectionOutcome<Inspection> =
  | { readonly kind: 'inspected'; readonly inspection: Inspection }
  /** The worker could not read the file, or may not. */
  | { readonly kind: 'refused'; readonly failure: Failure }
  /** No worker of the host took the request in time. */
  | { readonly kind: 'late' };

export async function inspectImage<Inspection>(
  client: Client,
  input: InspectionWorkflowInput,
): Promise<InspectionOutcome<Inspection>> {
  const start = () =>
    client.workflow.start<(input: InspectionWorkflowInput) => Promise<Inspection>>(INSPECTION_WORKFLOW, {
      workflowId: `inspection-${randomUUID()}`,
      taskQueue: MAIN_QUEUE,
      args: [input],
      workflowExecutionTimeout: INSPECTED_WITHIN_MS,
      staticSummary: input.path,
    });
  const handle = await client.connection.withDeadline(Date.now() + START_MS, start);
  try {
    const answer = () => handle.result();
    return {
      kind: 'inspected',
      inspection: await client.connection.withDeadline(Date.now() + INSPECTED_WITHIN_MS, answer),
    };
  } catch (error) {
    const outcome = error instanceof WorkflowFailedError ? outcomeOf(error) : null;
    if (outcome === null) throw error;
    return outcome;
  }
}

export async function searchOrphans(client: Client, input: OrphanSweepInput): Promise<OrphanSweep> {
  const run = () =>
    client.workflow.execute<(input: OrphanSweepInput) => Promise<OrphanSweep>>(ORPHANS_WORKFLOW, {
      workflowId: `orphans-${randomUUID()}`,
      taskQueue: MAIN_QUEUE,
      args: [input],
      workflowExecutionTimeout: SEARCHED_WITHIN_MS,
    });
  return await client.connection.withDeadline(Date.now() + SEARCHED_WITHIN_MS, run);
}

function outcomeOf(error: WorkflowFailedError): InspectionOutcome<never> | null {
  const cause = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (cause instanceof ApplicationFailure && isFailure(cause.details?.[0])) {
    return { kind: 'refused', failure: cause.details[0] };
  }
  return cause instanceof TimeoutFailure ? { kind: 'late' } : null;
}

function isFailure(value: unknown): value is Failure {
  return isRecord(value) && typeof value.code === 'string' && typeof value.message === 'string';
}
