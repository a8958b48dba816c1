/** Runs in place of a workflow whose type this service does not have. */
import { ApplicationFailure, workflowInfo } from '@temporalio/workflow';
import { NOT_STARTED_HERE, refusalMessage } from '../domain/sealed.js';

/** Fails: without it, Temporal would repeat the workflow task without limit. */
export async function unknownWorkflow(): Promise<never> {
  const { workflowType } = workflowInfo();
  throw ApplicationFailure.nonRetryable(
    refusalMessage(`workflow ${workflowType}`, 'this version has no workflow of this type'),
    NOT_STARTED_HERE,
  );
}
