/** upload: uploads every disk that is not in the bucket yet, concurrently; continues where an earlier attempt stopped. */
import { setMaxListeners } from 'node:events';
import type { DiskPlan, ImportPlan, StepInput } from '../domain/plan.js';
import type { ActivityDependencies } from './dependencies.js';
import { ofDisk } from './disk-failure.js';
import { reportEndpoint } from './endpoint-of-import.js';
import { forgottenImage, mayHaveImage } from './forgotten-image.js';
import { runStep } from './step.js';
import { settle } from './upload/late-inspection.js';
import { type SentDisk, sendDisk } from './upload/send-disk.js';
import { workProgress } from './upload/work-progress.js';

export function createUpload(deps: ActivityDependencies) {
  /** @returns the plan with the location and format of every object, and with the findings of late inspections applied */
  return async function upload(input: StepInput, plan: ImportPlan): Promise<ImportPlan> {
    return await runStep(deps, 'upload', input, async (step) => {
      const image = mayHaveImage(deps, step) ? await forgottenImage(deps, step, input) : null;
      if (image !== null) return { ...plan, image };
      if (plan.disks.some(({ key }) => key === null)) {
        const { region, upload: to } = input.request;
        await reportEndpoint(deps.store, step, deps.cloud.oss(region), to.bucket);
      }
      const progressOf = workProgress(plan.disks, step);
      // One abort signal for all disks: when one fails permanently, the others stop immediately.
      const siblings = new AbortController();
      const signal = AbortSignal.any([step.signal, siblings.signal]);
      setMaxListeners(0, signal);
      const send = async (disk: DiskPlan): Promise<SentDisk> => {
        try {
          return await sendDisk({ deps, step, input, disk, signal, progress: progressOf(disk) });
        } catch (error) {
          const failure = ofDisk(error, disk.number);
          siblings.abort(failure);
          throw failure;
        }
      };
      const sent = await Promise.allSettled(plan.disks.map(send));
      step.signal.throwIfAborted();
      const disks = sent.map((result) => {
        if (result.status === 'rejected') throw siblings.signal.reason;
        return result.value;
      });
      const sentPlan = { ...plan, disks: disks.map((disk) => disk.plan) };
      return await settle(deps, step, input.request, sentPlan, disks[0]?.inspection ?? null);
    });
  };
}
