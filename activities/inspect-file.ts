/** An inspection without an import or a record. The path must be in a folder that imports may read. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import { FailureError } from '../domain/errors/failure.js';
import { fail } from '../domain/errors/index.js';
import type { InspectionInput } from '../domain/process-names.js';
import type { Inspection } from '../images/inspection.js';
import type { ActivityDependencies } from './dependencies.js';

/** Below the time limit of the activity, so that the API client gets the reason. */
const LIMIT_MS = 80_000;

export function createInspectFile(deps: Pick<ActivityDependencies, 'inspect' | 'openFile'>) {
  return async function inspectFile({ path, role }: InspectionInput): Promise<Inspection> {
    try {
      const file = await deps.openFile(path);
      const overdue = new AbortController();
      const timer = setTimeout(() => overdue.abort(tooSlow(path)), LIMIT_MS);
      const signal = AbortSignal.any([Context.current().cancellationSignal, overdue.signal]);
      return await deps.inspect(file, { role, signal }).finally(() => {
        clearTimeout(timer);
        return file.close();
      });
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      const { failure } = error;
      throw ApplicationFailure.create({
        message: `${failure.code}: ${failure.message}`,
        type: failure.class,
        nonRetryable: failure.class === 'request' || failure.code === 'Host.TooSlow',
        details: [failure],
      });
    }
  };
}

function tooSlow(path: string): FailureError {
  return fail('Host.TooSlow', `The inspection of ${path} was not finished after ${LIMIT_MS / 1000} s`);
}
