/** How workflows move between versions of workers, where workers are pinned. */
import { setWorkflowOptions, workflowInfo } from '@temporalio/workflow';

/**
 * Where workers are pinned, only imports are: other workflows run on the current version. Temporal refuses every workflow task
 * that names a behavior and comes from a worker without a version, so that the behavior depends on the worker.
 */
export function upgradeWithWorkers<A extends unknown[], R>(workflow: (...input: A) => Promise<R>): void {
  setWorkflowOptions(() => {
    const deployment = workflowInfo().currentDeploymentVersion?.deploymentName ?? '';
    return deployment === '' ? {} : { versioningBehavior: 'AUTO_UPGRADE' };
  }, workflow);
}
