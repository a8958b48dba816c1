/** The worker deployment of pinned workers in Temporal: the first version that ever runs becomes the current one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import type { WorkerVersioning } from '../config/worker.js';

/** Temporal registers a version when its worker polls for the first time. */
const ATTEMPTS = 20;
const EVERY_MS = 500;
/** gRPC's NOT_FOUND and FAILED_PRECONDITION. */
const NOT_YET = [5, 9];

/**
 * Without a current version, no import would start. Later versions become current by an operator's command only, because that
 * moves all new imports.
 * @param onProblem called with one line when another version is current, or when the server refuses
 */
export async function makeFirstVersionCurrent(
  { workflowService }: Pick<NativeConnection, 'workflowService'>,
  namespace: string,
  { deployment: deploymentName, buildId }: WorkerVersioning,
  onProblem: (problem: string) => void,
): Promise<void> {
  for (let left = ATTEMPTS; left > 0; left -= 1) {
    try {
      const { workerDeploymentInfo: info, conflictToken } = await workflowService.describeWorkerDeployment({
        ...{ namespace, deploymentName },
      });
      const current = info?.routingConfig?.currentDeploymentVersion?.buildId ?? null;
      if (current === buildId) return;
      if (current !== null) {
        onProblem(
          `new imports run on version ${current} of the worker deployment ${deploymentName}, and on ${buildId} after: ${currentCommand(deploymentName, buildId)}`,
        );
        return;
      }
      const change = { namespace, deploymentName, buildId, ...(conflictToken == null ? {} : { conflictToken }) };
      await workflowService.setWorkerDeploymentCurrentVersion(change);
      return;
    } catch (error) {
      const mayStillCome = isGrpcServiceError(error) && NOT_YET.includes(error.code);
      if (left === 1 || !mayStillCome) {
        const reason = error instanceof Error ? error.message : String(error);
        onProblem(
          `version ${buildId} of the worker deployment ${deploymentName} is not current (${reason}). If none is, no import starts: ${currentCommand(deploymentName, buildId)}`,
        );
        return;
      }
      await sleep(EVERY_MS);
    }
  }
}

function currentCommand(deployment: string, buildId: string): string {
  return `temporal worker deployment set-current-version --deployment-name ${deployment} --build-id ${buildId}`;
}
