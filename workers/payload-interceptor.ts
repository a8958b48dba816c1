/** Runs an activity only if a workflow of this service scheduled it: a foreign client can name any activity and any input. */
import { ApplicationFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { ImportActivities } from '../activities/index.js';
import { batchWorkflowId } from '../domain/batch/names.js';
import { importWorkflowId } from '../domain/ids.js';
import { isObject } from '../domain/json-value.js';
import { NOT_STARTED_HERE, open, refusalMessage, sealResult } from '../domain/sealed.js';

/** They act on more than one import, so no plain input may start them. */
const OF_NO_IMPORT: readonly string[] = [
  'inspectFile',
  'sweepOrphans',
  'checkLate',
] satisfies readonly (keyof ImportActivities)[];

/** @param isOld whether the workflow was started before payloads were encrypted */
export function refuseForeignActivities(isOld: (workflowId: string) => Promise<boolean>): ActivityInterceptorsFactory {
  return ({ info: { activityType: name, workflowExecution } }) => ({
    inbound: {
      async execute(input, next) {
        const refusal = (reason: string) =>
          ApplicationFailure.nonRetryable(refusalMessage(`activity ${name}`, reason), NOT_STARTED_HERE);
        if (workflowExecution === undefined) throw refusal('no workflow has scheduled it');
        const opened = open({ kind: 'activity', name }, input.args);
        if (opened.kind === 'refused') throw refusal(opened.reason);
        if (opened.kind === 'sealed') {
          return sealResult(opened.call, await next({ ...input, args: [...opened.args] }));
        }
        const { workflowId } = workflowExecution;
        const isOwn = !OF_NO_IMPORT.includes(name) && isInputOf(workflowId, opened.args[0]);
        if (!isOwn || !(await isOld(workflowId))) throw refusal('its input is not encrypted');
        return await next(input);
      },
    },
  });
}

/** Whether the input is that of the import or batch to which the workflow belongs. */
function isInputOf(workflowId: string, input: unknown): boolean {
  const fields = isObject(input) ? input : {};
  const ids = [
    ...[input, fields.importId].map((id) => (typeof id === 'string' ? importWorkflowId(id) : null)),
    ...[input, fields.batchId].map((id) => (typeof id === 'string' ? batchWorkflowId(id) : null)),
  ];
  return ids.includes(workflowId);
}
