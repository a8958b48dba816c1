/** An inspection without an import or a record. The path must be in a folder that imports may read. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { FailureError } from '../domain/errors/failure.js';
import type { InspectionInput } from '../domain/process-names.js';
import type { Inspection } from '../images/inspection.js';
import type { ActivityDependencies } from './dependencies.js';

export function createInspectFile(deps: Pick<ActivityDependencies, 'inspect' | 'openFile'>) {
  return async function inspectFile({ path, role }: InspectionInput): Promise<Inspection> {
    try {
      const file = await deps.openFile(path);
      const signal = Context.current().cancellationSignal;
      return await deps.inspect(file, { role, signal }).finally(() => file.close());
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      const { failure } = error;
      throw ApplicationFailure.create({
        message: `${failure.code}: ${failure.message}`,
        type: failure.class,
        nonRetryable: failure.class === 'request',
        details: [failure],
      });
    }
  };
}
