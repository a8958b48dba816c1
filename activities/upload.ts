/** upload: every disk that is not in the bucket yet, side by side, resumed where an earlier try stopped. */
import { setMaxListeners } from 'node:events';
import type { DiskPlan, ImportPlan, StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { ofDisk } from './disk-failure.js';
import { runStep } from './step.js';
import { settle } from './upload/late-inspection.js';
import { type SentDisk, sendDisk } from './upload/send-disk.js';
import { workProgress } from './upload/work-progress.js';

export function createUpload(deps: ActivityDependencies) {
  /** @returns the plan with the place and format of every object, and with what was told of the image only now */
  return async function upload(input: StepInput, plan: ImportPlan): Promise<ImportPlan> {
    return await runStep(deps, 'upload', input, async (step) => {
      const progressOf = workProgress(plan.disks, step);
      // One abort for all disks: when one fails for good, the others stop sending at once.
      const siblings = new AbortController();
      const signal = AbortSignal.any([step.signal, siblings.signal]);
      setMaxListeners(0, signal);
      const send = async (disk: DiskPlan): Promise<SentDisk> => {
        try {
          return await sendDisk({ deps, step, input, disk, signal, progress: progressOf(disk) });
        } catch (error) {
          const told = ofDisk(error, disk.number);
          siblings.abort(told);
          throw told;
        }
      };
      const sent = await Promise.allSettled(plan.disks.map(send));
      step.signal.throwIfAborted();
      const disks = sent.map((result) => {
        if (result.status === 'rejected') throw siblings.signal.reason;
        return result.value;
      });
      const whole = { ...plan, disks: disks.map((disk) => disk.plan) };
      return await settle(deps, step, input.request, whole, disks[0]?.inspection ?? null);
    });
  };
}
