/** The daily search for orphans: a Temporal schedule, created once. Changes by an operator are kept. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { MAIN_QUEUE, ORPHANS_WORKFLOW, type OrphanSweepInput } from '../domain/process-names.js';

const SCHEDULE_ID = 'orphans-daily';
const TRY_AGAIN_MS = 30_000;

/** Retries until Temporal can be reached. Returns a function that stops it. */
export function keepDailySweep(client: Client, log: { warn(attributes: object, message: string): void }): () => void {
  let timer: NodeJS.Timeout | null = null;
  const input: OrphanSweepInput = { delete: false, foreign: false };
  const make = async () => {
    try {
      await client.schedule.create({
        scheduleId: SCHEDULE_ID,
        spec: { calendars: [{ hour: 3, minute: 17 }] },
        policies: { overlap: ScheduleOverlapPolicy.SKIP },
        action: { type: 'startWorkflow', workflowType: ORPHANS_WORKFLOW, taskQueue: MAIN_QUEUE, args: [input] },
      });
    } catch (error) {
      if (error instanceof ScheduleAlreadyRunning) return;
      log.warn({ error: String(error) }, 'the daily search for orphans is not scheduled yet');
      timer = setTimeout(() => void make(), TRY_AGAIN_MS);
    }
  };
  void make();
  return () => {
    if (timer !== null) clearTimeout(timer);
  };
}
