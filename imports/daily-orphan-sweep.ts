/**
 * The daily search for orphans: a Temporal schedule, created once. Changes by an operator are kept; only the input is written
 * again, so that a new payload key encrypts it.
 */
import { type Client, ScheduleAlreadyRunning, ScheduleClient, ScheduleOverlapPolicy } from '@temporalio/client';
import type { PayloadCodec } from '@temporalio/common';
import {
  DAILY_SWEEP_WORKFLOW_ID,
  MAIN_QUEUE,
  ORPHANS_WORKFLOW,
  type OrphanSweepInput,
} from '../domain/process-names.js';
import { seal } from '../domain/sealed.js';

const SCHEDULE_ID = 'orphans-daily';
const TRY_AGAIN_MS = 30_000;

/** Retries until Temporal can be reached. Returns a function that stops it. */
export function keepDailySweep(client: Client, log: { warn(attributes: object, message: string): void }): () => void {
  let timer: NodeJS.Timeout | null = null;
  const input: OrphanSweepInput = { delete: false, foreign: false };
  const codecs = client.options.dataConverter?.payloadCodecs ?? [];
  const action = {
    type: 'startWorkflow',
    workflowType: ORPHANS_WORKFLOW,
    workflowId: DAILY_SWEEP_WORKFLOW_ID,
    taskQueue: MAIN_QUEUE,
    // The SDK has no interceptor for the input of a schedule.
    args: [codecs.length === 0 ? input : seal({ kind: 'start', name: ORPHANS_WORKFLOW }, [input])],
  } as const;
  const make = async () => {
    try {
      await client.schedule
        .create({
          scheduleId: SCHEDULE_ID,
          spec: { calendars: [{ hour: 3, minute: 17 }] },
          policies: { overlap: ScheduleOverlapPolicy.SKIP },
          action: { ...action, args: [...action.args] },
        })
        .catch(async (error: unknown) => {
          if (!(error instanceof ScheduleAlreadyRunning)) throw error;
          await writer(client, codecs)
            .getHandle(SCHEDULE_ID)
            .update((schedule) => ({ ...schedule, action: { ...schedule.action, args: [...action.args] } }));
        });
    } catch (error) {
      log.warn({ error: String(error) }, 'the daily search for orphans is not scheduled yet');
      timer = setTimeout(() => void make(), TRY_AGAIN_MS);
    }
  };
  void make();
  return () => {
    if (timer !== null) clearTimeout(timer);
  };
}

/** Does not read the input that it replaces: it may be plain, or its key may be gone. */
function writer({ connection, options }: Client, codecs: readonly PayloadCodec[]): ScheduleClient {
  const blind = codecs.map((codec) => ({
    encode: codec.encode,
    decode: async (payloads: Parameters<PayloadCodec['decode']>[0]) =>
      payloads.map(() => ({ metadata: { encoding: Buffer.from('binary/null') } })),
  }));
  return new ScheduleClient({
    connection,
    namespace: options.namespace,
    dataConverter: { payloadCodecs: blind },
  });
}
