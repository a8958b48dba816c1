/** Imports and batches whose workflow the connected Temporal server does not run, and how the record shows them. */
import type { BatchHold } from './batch/batch.js';
import { fail } from './errors/index.js';
import type { Attention } from './import.js';
import { describeServer, isSameServer, type TemporalServer } from './temporal-server.js';

/** `OtherTemporal`: started on another cluster or namespace. `WorkflowLost`: not found where it was started. */
export const LOST_IMPORT_CODES = ['Import.WorkflowLost', 'Import.OtherTemporal'] as const;
export const LOST_BATCH_CODES = ['Batch.WorkflowLost', 'Batch.OtherTemporal'] as const;

/** How the connected server shows the workflow. */
export type LostStatus = { readonly kind: 'unknown' | 'completed' } | { readonly kind: 'broken'; readonly how: string };

export interface LostWorkflow {
  readonly id: string;
  /** Where it was started or last seen; null: unknown. */
  readonly server: TemporalServer | null;
}

/** A process checks each workflow several times within this time; ms. */
const SEEN_LATELY_MS = 120_000;

/**
 * Another process, connected to another server, has just seen the workflow running. Nothing is concluded from what this
 * process sees.
 */
export function runsElsewhere(
  { server, unseenForMs }: LostWorkflow & { readonly unseenForMs: number | null },
  connected: TemporalServer,
): boolean {
  return isOther(server, connected) && unseenForMs !== null && unseenForMs < SEEN_LATELY_MS;
}

export function lostImport(
  { id, server }: LostWorkflow,
  status: LostStatus,
  connected: TemporalServer,
  nowMs: number,
): Attention {
  const message = messageOf(`import ${id}`, server, status, connected);
  const code = isOther(server, connected) ? 'Import.OtherTemporal' : 'Import.WorkflowLost';
  const { remedy } = fail(code, message).failure;
  return { code, message, remedy, since: new Date(nowMs).toISOString() };
}

export function lostBatch({ id, server }: LostWorkflow, status: LostStatus, connected: TemporalServer): BatchHold {
  const message = messageOf(`batch ${id}`, server, status, connected);
  const code = isOther(server, connected) ? 'Batch.OtherTemporal' : 'Batch.WorkflowLost';
  return { code, message, remedy: fail(code, message).failure.remedy };
}

/**
 * True if the workflow was started on a server other than the connected one, also where it is unknown whether both are the same.
 * False if it is unknown where it was started: the ID of the workflow contains that of the import or batch.
 */
export function isOther(server: TemporalServer | null, connected: TemporalServer): server is TemporalServer {
  return server !== null && !isSameServer(server, connected);
}

function messageOf(what: string, server: TemporalServer | null, status: LostStatus, connected: TemporalServer): string {
  const place = describeServer(connected);
  return isOther(server, connected)
    ? `${what} was started in ${describeServer(server)}, but this service is connected to ${place}, which ${shows(status)} of it`
    : `${place} ${shows(status)} of ${what}`;
}

function shows(status: LostStatus): string {
  switch (status.kind) {
    case 'unknown':
      return 'has no workflow';
    case 'completed':
      return 'shows a completed workflow whose result is not in the database';
    case 'broken':
      return `shows a workflow with the status “${status.how}”`;
  }
}

export function isLostImport({ code }: Pick<Attention, 'code'>): boolean {
  return LOST_IMPORT_CODES.some((one) => one === code);
}
